from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance.strategies import STAMP, TYPES, dimension_of, rows
from watchdown.validation.check import Check, Checked
from watchdown.validation.quarantine import mended, read, read_file, read_rows, to_jsonl
from watchdown_schemas.errors import RecordInvalid
from watchdown_schemas.faults import Fault
from watchdown_schemas.record import Record, TemporalSpatial
from watchdown_schemas.rows import from_rows
from watchdown_schemas.types import DialogueLine, Embedding, Label

DURATION = 1000
SOUND = {"start_ns": 0, "end_ns": 1, "label": "car"}


def refuse(schema: type[Record], given: list[Any], path: Path) -> Checked:
    """Check rows and write the refused ones to a quarantine file."""
    converted = from_rows(schema, given, STAMP, dimension_of(schema))
    checked = Check(schema, DURATION)(converted.batch, converted.faults)
    pq.write_table(pa.Table.from_batches([checked.refused]), path)
    return checked


def refuse_all(schema: type[Record], given: list[Any], path: Path) -> pa.RecordBatch:
    """Write all rows to a quarantine file, whatever they are; return the batch that they were."""
    converted = from_rows(schema, given, STAMP, dimension_of(schema))
    faults = [Fault(row, "label", "x", "is refused here") for row in range(len(given))]
    refused = Check(schema, DURATION)(converted.batch, faults).refused
    pq.write_table(pa.Table.from_batches([refused]), path)
    return converted.batch


@pytest.mark.parametrize("schema", TYPES.values(), ids=TYPES)
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_refused_rows_can_be_written_again_by_each_way_out_of_quarantine(
    schema: type[Record], data: st.DataObject, tmp_path: Path
) -> None:
    path, lines = tmp_path / "refused.parquet", tmp_path / "refused.jsonl"
    batch = refuse_all(schema, data.draw(rows(schema, max_size=4)), path)
    assert to_jsonl(path, lines) == batch.num_rows
    for again in (
        mended(read_file(lines), schema),
        mended(read_file(path), schema),
        mended(read_rows(path), schema),
    ):
        converted = from_rows(schema, again, STAMP, dimension_of(schema))
        assert converted.faults == []
        assert converted.batch == batch


def test_a_table_of_refused_rows_has_their_own_columns_and_what_is_told_of_them(tmp_path: Path) -> None:
    lines = [{"start_ns": at, "end_ns": at, "line": at, "text": "Hello there"} for at in range(3)]
    checked = refuse(DialogueLine, lines, tmp_path / "refused.parquet")
    table = read(tmp_path / "refused.parquet")
    assert table.column_names == [
        name for name in checked.refused.schema.names if name not in ("text_words", "text_stems")
    ]
    assert table.column_names[-3:] == ["row", "reasons", "faults"]
    assert table["row"].to_pylist() == [0, 1, 2]
    assert table["text"].to_pylist() == ["Hello there"] * 3


def test_a_row_of_json_says_where_it_stood_and_what_is_wrong_with_it(tmp_path: Path) -> None:
    path, out = tmp_path / "refused.parquet", tmp_path / "refused.jsonl"
    aired = datetime(2024, 5, 1, 12, 0, 0, 250_000, UTC)
    bad = {
        **SOUND,
        "start_ns": 5,
        "confidence": math.nan,
        "attributes": {"aired": aired, "année": 1.5, "é": "ü"},
    }
    refuse(Label, [SOUND, bad], path)
    to_jsonl(path, out)
    text = out.read_text("utf-8")
    (row,) = map(json.loads, text.splitlines())
    assert "année" in text
    assert row["row"] == 1
    assert row["_faults"] == [
        {"field": "confidence", "value": "nan", "rule": "is not in [0, 1]"},
        {"field": "end_ns", "value": "1", "rule": "does not come after start_ns"},
    ]
    assert row["attributes"] == {"aired": {"time": "2024-05-01T12:00:00.250000Z"}, "année": 1.5, "é": "ü"}
    assert (row["type"], row["title"], row["confidence"]) == ("Label.2", "t", "NaN")
    assert [row] == read_rows(path)


def test_a_mended_row_passes(tmp_path: Path) -> None:
    path, out = tmp_path / "refused.parquet", tmp_path / "refused.jsonl"
    refuse(Label, [{**SOUND, "end_ns": "soon", "hue": 3}, {**SOUND, "end_ns": 0}], path)
    to_jsonl(path, out)
    some = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    for at, row in enumerate(some):
        row |= {"start_ns": at, "end_ns": at + 1, "confidence": 1, "_note": "looked at"}
    out.write_text("\ufeff" + "\r\n\r\n".join(map(json.dumps, some)), "utf-8")
    converted = from_rows(Label, mended(read_file(out), Label), STAMP)
    checked = Check(Label, DURATION)(converted.batch, converted.faults)
    assert checked.faults == ()
    assert checked.good["start_ns"].to_pylist() == [0, 1]


def test_what_is_not_mended_is_refused_for_the_same_faults_again(tmp_path: Path) -> None:
    strange = [
        {**SOUND, "confidence": math.inf, "attributes": {"score": -math.inf, "NaN": "NaN"}},
        {**SOUND, "start_ns": -1, "entities": ["ada"]},
        {**SOUND, "attributes": [{"name": "a", "keyword": "x"}, {"name": "a", "number": math.nan}]},
        {**SOUND, "attributes": [{"name": "a", "keyword": "x", "time": 5}, {"name": "b"}]},
        {**SOUND, "start_ns": 7, "end_ns": 7, "attributes": [{"name": "a", "time": 1}]},
    ]
    path, again, out = tmp_path / "1.parquet", tmp_path / "2.parquet", tmp_path / "1.jsonl"
    first = refuse(Label, strange, path)
    assert first.refused.num_rows == len(strange)
    to_jsonl(path, out)
    second = refuse(Label, mended(read_file(out), Label), again)
    assert second.faults == first.faults
    assert repr(second.refused.to_pylist()) == repr(first.refused.to_pylist())


def test_vectors_keep_numbers_that_json_cannot_write(tmp_path: Path) -> None:
    vector = [math.nan, math.inf, -math.inf, 0.1]
    path, out = tmp_path / "refused.parquet", tmp_path / "refused.jsonl"
    refuse(Embedding, [{"start_ns": 0, "end_ns": 1, "vector": vector}], path)
    to_jsonl(path, out)
    (row,) = mended(read_file(out), Embedding)
    assert repr(row["vector"]) == "[nan, inf, -inf, 0.10000000149011612]"


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b'{"start_ns": 0}\n\n{"start_ns": \n', r"line 3: is no JSON \(Expecting value"),
        (b'{"start_ns": 0}\n[1]\n', "line 2: is no JSON object"),
        (b'{"label": "\xff"}', "line 1: is no JSON .*decode"),
        (b"[" * 100_000, "line 1: is no JSON"),
    ],
    ids=["cut", "list", "no UTF-8", "nested"],
)
def test_a_line_that_is_no_row_is_an_error_that_names_it(content: bytes, cause: str, tmp_path: Path) -> None:
    (tmp_path / "mended.jsonl").write_bytes(content)
    with pytest.raises(RecordInvalid, match=cause):
        mended(read_file(tmp_path / "mended.jsonl"), Label)


@pytest.mark.parametrize(
    "attributes",
    [{"aired": {"time": "yesterday"}}, {"aired": {"time": "2024-05-01T12:00:00"}}, {"a": {"b": 1}}, ["a"], 5],
    ids=str,
)
def test_attributes_that_are_none_are_left_for_conversion_to_tell(attributes: Any) -> None:
    converted = from_rows(Label, mended([{**SOUND, "attributes": attributes}], Label), STAMP)
    assert [(fault.row, fault.field) for fault in converted.faults] == [(0, "attributes")]


class Sighting(TemporalSpatial):
    """Second version of a type that once had another name for its field."""

    schema_version: ClassVar[int] = 2
    upgrades: ClassVar[Any] = {1: lambda row: {"animal": row["beast"], "beast": None}}

    animal: str


@pytest.mark.parametrize("label", ["Sighting.1", "Sighting.2", "Sighting.3", "Other.1", None, "odd"])
def test_only_rows_of_an_earlier_version_are_upgraded(label: str | None) -> None:
    (row,) = mended([{"type": label, "beast": "cat", "start_ns": 0, "_faults": []}], Sighting)
    assert (row.get("animal") == "cat") == (label == "Sighting.1")
    assert row["type"] == ("Sighting.2" if label == "Sighting.1" else label)
