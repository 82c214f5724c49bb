from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from watchdown.runs.staging import Staging, finished, read_manifest, refused_files, staged_files
from watchdown.storage.local import LocalStorage
from watchdown.storage.protocol import Storage
from watchdown.validation.check import Check
from watchdown_schemas.columns import Stamp
from watchdown_schemas.errors import StorageNotFound
from watchdown_schemas.rows import to_arrow
from watchdown_schemas.types import Label


def batch(run: int, *starts: int, title: str = "t") -> pa.RecordBatch:
    """Return labels of one nanosecond on a timeline of a hundred; others are bad."""
    stamp = Stamp(run=run, title=title, timeline="t.1", asset="a", algorithm="x", version="1.0.0")
    return to_arrow([Label(start_ns=at, end_ns=at + 1, label="bright") for at in starts], Label, stamp)


def stage(storage: Storage, run: int, *batches: pa.RecordBatch) -> Staging:
    """Stage batches as one attempt at a run."""
    staging, check = Staging(storage, run), Check(Label, 100)
    staging.expect("Label")
    for one in batches:
        staging.write("Label", check(one))
    return staging


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return LocalStorage(tmp_path)


def test_good_rows_and_refused_rows_are_written_apart(storage: Storage) -> None:
    manifest = stage(storage, 1, batch(1, 5, 500), batch(1, 6, 600, 700)).commit()
    assert (manifest.counts, manifest.refused, manifest.error) == ({"Label": 2}, {"Label": 3}, None)
    assert read_manifest(storage, 1) == manifest
    good, refused = (
        pq.read_table(pa.BufferReader(storage.read(files(manifest)["Label"])))
        for files in (staged_files, refused_files)
    )
    assert good["start_ns"].to_pylist() == [5, 6]
    assert refused["start_ns"].to_pylist() == [500, 600, 700]
    assert good.schema == batch(1).schema
    assert refused.schema.names == [*batch(1).schema.names, "row", "reasons", "faults"]


def test_an_empty_run_has_a_manifest_and_no_files(storage: Storage) -> None:
    manifest = stage(storage, 1).commit()
    assert (manifest.counts, manifest.refused) == ({"Label": 0}, {})
    assert staged_files(manifest) == {}


def test_the_first_attempt_to_finish_counts(storage: Storage) -> None:
    slow, quick = stage(storage, 1, batch(1, 5)), stage(storage, 1, batch(1, 5, 6))
    first = quick.commit()
    assert slow.commit() == first == read_manifest(storage, 1)
    assert first.counts == {"Label": 2}


def test_nothing_counts_before_it_is_committed(storage: Storage) -> None:
    staging = stage(storage, 1, batch(1, 5))
    assert not finished(storage, 1)
    assert list(storage.list()) == []
    with pytest.raises(StorageNotFound):
        read_manifest(storage, 1)
    staging.discard()


def test_a_discarded_attempt_leaves_nothing_and_others_untouched(storage: Storage) -> None:
    kept = stage(storage, 1, batch(1, 5))
    manifest = kept.commit()
    stage(storage, 1, batch(1, 6)).discard()
    left = [stored.key for stored in storage.list("staged/1/")]
    assert left == [*staged_files(manifest).values(), "staged/1/manifest.json"]


def test_an_error_and_warnings_are_in_the_manifest(storage: Storage) -> None:
    staging = stage(storage, 1, batch(1, 5))
    staging.warnings.append("odd")
    assert staging.commit("it broke") == read_manifest(storage, 1)
    assert (read_manifest(storage, 1).error, read_manifest(storage, 1).warnings) == (
        "it broke",
        ("odd",),
    )


def test_the_content_hash_depends_on_rows_and_not_on_the_run(storage: Storage) -> None:
    def content(run: int, *batches: pa.RecordBatch) -> str | None:
        return stage(storage, run, *batches).commit().content

    first = content(1, batch(1, 5, 6), batch(1, 7))
    assert content(2, batch(2, 5, 6), batch(2, 7)) == first
    assert content(3, batch(3, 5, 6, 500), batch(3, 7)) == first
    others = [content(4, batch(4, 5, 6)), content(5, batch(5, 5, 6), batch(5, 8)), content(6)]
    others.append(content(7, batch(7, 5, 6, title="u"), batch(7, 7, title="u")))
    assert len({first, *others}) == 5


class Ended(BaseException):
    """The process is asked to end."""


@pytest.mark.parametrize("before", [True, False])
def test_an_attempt_that_is_ended_while_it_enters_itself_keeps_its_rows(
    storage: Storage, monkeypatch: pytest.MonkeyPatch, *, before: bool
) -> None:
    attempt, real = stage(storage, 1, batch(1, 5)), storage.put_new

    def ended(key: str, data: bytes) -> bool:
        if not before:
            real(key, data)
        raise Ended

    monkeypatch.setattr(storage, "put_new", ended)
    with pytest.raises(Ended):
        attempt.commit()
    attempt.discard()
    monkeypatch.undo()
    manifest = stage(storage, 1, batch(1, 5, 6)).commit()  # the next attempt
    assert manifest.counts == {"Label": 2 if before else 1}
    [key] = staged_files(manifest).values()
    assert pq.read_table(pa.BufferReader(storage.read(key))).num_rows == manifest.counts["Label"]
