from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from watchdown.folder import Folder
from watchdown.runs.staging import Staging, read_manifest, refused_files, staged_files
from watchdown.validation.check import Check
from watchdown_schemas.columns import Stamp
from watchdown_schemas.rows import to_arrow
from watchdown_schemas.types import Label


def batch(run: int, *starts: int, title: str = "t") -> pa.RecordBatch:
    """Return labels of one nanosecond on a timeline of a hundred; others are bad."""
    stamp = Stamp(run=run, title=title, timeline="t.1", asset="a", algorithm="x", version="1.0.0")
    return to_arrow([Label(start_ns=at, end_ns=at + 1, label="bright") for at in starts], Label, stamp)


def stage(folder: Folder, run: int, *batches: pa.RecordBatch) -> Staging:
    """Stage batches as one attempt at a run."""
    staging, check = Staging(folder, run), Check(Label, 100)
    staging.expect("Label")
    for one in batches:
        staging.write("Label", check(one))
    return staging


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_good_rows_and_refused_rows_are_written_apart(folder: Folder) -> None:
    manifest = stage(folder, 1, batch(1, 5, 500), batch(1, 6, 600, 700)).commit()
    assert (manifest.counts, manifest.refused, manifest.error) == ({"Label": 2}, {"Label": 3}, None)
    home = folder.staged(1)
    assert read_manifest(home) == manifest
    good, refused = staged_files(home, manifest)["Label"], refused_files(home, manifest)["Label"]
    assert pq.read_table(good)["start_ns"].to_pylist() == [5, 6]
    assert pq.read_table(refused)["start_ns"].to_pylist() == [500, 600, 700]
    assert pq.read_schema(good) == batch(1).schema
    assert pq.read_schema(refused).names == [*batch(1).schema.names, "row", "reasons", "faults"]


def test_an_empty_run_has_a_manifest_and_no_files(folder: Folder) -> None:
    manifest = stage(folder, 1).commit()
    assert (manifest.counts, manifest.refused) == ({"Label": 0}, {})
    assert staged_files(folder.staged(1), manifest) == {}


def test_the_first_attempt_to_finish_counts(folder: Folder) -> None:
    slow, quick = stage(folder, 1, batch(1, 5)), stage(folder, 1, batch(1, 5, 6))
    first = quick.commit()
    assert slow.commit() == first == read_manifest(folder.staged(1))
    assert first.counts == {"Label": 2}


def test_nothing_counts_before_it_is_committed(folder: Folder) -> None:
    stage(folder, 1, batch(1, 5))
    with pytest.raises(FileNotFoundError):
        read_manifest(folder.staged(1))


def test_a_discarded_attempt_leaves_nothing_and_others_untouched(folder: Folder) -> None:
    kept = stage(folder, 1, batch(1, 5))
    manifest = kept.commit()
    stage(folder, 1, batch(1, 6)).discard()
    assert [path.name for path in folder.staged(1).iterdir() if path.is_dir()] == [manifest.attempt]


def test_an_error_and_warnings_are_in_the_manifest(folder: Folder) -> None:
    staging = stage(folder, 1, batch(1, 5))
    staging.warnings.append("odd")
    assert staging.commit("it broke") == read_manifest(folder.staged(1))
    assert (read_manifest(folder.staged(1)).error, read_manifest(folder.staged(1)).warnings) == (
        "it broke",
        ("odd",),
    )


def test_the_content_hash_depends_on_rows_and_not_on_the_run(folder: Folder) -> None:
    def content(run: int, *batches: pa.RecordBatch) -> str | None:
        return stage(folder, run, *batches).commit().content

    first = content(1, batch(1, 5, 6), batch(1, 7))
    assert content(2, batch(2, 5, 6), batch(2, 7)) == first
    assert content(3, batch(3, 5, 6, 500), batch(3, 7)) == first
    others = [content(4, batch(4, 5, 6)), content(5, batch(5, 5, 6), batch(5, 8)), content(6)]
    others.append(content(7, batch(7, 5, 6, title="u"), batch(7, 7, title="u")))
    assert len({first, *others}) == 5
