from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance import strategies
from conformance.filters import CUSTOM, DIMENSION, rows_of
from conformance.strategies import STAMP, Everything
from watchdown.stores.packing import pack
from watchdown.stores.shared import shared_schema
from watchdown.stores.unpacking import unpack
from watchdown_schemas.fields import has_vector
from watchdown_schemas.record import Record
from watchdown_schemas.rows import from_rows


def returned(batch: pa.RecordBatch, schema: type[Record]) -> pa.RecordBatch:
    return unpack(pack(batch, schema), schema, batch.schema.names)


@given(strategies.rows(Everything))
def test_any_row_comes_back_from_the_shared_layout_as_it_was(rows: list[strategies.Row]) -> None:
    converted = from_rows(Everything, rows, STAMP, strategies.DIMENSION)
    again = returned(converted.batch, Everything)
    assert again.schema.equals(converted.batch.schema)
    assert again.to_pylist() == converted.batch.to_pylist()


@pytest.mark.parametrize("schema", CUSTOM)
@given(data=st.data())
def test_parts_of_a_batch_come_back_too(schema: type[Record], data: st.DataObject) -> None:
    batch = rows_of(schema, 1, 12, seed=data.draw(st.integers(0, 99)))
    start = data.draw(st.integers(0, 12))
    part = batch.slice(start, data.draw(st.integers(0, 12 - start)))
    assert repr(returned(part, schema).to_pylist()) == repr(part.to_pylist())
    packed = pack(batch, schema).slice(start, part.num_rows)
    assert repr(unpack(packed, schema, part.schema.names).to_pylist()) == repr(part.to_pylist())


def test_every_type_has_the_same_columns() -> None:
    for schema in CUSTOM:
        expected = shared_schema(DIMENSION if has_vector(schema) else None)
        assert pack(rows_of(schema, 1, 3), schema).schema.equals(expected)
