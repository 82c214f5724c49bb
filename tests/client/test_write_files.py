"""Files that are written as runs: Parquet and JSON Lines, packed, in a bucket or from a pipe; bad ones."""

from __future__ import annotations

import gzip
import io
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from client.deployments import DEPLOYMENTS, deployed, entered
from client.libraries import SECOND, make, services
from client.written import written
from services.s3 import S3
from watchdown.client import Library, row_files
from watchdown_schemas.errors import NotFound, RecordInvalid, RunError, SchemaNotFound, WatchdownError

ROWS = [{"start_ns": at, "end_ns": at + 1, "label": "day", "confidence": 0.5} for at in range(25_000)]


@pytest.fixture(params=DEPLOYMENTS)
def anywhere(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Library]:
    with deployed(request, request.param, tmp_path) as place, entered(place, "heat") as made:
        yield made


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with make(tmp_path / "library", "heat") as made:
        yield made


def lines(rows: list[Any]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def jsonl(path: Path) -> None:
    path.write_bytes(b"\n" + lines(ROWS).replace(b"\n", b"\r\n", 1))


def packed(path: Path) -> None:
    path.write_bytes(gzip.compress(lines(ROWS)))


def parquet(path: Path) -> None:
    pq.write_table(pa.Table.from_pylist(ROWS), path, row_group_size=7_000)


@pytest.mark.feature(22)
@pytest.mark.parametrize("write", [jsonl, packed, parquet])
def test_one_call_makes_a_run_of_a_file(
    anywhere: Library, tmp_path: Path, write: Callable[[Path], None]
) -> None:
    file = tmp_path / "rows.any"
    write(file)
    ended = anywhere.writes.ingest(file, algorithm="finder", title="heat", schema_type="Label", version="2.1")
    assert (ended.state, ended.version, ended.counts) == ("active", "2.1", {"Label": len(ROWS)})
    assert anywhere.count("Label", where={"label": "day"}) == len(ROWS)
    assert anywhere.show("heat").counts == {"Label": len(ROWS)}


@pytest.mark.parametrize("write", [jsonl, packed, parquet])
def test_a_file_in_a_bucket_is_read_where_it_lies(
    request: pytest.FixtureRequest, s3_server: S3, tmp_path: Path, write: Callable[[Path], None]
) -> None:
    write(tmp_path / "rows")
    bucket = s3_server.new_bucket()
    s3_server.client().upload_file(str(tmp_path / "rows"), bucket, "made/rows")
    with deployed(request, "servers", tmp_path) as place, entered(place, "heat") as library:
        slot = {"algorithm": "finder", "title": "heat", "schema_type": "Label"}
        ended = library.writes.ingest(f"s3://{bucket}/made/rows", **slot)
        assert ended.counts == {"Label": len(ROWS)}
        with pytest.raises(NotFound, match=r"made/other: is not there"):
            library.writes.ingest(f"s3://{bucket}/made/other", **slot)


def test_lines_are_read_from_a_stream_and_from_a_pipe(library: Library, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    filling = Thread(target=pipe.write_bytes, args=(lines(ROWS[:10]),))
    filling.start()
    with library.writes.run("finder", "heat") as run:
        run.append("Label", pipe)
        run.append("Label", io.BytesIO(lines(ROWS[10:20])))
        run.append("Label", io.BytesIO(gzip.compress(lines(ROWS[20:30]))))
    filling.join()
    assert library.count("Label") == 30


def test_what_json_cannot_say_is_written_as_quarantine_shows_it(library: Library) -> None:
    row = ROWS[0] | {"attributes": {"seen": {"time": "2024-05-01T12:00:00Z"}, "scale": 2, "of": "roof"}}
    with library.writes.run("finder", "heat") as run:
        run.append("Label", io.BytesIO(lines([row])))
    [found] = library.records("Label")
    assert {name: str(value) for name, value in found.attributes.items()} == {
        "seen": "2024-05-01 12:00:00+00:00",
        "scale": "2.0",
        "of": "roof",
    }


@pytest.mark.parametrize("content", [b"", b"\n\n", gzip.compress(b"")])
def test_an_empty_file_makes_an_empty_run(library: Library, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "rows").write_bytes(content)
    slot = {"algorithm": "finder", "title": "heat", "schema_type": "Label"}
    ended = library.writes.ingest(tmp_path / "rows", **slot)
    assert (ended.state, ended.counts) == ("active", {"Label": 0})


def strange_columns(path: Path) -> None:
    pq.write_table(pa.table({"start": [1], "label": ["x"]}), path)


def texts_for_times(path: Path) -> None:
    pq.write_table(pa.table({"start_ns": ["x"], "end_ns": ["y"], "label": ["x"], "confidence": [1.0]}), path)


def cut_off(path: Path) -> None:
    parquet(path)
    path.write_bytes(path.read_bytes()[:-100])


def overwritten(path: Path) -> None:
    parquet(path)
    whole = bytearray(path.read_bytes())
    whole[200:20_000] = bytes(19_800)
    path.write_bytes(whole)


BAD_FILES: list[tuple[Callable[[Path], object], str]] = [
    (str, "rows: is no file"),
    (lambda path: path.mkdir(), "rows: is a folder"),
    (lambda path: path.write_bytes(lines(ROWS[:6]) + b"{oops\n"), "rows line 7: is no JSON"),
    (lambda path: path.write_bytes(b"\n" + lines([ROWS[:1]])), "rows line 2: is no JSON object"),
    (lambda path: path.write_bytes(lines(ROWS[:1]) + b"\xff\xfe{}\n"), "rows line 2: is no JSON"),
    (lambda path: path.write_bytes(b"[" * 100_000), "rows line 1: is no JSON"),
    (lambda path: path.write_bytes(b'{"a": ' + b"9" * 5_000 + b"}"), "rows line 1: is no JSON"),
    (lambda path: path.write_bytes(b"x" * (row_files.LONGEST + 1)), "rows line 1: is longer than 16 MiB"),
    (lambda path: path.write_bytes(gzip.compress(lines(ROWS))[:-2_000]), "is no sound gzip"),
    (lambda path: path.write_bytes(b"\x1f\x8bno"), "rows line 1: is no sound gzip"),
    (strange_columns, "has no field start"),
    (texts_for_times, "start_ns"),
    (cut_off, "rows: is no sound Parquet file"),
    (overwritten, "rows: is no sound Parquet file"),
    (lambda path: path.write_bytes(b"PAR1"), "rows: is no sound Parquet file"),
]


@pytest.mark.parametrize(("write", "told"), BAD_FILES)
def test_a_bad_file_is_refused_whole_with_its_place_named(
    library: Library, tmp_path: Path, write: Callable[[Path], object], told: str
) -> None:
    write(tmp_path / "rows")
    run = library.writes.start("finder", "heat")
    before = written(library)
    with pytest.raises(WatchdownError, match=told):
        library.writes.append(run, "Label", tmp_path / "rows")
    assert written(library) == before
    assert library.writes.append(run, "Label", ROWS[:2]).rows == 2
    assert library.writes.finish(run).counts == {"Label": 2}


def test_a_file_that_is_ingested_and_bad_leaves_no_run_open(library: Library, tmp_path: Path) -> None:
    slot = {"algorithm": "finder", "title": "heat", "schema_type": "Label"}
    with pytest.raises(NotFound, match="is no file"):
        library.writes.ingest(tmp_path / "rows", **slot)
    assert (library.writes.list(), written(library)) == ([], [])


BAD_ROWS: list[tuple[str, dict[str, Any], str]] = [
    ("Label", {"confidence": 0.5}, "label is missing"),
    ("Label", ROWS[0] | {"label": None}, "label is missing"),
    ("Label", ROWS[0] | {"colour": "red"}, "colour is no field of Label"),
    ("Label", ROWS[0] | {"start_ns": 5, "end_ns": 4}, "end_ns"),
    ("Label", ROWS[0] | {"start_ns": "soon"}, "start_ns is not a whole number"),
    ("Label", ROWS[0] | {"end_ns": 101 * SECOND}, "end_ns"),
    ("Label", ROWS[0] | {"confidence": "NaN"}, "confidence"),
    ("Label", ROWS[0] | {"title": "rain"}, "title is not heat"),
    ("Label", ROWS[0] | {"type": "Shot"}, "type is not Label"),
    ("Embedding", {"start_ns": 0, "end_ns": 1, "vector": [1.0, 0.0, 0.0]}, "vector"),
    ("Embedding", {"start_ns": 0, "end_ns": 1, "vector": [1.0, "NaN"]}, "vector"),
    ("Embedding", {"start_ns": 0, "end_ns": 1, "vector": "none"}, "vector"),
]


@pytest.mark.parametrize(("schema", "row", "told"), BAD_ROWS)
def test_a_bad_row_is_refused_alone_and_told(
    library: Library, schema: str, row: dict[str, Any], told: str
) -> None:
    good = {"Label": ROWS[1], "Embedding": {"start_ns": 1, "end_ns": 2, "vector": [1.0, 0.0]}}
    run = library.writes.start("finder", "heat", model="m", tolerance=0.5)
    found = library.writes.append(run, schema, io.BytesIO(lines([good[schema], row])))
    assert (found.rows, found.refused) == (1, 1)
    assert told in found.faults[0]
    assert library.writes.finish(run).state == "active"


def test_what_cannot_be_written_into_is_named(library: Library) -> None:
    writes = library.writes
    run = writes.start("finder", "heat")
    refused: list[tuple[Callable[[], object], type[WatchdownError], str]] = [
        (lambda: writes.start("finder", "cold"), NotFound, "cold: is no title here"),
        (lambda: writes.start("", "heat"), RecordInvalid, "names the algorithm ''"),
        (lambda: writes.start("a/b", "heat"), RecordInvalid, "names the algorithm 'a/b'"),
        (lambda: writes.start("notes", "heat"), RecordInvalid, "people's notes"),
        (lambda: writes.start("finder", "heat", version="1 0"), RecordInvalid, "names the version"),
        (lambda: writes.start("finder", "heat", types=["Lable"]), SchemaNotFound, "Lable"),
        (lambda: writes.start("finder", "heat", types=["Embedding"]), RecordInvalid, "no model is named"),
        (lambda: writes.start("finder", "heat", tolerance=2), RunError, "no share of the rows"),
        (lambda: writes.append(run, "Lable", ROWS), SchemaNotFound, "Lable"),
        (lambda: writes.append(run, "Embedding", []), RecordInvalid, "no model is named"),
        (lambda: writes.append(run, "Label", ROWS, part="../x"), RecordInvalid, "a part named"),
        (lambda: writes.append(run, "Label", ROWS[0]), RecordInvalid, "given one row"),
        (lambda: writes.append(run, "Label", 7), RecordInvalid, "is given int"),  # type: ignore[arg-type]
        (lambda: writes.append(run + 1, "Label", ROWS), NotFound, "is no run here"),
        (lambda: writes.finish(run + 1), NotFound, "is no run here"),
        (lambda: writes.cancel(run + 1), NotFound, "is no run here"),
    ]
    for call, kind, told in refused:
        with pytest.raises(kind, match=told):
            call()
    assert [one.number for one in library.runs()] == [run]
    assert written(library) == [f"staged/{run}/opened.json"]


def test_many_rows_are_read_a_few_at_a_time(library: Library, tmp_path: Path) -> None:
    told: list[int] = []
    for write in (jsonl, packed, parquet):
        write(tmp_path / "rows")
        run = library.writes.start("finder", "heat")
        library.writes.append(run, "Label", tmp_path / "rows", report=lambda _doing, rows: told.append(rows))
        library.writes.finish(run, report=lambda doing, rows: doing == "gathering" and told.append(rows))
    steps = [after - before for before, after in zip([0, *told], told, strict=False) if after > before]
    assert max(steps) <= 10_000
    assert services(library).ledger.view().epoch == 3
