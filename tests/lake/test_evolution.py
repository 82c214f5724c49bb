"""A table whose type gains columns: nothing that is stored is rewritten, and older versions stay readable."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from conformance.filters import TYPES, Goal, rows_of
from conformance.stores import LANGUAGES, MODEL, Store, frames, lines, near, unit, view
from watchdown.lake.tables import Lake
from watchdown.search.process import text_leaf
from watchdown.stores.lance.searcher import LanceSearcher
from watchdown.stores.lance.sink import LanceSink
from watchdown.where import Entity, Exists, Intersects, field
from watchdown_schemas.arrow import arrow_schema
from watchdown_schemas.columns import Stamp
from watchdown_schemas.errors import LibraryError
from watchdown_schemas.record import Record
from watchdown_schemas.rows import to_arrow
from watchdown_schemas.types import DialogueLine, Shot

LATER = ("type", "entities", "attributes", "frame_width", "frame_height")
SEEN = view([1, 2])


def library(folder: Path) -> tuple[Store, Lake]:
    lake = Lake(folder)
    return Store(LanceSink(lake), LanceSearcher(lake, TYPES)), lake


def write_old(lake: Lake, name: str, records: list[Record], dimension: int | None = None) -> None:
    """Write records of run 1 as a version of the code did that did not know the later columns."""
    stamp = Stamp(run=1, title="t", timeline="t.1", asset="a", algorithm="x", version="1.0.0")
    batch = to_arrow(records, type(records[0]), stamp, dimension)
    kept = pa.schema([column for column in batch.schema if column.name not in LATER])
    lake.replace_runs(name, [1], kept, [batch.select(kept.names)])


def files(lake: Lake, folder: Path, name: str) -> dict[str, tuple[int, int]]:
    """Return what data lies on the disk, and when it was written."""
    assert lake.exists(name)
    found = (folder / f"{name}.lance" / "data").iterdir()
    return {path.name: (path.stat().st_mtime_ns, path.stat().st_size) for path in found}


def test_a_table_gains_the_columns_that_it_lacks_and_rewrites_nothing(tmp_path: Path) -> None:
    store, lake = library(tmp_path)
    write_old(lake, "DialogueLine", [*lines("Pull the curtain", "Run home")])
    write_old(lake, f"Embedding-{MODEL}", [*frames(unit(9))], 32)
    before = {name: files(lake, tmp_path, name) for name in lake.names()}
    pinned = store.searcher.snapshot(SEEN)
    told = [
        store.search(text_leaf("curtain", LANGUAGES), SEEN).rows,
        store.search(near(unit(1)[0]), SEEN, 5).rows,
    ]
    marked = DialogueLine(start_ns=0, end_ns=1, line=9, text="Close the curtain", attributes={"mood": "low"})
    store.write(2, [marked])
    store.write(2, frames(unit(3, seed=5)))
    for name, written in before.items():
        after = files(lake, tmp_path, name)
        assert {file: after[file] for file in written} == written
        assert set(LATER) <= set(lake.dataset(name).schema.names)
    assert store.count("DialogueLine", SEEN) == 3
    assert store.count("DialogueLine", SEEN, field("mood") == "low") == 1
    assert store.count("DialogueLine", SEEN, ~(field("mood") == "low")) == 2
    assert store.count("DialogueLine", SEEN, Exists(field="attributes")) == 1
    assert [row["type"] for row in store.rows("DialogueLine", view([1]))] == [None, None]
    assert [row["text"] for row in store.search(text_leaf("curtain", LANGUAGES), view([1])).rows] == [
        "Pull the curtain"
    ]
    assert len(store.search(near(unit(1)[0]), SEEN, 50).rows) == 12
    again = [
        store.search(text_leaf("curtain", LANGUAGES), SEEN, at=pinned).rows,
        store.search(near(unit(1)[0]), SEEN, 5, at=pinned).rows,
    ]
    assert again == told


def test_a_version_from_before_the_columns_answers_as_if_they_were_empty(tmp_path: Path) -> None:
    store, lake = library(tmp_path)
    write_old(lake, "Shot", [Shot(start_ns=at, end_ns=at + 1, number=at) for at in range(3)])
    pinned = store.searcher.snapshot(SEEN)
    store.write(2, [Shot(start_ns=0, end_ns=1, number=0, attributes={"mood": "low"}, frame_width=640)])

    def count(where: object) -> int:
        return store.searcher.count("Shot", SEEN, snapshot=pinned, where=where)  # type: ignore[arg-type] # filters

    for missing in (
        field("mood") == "low",
        field("mood") > "a",
        field("frame_width") > 0,
        field("type").exists(),
        Entity(entity="person:ada"),
        Exists(field="attributes"),
        field("entities") > "a",
    ):
        assert count(missing) == 0
        assert count(~missing) == 3
        assert count(missing | (field("number") == 1)) == 1
        assert count(missing | Intersects(wkt="POINT (0 0)") | Entity(entity="title:t")) == 3
    assert store.searcher.facet("Shot", "mood", SEEN, snapshot=pinned) == []
    assert store.searcher.facet("Shot", "frame_width", SEEN, snapshot=pinned) == []
    rows = store.rows("Shot", SEEN, at=pinned)
    assert [set(row) for row in rows] == [set(arrow_schema(Shot).names)] * 3
    assert {(row["attributes"], row["entities"], row["frame_width"]) for row in map(plain, rows)} == {
        (None, None, None)
    }
    found = store.searcher.find("Shot", rows[0]["id"], SEEN, snapshot=pinned)
    assert found == rows[0]
    batches = store.searcher.scan("Shot", SEEN, columns=["frame_width"], snapshot=pinned)
    assert [row for batch in batches for row in batch.to_pylist()] == [{"frame_width": None}] * 3


def plain(row: dict[str, object]) -> dict[str, object]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}


def test_text_that_comes_later_is_searched(tmp_path: Path) -> None:
    store, lake = library(tmp_path)
    stamp = Stamp(run=1, title="t", timeline="t.1", asset="a", algorithm="x", version="1.0.0")
    batch = to_arrow(lines("Pull the curtain"), DialogueLine, stamp)
    kept = pa.schema([column for column in batch.schema if not column.name.startswith("text_")])
    lake.replace_runs("DialogueLine", [1], kept, [batch.select(kept.names)])
    store.write(2, lines("Close the curtain"))
    rows = store.search(text_leaf("curtian", LANGUAGES), SEEN).rows
    assert [row["text"] for row in rows] == ["Close the curtain"]


@pytest.mark.parametrize(
    ("column", "told"),
    [
        (pa.field("number", pa.string()), r"number \(string\)"),
        (pa.field("entities", pa.list_(pa.int64())), r"entities \(list"),
        (pa.field("strange", pa.string()), r"strange \(string\)"),
    ],
    ids=lambda one: getattr(one, "name", ""),
)
def test_a_retyped_or_unknown_column_is_refused_by_its_name(
    tmp_path: Path, column: pa.Field, told: str
) -> None:
    store, lake = library(tmp_path)
    shot = arrow_schema(Shot)
    odd = pa.schema([one for one in shot if one.name != column.name]).append(column)
    lake.replace_runs("Shot", [1], odd, [])
    with pytest.raises(LibraryError, match=rf"Shot: has the fields {told}"):
        store.write(2, [Shot(start_ns=0, end_ns=1, number=0)])
    assert lake.dataset("Shot").count_rows() == 0


def test_the_table_that_types_share_gains_no_column_from_a_further_type(tmp_path: Path) -> None:
    store, lake = library(tmp_path)
    store.write(1, [Goal(start_ns=0, end_ns=1, minute=1)])
    columns = lake.dataset("Custom").schema
    store.write_batch(1, TYPES["Card"], rows_of(TYPES["Card"], 1, 5))
    assert lake.dataset("Custom").schema == columns
