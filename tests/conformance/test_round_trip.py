"""Records of every type come back as they were given: from JSON, from Parquet, and from each store."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance.stores import opened, view
from conformance.strategies import STAMP, TYPES, dimension_of, rows
from watchdown_schemas.fields import fields
from watchdown_schemas.reading import to_record, to_rows
from watchdown_schemas.record import Record
from watchdown_schemas.rows import from_rows

MODEL = "model"


def written(given_rows: Sequence[dict[str, Any]], schema: type[Record]) -> pa.RecordBatch:
    converted = from_rows(schema, given_rows, STAMP, dimension_of(schema))
    assert converted.faults == []
    return converted.batch


def own(row: dict[str, Any], schema: type[Record]) -> dict[str, Any]:
    """Return what a person gave of a row, lists as lists."""
    return {
        field.name: list(row[field.name] or ()) if field.many and not field.optional else row[field.name]
        for field in fields(schema)
        if not field.stamped
    }


def ordered(found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(found, key=lambda row: str(row["id"]))


@pytest.mark.parametrize("schema", TYPES.values(), ids=TYPES)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_records_come_back_from_json(schema: type[Record], data: st.DataObject) -> None:
    for row in to_rows([written(data.draw(rows(schema)), schema)], schema):
        record = to_record(row, schema)
        assert (
            schema.model_validate_json(record.model_dump_json()).model_dump_json() == record.model_dump_json()
        )


@pytest.mark.parametrize("schema", TYPES.values(), ids=TYPES)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_records_come_back_from_parquet(schema: type[Record], data: st.DataObject) -> None:
    batch = written(data.draw(rows(schema)), schema)
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_batches([batch]), sink)
    table = pq.read_table(pa.BufferReader(sink.getvalue()))
    assert table.schema == batch.schema
    assert list(to_rows(table.to_batches(), schema)) == list(to_rows([batch], schema))


@pytest.mark.parametrize("store", ["memory", "lance", "opensearch"])
@pytest.mark.parametrize("schema", TYPES.values(), ids=TYPES)
@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_records_come_back_from_a_store(
    request: pytest.FixtureRequest, store: str, schema: type[Record], data: st.DataObject
) -> None:
    drawn = data.draw(rows(schema, min_size=1))
    batch = written(drawn, schema)
    with tempfile.TemporaryDirectory() as folder, opened(request, Path(folder), TYPES, store) as kept:
        reader = pa.RecordBatchReader.from_batches(batch.schema, [batch])
        kept.sink.write([STAMP.run], schema, reader, model=MODEL if dimension_of(schema) else None)
        batches = kept.searcher.scan(
            schema.__name__, view([STAMP.run]), snapshot=kept.searcher.snapshot(view([STAMP.run])), model=None
        )
        found = ordered(list(to_rows(batches, schema)))
    expected = ordered(list(to_rows([batch], schema)))
    assert [own(row, schema) for row in found] == [own(row, schema) for row in expected]
    assert [row["type"] for row in found] == [schema.schema_label()] * len(drawn)
