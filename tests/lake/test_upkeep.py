"""Upkeep of tables: few files, old versions as long as somebody may read them, no trace of what is gone."""

from __future__ import annotations

import math
from datetime import timedelta
from pathlib import Path

import pytest

from conformance.stores import Store, frames, lines, near, unit, view
from watchdown.lake import upkeep
from watchdown.lake.tables import MERGE_FROM, Lake
from watchdown.stores.lance.searcher import LanceSearcher
from watchdown.stores.lance.sink import LanceSink
from watchdown_schemas.errors import CursorExpired

RUNS = 2 * MERGE_FROM + 10
SEEN = view(range(1, RUNS + 1), last=RUNS)


def store(lake: Lake) -> Store:
    return Store(LanceSink(lake), LanceSearcher(lake))


def filled(root: Path, runs: int, retention: timedelta) -> tuple[Lake, Store]:
    lake = Lake(root, retention=retention, index_from=500)
    made = store(lake)
    for run in range(1, runs + 1):
        made.write(run, lines(f"the lantern of number{run:03}", "is out"), title=f"title{run:04}")
        made.write(run, frames(unit(5, seed=run)), title=f"title{run:04}")
    return lake, made


def answers(made: Store) -> list[object]:
    vectors = made.search(near(unit(1, seed=5)[0]), SEEN, 20).rows
    return [
        made.said("lantern", SEEN, RUNS),
        made.said("number007", SEEN),
        made.rows("DialogueLine", SEEN),
        [(row["id"], round(row["score"], 4)) for row in vectors],
        made.count("Embedding", SEEN),
    ]


def files(root: Path) -> int:
    return sum(path.is_file() for path in root.rglob("*"))


def holding(root: Path, word: str) -> list[str]:
    """Return the files that have a word anywhere in their bytes."""
    found = (path for path in root.rglob("*") if path.is_file() and word.encode() in path.read_bytes())
    return sorted(path.relative_to(root).as_posix() for path in found)


def test_many_small_runs_stay_in_few_files_and_answer_the_same_once_tended(tmp_path: Path) -> None:
    lake, made = filled(tmp_path, RUNS, timedelta(0))
    table = tmp_path / "DialogueLine.lance"
    assert upkeep.fragments(table) < MERGE_FROM
    before, many = answers(made), files(tmp_path)
    freed = [lake.tend(name) for name in lake.names()]
    assert all(one.versions > 0 and one.bytes > 0 for one in freed)
    assert upkeep.fragments(table) <= 2  # what was in the indices, and what was not
    assert files(tmp_path) < min(many, 60)
    assert answers(store(Lake(tmp_path))) == before
    assert any(lake.tend(name).versions for name in lake.names()) or upkeep.fragments(table) == 1
    assert [lake.tend(name).versions for name in lake.names()] == [0, 0]


def test_a_version_is_kept_as_long_after_it_was_replaced_however_old_it_is() -> None:
    known = [(3, 300.0), (1, 0.0), (2, 100.0), (5, 310.0)]
    assert upkeep.replaced(known, 99.0) == []
    assert upkeep.replaced(known, 100.0) == [1]
    assert upkeep.replaced(known, 305.0) == [1, 2]
    assert upkeep.replaced(known, math.inf) == [1, 2, 3]
    assert upkeep.replaced([(4, 1.0)], math.inf) == []


def test_pages_go_on_while_their_version_is_retained_and_end_after(tmp_path: Path) -> None:
    lake, made = filled(tmp_path, 3, timedelta(hours=1))
    pinned = made.searcher.snapshot(SEEN)
    lake.delete_runs([1])
    lake.tend("DialogueLine")
    kept = store(Lake(tmp_path))
    assert len(kept.rows("DialogueLine", SEEN, at=pinned)) == 6
    assert len(kept.rows("DialogueLine", SEEN)) == 4
    Lake(tmp_path, retention=timedelta(0)).tend("DialogueLine")
    with pytest.raises(CursorExpired):
        store(Lake(tmp_path)).rows("DialogueLine", SEEN, at=pinned)


def test_what_is_expunged_is_in_no_byte_of_any_file(tmp_path: Path) -> None:
    lake, made = filled(tmp_path, 150, timedelta(hours=1))
    for word in ("title0007", "number007"):
        assert holding(tmp_path, word)
    before = [row for row in made.rows("DialogueLine", SEEN) if row["run"] != 7]
    lake.delete_runs([7])
    orphan = tmp_path / "DialogueLine.lance/data/0123456789.lance"
    orphan.write_bytes(b"title0007, as a killed writer left it")
    for name in lake.names():
        assert lake.traces(name, "run = 7 OR title = 'title0007'")
        lake.expunge(name)
        assert lake.traces(name, "run = 7 OR title = 'title0007'") == 0
    assert holding(tmp_path, "title0007") == []
    assert holding(tmp_path, "number007") == []
    again = store(Lake(tmp_path))
    assert again.rows("DialogueLine", SEEN) == before
    assert "the lantern of number007" not in again.said("number007", SEEN, 100)
    assert again.said("number008", SEEN)[0] == "the lantern of number008"
    assert len(again.search(near(unit(1, seed=5)[0]), SEEN, 20).rows) == 20


@pytest.mark.parametrize("left", [0, 1])
def test_a_table_can_be_expunged_down_to_nothing(tmp_path: Path, left: int) -> None:
    lake, made = filled(tmp_path, 101, timedelta(0))
    lake.delete_runs(range(1 + left, 102))
    for name in lake.names():
        lake.expunge(name)
    assert made.count("Embedding", SEEN) == 5 * left
    assert len(made.search(near(unit(1)[0]), SEEN, 20).rows) == 5 * left
    made.write(900, lines("one more"))
    assert made.said("more", view([900], last=900)) == ["one more"]
