"""Where the store is not the system of record, what published runs staged is, and stays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from conformance.storages import made, storage_code
from runs.algorithms import catalogue
from runs.libraries import SPOKEN, Library
from watchdown.runs.batch import Batch
from watchdown.runs.staged_records import StagedRecords
from watchdown.runs.staging import read_manifest, staged_files
from watchdown.runs.states import State
from watchdown.storage import keys
from watchdown.stores.lance.sink import LanceSink
from watchdown.stores.protocol import table_name
from watchdown_schemas.errors import StorageNotFound


@pytest.fixture(params=["local", "s3"])
def library(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Library]:
    """Give a library over a sink that is not the system of record: records are read from staging."""
    storage = made(storage_code(request.param, tmp_path, lambda: request.getfixturevalue("s3_server")))
    found = Library(tmp_path / "library", catalogue("Lines"), storage)
    sink = LanceSink(found.lake)
    sink.of_record = False
    found.sink = sink
    found.read_records = StagedRecords(storage).read_run
    found.speak()
    yield found
    found.database.close()


def plain(batches: Iterator[pa.RecordBatch]) -> list[dict[str, Any]]:
    rows = [row for batch in batches for row in batch.to_pylist()]
    return sorted(rows, key=lambda row: row["start_ns"])


def staged(library: Library) -> set[str]:
    return {stored.key for stored in library.storage.list(keys.STAGED)}


def kept(library: Library, run: int) -> set[str]:
    return {keys.manifest(run), *staged_files(read_manifest(library.storage, run)).values()}


def test_records_of_a_run_are_read_from_what_it_staged(library: Library) -> None:
    lines, loud = library.run()
    assert (lines.state, loud.state) == (State.ACTIVE, State.ACTIVE)
    for run, name in ((lines, "DialogueLine"), (loud, "Label")):
        read = plain(StagedRecords(library.storage).read_run(name, run.number))
        assert len(read) == 2
        stored = plain(library.lake.scan(table_name(name), run.number))
        assert [{name: row[name] for name in read[0]} for row in stored] == read
    assert plain(StagedRecords(library.storage).read_run("Label", lines.number)) == []
    with pytest.raises(StorageNotFound):
        list(StagedRecords(library.storage).read_run("Label", 99))


def test_what_published_runs_staged_stays_and_nothing_else(library: Library) -> None:
    library.storage.put(keys.attempt(1, "died") + "DialogueLine.parquet", b"an attempt that another outran")
    first = library.run()
    library.speak(SPOKEN.replace("curtain", "rope"), name="b.srt")
    second = library.run()
    numbers = [run.number for run in (*first, *second)]
    assert staged(library) == set().union(*(kept(library, number) for number in numbers))
    assert library.run() == []
    assert staged(library) == set().union(*(kept(library, number) for number in numbers))
    assert [stored.key for stored in library.storage.list(keys.BATCHES)] == []


def test_of_a_run_that_failed_or_was_held_back_nothing_stays(library: Library) -> None:
    for name, state in (("Torn", State.FAILED), ("Late", State.QUARANTINED)):
        library.algorithms = catalogue(name)
        assert [run.state for run in library.run()] == [state]
    assert staged(library) == set()
    (refused,) = [stored.key for stored in library.storage.list(keys.QUARANTINE)]
    assert refused.endswith("-DialogueLine.parquet")


def test_a_batch_is_written_once_and_read_by_its_id(library: Library) -> None:
    batch = Batch(id="b", items=())
    assert batch.write(library.storage) == "batches/b.json"
    assert batch.write(library.storage) == "batches/b.json"
    assert Batch.read(library.storage, "b") == batch
