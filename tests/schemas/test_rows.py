from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.strategies import DIMENSION, STAMP, TYPES, columns_of, dimension_of, key_of, row, rows
from watchdown_schemas.arrow import arrow_schema
from watchdown_schemas.columns import from_columns
from watchdown_schemas.errors import RecordInvalid
from watchdown_schemas.faults import Fault
from watchdown_schemas.fields import fields
from watchdown_schemas.ids import record_id
from watchdown_schemas.reading import to_rows
from watchdown_schemas.record import AlgorithmOutput, Record
from watchdown_schemas.rows import from_rows, to_arrow
from watchdown_schemas.types import Embedding, Label, Shot

some = settings(max_examples=20)  # for each type
every_type = pytest.mark.parametrize("schema", TYPES.values(), ids=TYPES)


def stamped(schema: type[Record]) -> dict[str, Any]:
    """Return what the runtime writes into each row, its id aside."""
    found = {"type": schema.schema_label(), "run": 7, "title": "t", "timeline": "t.1", "asset": "video"}
    if issubclass(schema, AlgorithmOutput):
        found |= {"algorithm": "drawn", "version": "1.2.3"}
    return found


@every_type
@some
@given(data=st.data())
def test_rows_come_back_from_arrow_as_they_were_given(schema: type[Record], data: st.DataObject) -> None:
    drawn = data.draw(rows(schema))
    converted = from_rows(schema, drawn, STAMP, dimension_of(schema))
    assert converted.faults == []
    assert converted.batch.schema == arrow_schema(schema, dimension_of(schema))
    back = list(to_rows([converted.batch], schema))
    expected = [
        {**one, **stamped(schema), "id": record_id(7, schema.__name__, key_of(one, schema))} for one in drawn
    ]
    assert back == expected


@every_type
@some
@given(data=st.data())
def test_rows_and_columns_make_the_same_batch(schema: type[Record], data: st.DataObject) -> None:
    drawn = data.draw(rows(schema))
    by_row = from_rows(schema, drawn, STAMP, dimension_of(schema))
    given_columns = columns_of(drawn)
    by_column = from_columns(schema, given_columns, STAMP, dimension_of(schema), rows=len(drawn))
    assert by_column == by_row
    arrow = {name: by_row.batch[name] for name in given_columns}
    assert from_columns(schema, arrow, STAMP, dimension_of(schema), rows=len(drawn)) == by_row


@every_type
@some
@given(data=st.data())
def test_records_and_mappings_make_the_same_batch(schema: type[Record], data: st.DataObject) -> None:
    drawn = data.draw(rows(schema, max_size=3))
    lists = [field.name for field in fields(schema) if field.many]
    tuples = [{name: tuple(one[name]) for name in lists if one[name] is not None} for one in drawn]
    records = [schema.model_validate(one | held) for one, held in zip(drawn, tuples, strict=True)]
    assert from_rows(schema, records, STAMP, dimension_of(schema)) == from_rows(
        schema, drawn, STAMP, dimension_of(schema)
    )


@pytest.mark.parametrize("length", [0, 3, 5])
def test_a_vector_of_the_wrong_length_is_a_fault_and_the_row_beside_it_is_unharmed(length: int) -> None:
    records = [Embedding(start_ns=0, end_ns=1, vector=[1.0, 0, 0, 0])]
    records.append(Embedding(start_ns=1, end_ns=2, vector=[0.5] * length))
    fault = Fault(1, "vector", f"has {length} numbers", "is not 4 numbers")
    converted = from_rows(Embedding, records, STAMP, DIMENSION)
    assert converted.faults == [fault]
    assert converted.batch["vector"].to_pylist() == [[1, 0, 0, 0], None]
    with pytest.raises(RecordInvalid, match=rf"^Embedding\.2 row 1: vector is not 4 numbers \(has {length}"):
        to_arrow(records, Embedding, STAMP, DIMENSION)


@pytest.mark.parametrize(
    "vector",
    [
        "1000",
        b"1000",
        5.0,
        {"a": 1},
        ["1", "0", "0", "0"],
        [None, 1, 0, 0],
        [[1, 0], [0, 0]],
        [[1], [0, 0]],
        [1j, 0, 0, 0],
        np.zeros((2, 2)),
        object(),
        range(3),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_vector_is_refused_and_the_rows_beside_it_are_unharmed(vector: Any) -> None:
    rows = [
        {"start_ns": 0, "end_ns": 1, "vector": [1.0, 0, 0, 0]},
        {"start_ns": 1, "end_ns": 2, "vector": vector},
        {"start_ns": 2, "end_ns": 3, "vector": np.array([0, 1, 0, 0], np.float16)},
    ]
    converted = from_rows(Embedding, rows, STAMP, DIMENSION)
    assert [(fault.row, fault.field, fault.rule) for fault in converted.faults] == [
        (1, "vector", "is not 4 numbers")
    ]
    assert converted.batch["vector"].to_pylist() == [[1, 0, 0, 0], None, [0, 1, 0, 0]]


def test_numbers_too_large_for_a_vector_become_infinite_for_validation_to_refuse() -> None:
    rows = [{"start_ns": 0, "end_ns": 1, "vector": [1e300, 0, 0, 0]}]
    converted = from_rows(Embedding, rows, STAMP, DIMENSION)
    assert converted.faults == []
    assert converted.batch["vector"].to_pylist() == [[np.inf, 0, 0, 0]]


SOUND = {"start_ns": 0, "end_ns": 1, "label": "car"}


@pytest.mark.parametrize(
    ("field", "value", "shown", "rule"),
    [
        ("start_ns", "soon", "'soon'", "is not a whole number of 64 bits"),
        ("start_ns", 1.0, "1.0", "is not a whole number of 64 bits"),
        ("start_ns", True, "True", "is not a whole number of 64 bits"),
        ("start_ns", 2**63, str(2**63), "is not a whole number of 64 bits"),
        ("confidence", "0.5", "'0.5'", "is not a number of 64 bits"),
        ("confidence", 2**53 + 1, str(2**53 + 1), "is not a number of 64 bits"),
        ("confidence", 10**400, "1" + "0" * 79 + "...", "is not a number of 64 bits"),
        ("label", 5, "5", "is not text"),
        ("label", b"car", "b'car'", "is not text"),
        ("label", "a\ud800b", r"'a\ud800b'", "is not text"),
        ("label", ["car"], "['car']", "is not text"),
        ("entities", "person:ada", "'person:ada'", "is not a list of text"),
        ("entities", {"person:ada"}, "{'person:ada'}", "is not a list of text"),
        ("entities", ["person:ada", 5], "['person:ada', 5]", "is not a list of text"),
        ("entities", 5, "5", "is not a list of text"),
        ("attributes", "year", "'year'", "is not a mapping of names to text, numbers or moments"),
        ("attributes", {"a": None}, "{'a': None}", "is not a mapping of names to text, numbers or moments"),
        ("attributes", {5: "a"}, "{5: 'a'}", "is not a mapping of names to text, numbers or moments"),
        ("attributes", {"a": [1]}, "{'a': [1]}", "is not a mapping of names to text, numbers or moments"),
        ("attributes", {"a": 2**70 + 1}, f"{{'a': {2**70 + 1}}}", "is not a mapping of names to text"),
        ("attributes", [{"keyword": "a"}], "[{'keyword': 'a'}]", "is not a mapping of names to text"),
        ("type", "Label.1", "'Label.1'", "is not Label.2, as the batch is"),
        ("type", "Shot.2", "'Shot.2'", "is not Label.2, as the batch is"),
        ("title", "other", "'other'", "is not t, where the rows are written"),
        ("timeline", "t.2", "'t.2'", "is not t.1, where the rows are written"),
        ("colour", "red", "'red'", "is no field of Label.2"),
    ],
)
def test_a_value_that_does_not_fit_is_a_fault_of_its_row_and_field(
    field: str, value: Any, shown: str, rule: str
) -> None:
    rows = [SOUND, {**SOUND, "start_ns": 1, field: value}, {**SOUND, "start_ns": 2}]
    converted = from_rows(Label, rows, STAMP)
    (fault,) = converted.faults
    assert (fault.row, fault.field, fault.value) == (1, field, shown)
    assert fault.rule.startswith(rule)
    alone = from_rows(Label, [rows[0], rows[2]], STAMP).batch
    assert converted.batch.take([0, 2]).equals(alone)


@pytest.mark.parametrize("strange", ["car", 5, None, ["start_ns", 0]], ids=str)
def test_what_is_no_row_is_a_fault(strange: Any) -> None:
    converted = from_rows(Label, [SOUND, strange], STAMP)
    assert [(fault.row, fault.field, fault.rule) for fault in converted.faults] == [
        (1, "row", "is no Label.2")
    ]
    assert converted.batch.num_rows == 2


def test_a_fault_is_one_short_line_however_long_the_value_and_whatever_the_name() -> None:
    rows = [
        {**SOUND, "co\nlour\ud800" + "x" * 1000: 1, "label": ["y" * 10_000_000], "start_ns": "z" * 10_000_000}
    ]
    for fault in from_rows(Label, rows, STAMP).faults:
        assert len(str(fault)) < 300
        assert str(fault).isprintable()


def test_a_missing_field_takes_its_default_or_is_null_for_validation_to_refuse() -> None:
    batch = from_rows(Shot, [{"start_ns": 0, "number": 1}, {"number": None}], STAMP).batch
    assert batch["start_ns"].to_pylist() == [0, None]
    assert batch["end_ns"].to_pylist() == [None, None]
    assert batch["number"].to_pylist() == [1, None]
    assert batch["entities"].to_pylist() == batch["attributes"].to_pylist() == [[], []]


@given(
    row(Label), st.integers(0, 3), st.lists(st.sampled_from(["start_ns", "label"]), unique=True, min_size=1)
)
def test_other_rows_are_unharmed_wherever_a_bad_one_stands(
    sound: dict[str, Any], place: int, broken: list[str]
) -> None:
    rows = [{**sound, "start_ns": at} for at in range(3)]
    with_bad = [*rows[:place], {**sound, **dict.fromkeys(broken, 1j)}, *rows[place:]]
    converted = from_rows(Label, with_bad, STAMP)
    assert sorted((fault.row, fault.field) for fault in converted.faults) == sorted(
        (place, name) for name in broken
    )
    others = [at for at in range(4) if at != place]
    assert converted.batch.take(pa.array(others)).equals(from_rows(Label, rows, STAMP).batch)
