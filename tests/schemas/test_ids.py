from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchdown_schemas.ids import record_id, record_ids

VALUES = {
    "text": (pa.string(), st.text()),
    "ascii": (pa.string(), st.text(st.characters(codec="ascii"))),
    "whole": (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    "number": (pa.float64(), st.floats()),
    "truth": (pa.bool_(), st.booleans()),
}


@given(st.data(), st.integers(0, 2**63 - 1), st.text(max_size=5))
def test_ids_of_columns_are_those_of_their_rows(data: st.DataObject, run: int, schema: str) -> None:
    kinds = data.draw(st.lists(st.sampled_from(sorted(VALUES)), max_size=3))
    columns = [(VALUES[kind][0], st.one_of(st.none(), VALUES[kind][1])) for kind in kinds]
    keys = data.draw(st.lists(st.tuples(*(values for _type, values in columns)), max_size=5))
    skipped = data.draw(st.integers(0, len(keys)))
    arrays = [
        pa.array([key[place] for key in keys], kind).slice(skipped)
        for place, (kind, _values) in enumerate(columns)
    ]
    found = record_ids(run, schema, arrays, len(keys) - skipped)
    found.validate(full=True)
    assert found.to_pylist() == [record_id(run, schema, key) for key in keys[skipped:]]


@pytest.mark.parametrize("rows", [0, 1, 16_383, 16_384, 16_385, 40_000])
def test_any_number_of_rows_has_as_many_ids(rows: int) -> None:
    found = record_ids(1, "Shot", [pa.array(range(rows), pa.int64())], rows).to_pylist()
    assert len(found) == len(set(found)) == rows
    assert found[:1] + found[-1:] == [record_id(1, "Shot", (at,)) for at in (0, rows - 1) if rows]
