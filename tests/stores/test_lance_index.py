"""What holds once a table has an approximate vector index, old versions and rows outside the index."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import lance
import numpy as np
import pytest

from conformance.stores import MODEL, Store, Vectors, frames, lines, near, unit, view
from watchdown.lake.tables import Lake
from watchdown.search.process import text_leaf
from watchdown.stores.lance.searcher import LanceSearcher
from watchdown.stores.lance.sink import LanceSink
from watchdown.view import View
from watchdown_schemas.errors import CursorExpired, LibraryError
from watchdown_schemas.types import Shot

TABLE = f"Embedding-{MODEL}"
RUNS, ROWS = 24, 100
VECTORS = unit(RUNS * ROWS)
QUERIES = unit(15, seed=4)


def of(run: int) -> Vectors:
    return VECTORS[(run - 1) * ROWS : run * ROWS]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A table with an index over its first twenty runs, and a tail of four."""
    lake = Lake(tmp_path_factory.mktemp("lake"), index_from=20 * ROWS, optimize_from=10**6)
    store = Store(LanceSink(lake), LanceSearcher(lake))
    for run in range(1, RUNS + 1):
        store.write(run, frames(of(run)), title=f"t{run % 6}")
    return lake


@pytest.fixture(scope="module")
def store(lake: Lake) -> Store:
    return Store(LanceSink(lake), LanceSearcher(lake))


def truth(query: Vectors, runs: Iterable[int]) -> Vectors:
    """Return the cosines of all rows of runs, best first."""
    known = np.concatenate([of(run) for run in runs])
    return np.sort(known.astype(np.float64) @ query)[::-1]


def test_the_table_is_indexed_but_for_its_tail(lake: Lake) -> None:
    statistics = lake._connect().open_table(TABLE).index_stats("vector_idx")
    assert (statistics.num_indexed_rows, statistics.num_unindexed_rows) == (20 * ROWS, 4 * ROWS)


@pytest.mark.parametrize(
    "runs",
    [range(1, RUNS + 1), range(1, RUNS + 1, 2), range(21, 25), [3]],
    ids=["all", "half", "tail", "one"],
)
def test_an_approximate_answer_has_true_scores_and_nearly_all_of_the_best(store: Store, runs: range) -> None:
    seen, kept = view(runs), 0
    for query in QUERIES:
        best = truth(query, runs)[:10]
        found = store.search(near(query), seen).rows
        assert {row["run"] for row in found} <= seen.visible
        assert len(found) == 10
        for row in found:
            vector = of(row["run"])[row["start_ns"] // 10**9]
            assert row["score"] == pytest.approx(float(vector.astype(np.float64) @ query), abs=1e-5)
        kept += sum(row["score"] >= best[-1] - 1e-5 for row in found)
    assert kept / (10 * len(QUERIES)) >= 0.95


@pytest.mark.parametrize("titles", [{"t1"}, {"t1", "t2", "t5"}, {f"t{n}" for n in range(6)}], ids=len)
def test_a_title_in_scope_is_searched_exactly(store: Store, titles: set[str]) -> None:
    seen = view(range(1, RUNS + 1), titles=titles)
    runs = [run for run in range(1, RUNS + 1) if f"t{run % 6}" in titles]
    for query in QUERIES:
        found = [row["score"] for row in store.search(near(query), seen).rows]
        assert found == pytest.approx(truth(query, runs)[:10].tolist(), abs=1e-5)


def test_a_scope_too_wide_for_an_exact_search_is_searched_by_index(lake: Lake) -> None:
    store = Store(LanceSink(lake), LanceSearcher(lake, exact_up_to=ROWS))
    seen = view(range(1, RUNS + 1), titles={"t1", "t2"})
    runs, kept = [run for run in range(1, RUNS + 1) if run % 6 in (1, 2)], 0
    for query in QUERIES:
        found = store.search(near(query), seen).rows
        assert {row["title"] for row in found} <= {"t1", "t2"}
        assert len(found) == 10
        kept += sum(row["score"] >= truth(query, runs)[9] - 1e-5 for row in found)
    assert kept / (10 * len(QUERIES)) >= 0.95


def test_every_row_comes_back_when_all_are_asked_for(store: Store) -> None:
    for runs in (range(1, RUNS + 1), range(1, RUNS + 1, 3)):
        found = store.search(near(QUERIES[0]), view(runs), RUNS * ROWS + 1)
        assert len({row["id"] for row in found.rows}) == len(runs) * ROWS
        assert found.exhausted


def test_many_readers_at_once_get_their_own_answers(store: Store) -> None:
    views = [view([run, run + 1]) for run in range(1, RUNS)]
    expected = [store.search(near(QUERIES[0]), seen) for seen in views]

    def ask(seen: View) -> object:
        return store.search(near(QUERIES[0]), seen)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(ask, views * 3)) == expected * 3


def test_rows_stay_hidden_and_seen_through_compaction_and_indexing(tmp_path: Path) -> None:
    lake = Lake(tmp_path, index_from=300, optimize_from=150)
    store = Store(LanceSink(lake), LanceSearcher(lake))
    versions = set()
    for run in range(1, 11):
        store.write(run, frames(unit(60, seed=run % 5)), title=f"t{run % 5}")
        store.write(run, lines(*["Pull the shower curtain aside"] * 60), title=f"t{run % 5}")
        if run == 5:
            store.sink.delete([2])
        versions.add(len(lake.dataset(TABLE).get_fragments()))
        for visible in ({run}, {1, run}, {max(1, run - 5), run}):
            expected = dict.fromkeys(visible - ({2} if run >= 5 else set()), 60)
            seen = view(visible)
            for leaf in (near(unit(1)[0]), text_leaf("shower curtian", ["en"])):
                runs = [row["run"] for row in store.search(leaf, seen, 1000).rows]
                assert {one: runs.count(one) for one in set(runs)} == expected
    assert max(versions) > min(versions)


def test_a_snapshot_that_is_no_longer_kept_is_an_expired_cursor(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    store = Store(LanceSink(lake), LanceSearcher(lake))
    store.write(1, lines("Pull the curtain"))
    leaf, seen = text_leaf("curtain", ["en"]), view([1, 2])
    snapshot = store.searcher.snapshot(seen)
    store.write(2, lines("Pull the curtain"))
    store.write(1, lines("Pull the rope"))
    lake.dataset("DialogueLine").cleanup_old_versions(timedelta(0), delete_unverified=True)
    for searcher in (LanceSearcher(Lake(tmp_path)), store.searcher):
        with pytest.raises(CursorExpired, match=r"DialogueLine: version .* is no longer kept"):
            searcher.search(leaf, seen, limit=5, snapshot=snapshot)
        with pytest.raises(CursorExpired):
            list(searcher.scan("DialogueLine", seen, columns=["id"], snapshot=snapshot))


def test_a_table_of_other_fields_is_refused(tmp_path: Path) -> None:
    lance.write_dataset(lines_table(), tmp_path / "Shot.lance")
    with pytest.raises(LibraryError, match="Shot: has the fields"):
        Store(LanceSink(Lake(tmp_path)), LanceSearcher(Lake(tmp_path))).write(
            1, [Shot(start_ns=0, end_ns=1, number=0)]
        )


def lines_table() -> object:
    import pyarrow as pa

    return pa.table({"other": [1]})
