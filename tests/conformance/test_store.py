"""What every store must do; each claim is proved on the reference and on each driver."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from conformance.stores import MODEL, TEXTS, Store, frames, lines, near, unit, view
from watchdown.search.process import text_leaf
from watchdown.stores.protocol import VectorLeaf
from watchdown.view import View
from watchdown_schemas.time import frame_start
from watchdown_schemas.types import Label, Shot


def answers(store: Store, seen: View) -> list[object]:
    """Return all that a reader can learn from a store."""
    snapshot = store.searcher.snapshot(seen)
    found = store.scan("DialogueLine", seen)
    return [
        found,
        store.scan("Embedding", seen, model=MODEL),
        [(row["id"], row["score"]) for row in store.search(near(unit(1)[0]), seen, 50).rows],
        [(row["id"], row["score"]) for row in store.search(text_leaf("the curtain", ["en"]), seen, 50).rows],
        [store.searcher.find("DialogueLine", row["id"], seen, snapshot=snapshot) for row in found],
    ]


def test_an_empty_store_answers_with_nothing(store: Store) -> None:
    seen = view([1])
    assert store.searcher.snapshot(seen) == {}
    for leaf in (text_leaf("home", ["en"]), near(unit(1)[0])):
        found = store.search(leaf, seen)
        assert not found.rows
        assert found.exhausted
    assert store.scan("Shot", seen) == []
    assert store.searcher.find("Shot", "x", seen, snapshot={}) is None


def test_rows_come_back_as_they_were_written(store: Store) -> None:
    assert store.write(1, lines(*TEXTS)).written == 3
    assert store.write(1, frames(unit(9))).written == 9
    seen = view([1])
    snapshot = store.searcher.snapshot(seen)
    row = store.scan("DialogueLine", seen)[1]
    found = store.searcher.find("DialogueLine", row["id"], seen, snapshot=snapshot)
    assert found
    assert (found["text"], found["language"], found["line"]) == (TEXTS[1], "en", 1)
    assert (found["run"], found["title"], found["timeline"], found["version"]) == (1, "t", "t.1", "1.0.0")
    vectors = store.searcher.scan(
        "Embedding", seen, columns=["start_ns", "vector"], snapshot=snapshot, model=MODEL
    )
    stored = {row["start_ns"]: row["vector"] for batch in vectors for row in batch.to_pylist()}
    assert np.array_equal([stored[at * 10**9] for at in range(9)], unit(9))


@pytest.mark.feature(21)
def test_writing_a_run_again_changes_nothing(store: Store) -> None:
    for run in (1, 2):
        store.write(run, lines(*TEXTS), title=f"t{run}")
        store.write(run, frames(unit(9, run)), title=f"t{run}")
    seen = view([1, 2])
    first = answers(store, seen)
    for _ in range(2):
        store.write(1, lines(*TEXTS), title="t1")
        store.write(1, frames(unit(9, 1)), title="t1")
        assert answers(store, seen) == first


def test_a_run_that_is_written_anew_replaces_all_of_what_was_left_of_it(store: Store) -> None:
    store.write(1, lines(*TEXTS, "A line too many"))
    store.write(1, lines("Only this"))
    assert len(store.scan("DialogueLine", view([1]))) == 1
    assert store.said("curtain", view([1])) == []
    assert store.said("only this", view([1])) == ["Only this"]


def test_a_deleted_run_is_gone_and_others_stay(store: Store) -> None:
    for run in (1, 2):
        store.write(run, lines(*TEXTS))
        store.write(run, frames(unit(9, run)))
    kept = answers(store, view([2]))
    store.sink.delete([1])
    assert answers(store, view([2])) == kept
    assert answers(store, view([1])) == answers(store, view([]))
    store.sink.delete([])
    assert answers(store, view([2])) == kept


def test_a_hidden_run_is_never_seen_whatever_is_written(store: Store) -> None:
    """Old and new run of each title, near-identical: only one of the two may ever come back."""
    vectors = unit(12)

    def load(run: int) -> None:
        store.write(run, lines(*TEXTS), title=f"t{run % 3}")
        store.write(run, frames(vectors), title=f"t{run % 3}")

    def check(visible: set[int]) -> None:
        for titles in (None, {"t0", "t1"}):
            seen = view(visible, titles=titles)
            runs = {run for run in visible if titles is None or f"t{run % 3}" in titles}
            snapshot = store.searcher.snapshot(seen)
            for leaf in (near(vectors[0]), text_leaf("pull the curtian", ["en"])):
                assert {row["run"] for row in store.search(leaf, seen, 200).rows} == runs
            assert {row["run"] for row in store.scan("DialogueLine", seen)} == runs
            assert len(store.scan("Embedding", seen, model=MODEL)) == 12 * len(runs)
            for row in store.scan("DialogueLine", view(range(20)))[::3]:
                found = store.searcher.find("DialogueLine", row["id"], seen, snapshot=snapshot)
                assert (found is not None) == (row["run"] in runs)

    for run in range(1, 7):
        load(run)
    for visible in ({1, 2, 3}, {4, 5, 6}, {1, 5, 6}, set(range(1, 7))):
        check(visible)
    load(2)
    check({4, 5, 6})
    check({2, 4})
    load(7)
    check({2, 4, 6})
    store.sink.delete([5])
    check({2, 4, 6})
    check({1, 2, 3})


def test_enough_rows_come_back_though_the_nearest_are_hidden(vector_store: Store) -> None:
    store = vector_store
    vectors = unit(40)
    for run in range(1, 9):
        store.write(run, frames(vectors))
        store.write(run, lines(*["Running home again"] * 40))
    seen = view([3])
    for leaf in (near(vectors[0]), text_leaf("running home", ["en"])):
        found = store.search(leaf, seen, 30)
        assert len(found.rows) == 30
        assert not found.exhausted
        every = store.search(leaf, seen, 50)
        assert len({row["id"] for row in every.rows}) == 40
        assert every.exhausted
        assert [row["id"] for row in every.rows[:30]] == [row["id"] for row in found.rows]


def test_a_run_that_the_view_does_not_know_is_not_seen(store: Store) -> None:
    store.write(1, lines(*TEXTS))
    store.write(1, frames(unit(9)))
    seen = view([1], last=1)
    before = answers(store, seen)
    store.write(2, lines(*TEXTS))
    store.write(2, frames(unit(9)))
    assert answers(store, seen) == before


def test_an_older_snapshot_stays_as_it_was(store: Store) -> None:
    vectors, leaf = unit(20), text_leaf("the curtain", ["en"])
    store.write(1, lines(*TEXTS))
    store.write(1, frames(vectors))
    seen = view([1, 2])
    snapshot = store.searcher.snapshot(seen)
    before = [store.search(one, seen, 50, snapshot) for one in (leaf, near(vectors[0]))]
    scanned = store.scan("DialogueLine", seen, snapshot)
    store.write(2, lines(*TEXTS))
    store.write(2, frames(vectors))
    store.write(2, [Shot(start_ns=0, end_ns=1, number=0)])
    store.write(1, lines("Written over"))
    store.sink.delete([1])
    assert [store.search(one, seen, 50, snapshot) for one in (leaf, near(vectors[0]))] == before
    assert store.scan("DialogueLine", seen, snapshot) == scanned
    assert store.scan("Shot", seen, snapshot) == []
    assert {row["run"] for row in store.scan("DialogueLine", seen)} == {2}


ODD_TITLES = ("plain", "o'brien", '"quoted"', "a;b--", "%_", "")


@pytest.mark.parametrize(
    "scope", [{"o'brien"}, {"plain", '"quoted"'}, {"a;b--", "%_", ""}, {"nobody"}, set()]
)
def test_only_titles_in_scope_are_searched(store: Store, scope: set[str]) -> None:
    vectors = unit(6)
    for run, title in enumerate(ODD_TITLES, 1):
        store.write(run, lines(*TEXTS), title=title)
        store.write(run, frames(vectors), title=title)
    seen = view(range(1, 7), titles=scope)
    expected = scope & set(ODD_TITLES)
    for leaf in (near(vectors[0]), text_leaf("running home", ["en"])):
        found = store.search(leaf, seen, 50)
        assert {row["title"] for row in found.rows} == expected
        assert found.exhausted
    assert {row["title"] for row in store.scan("DialogueLine", seen)} == expected
    assert len(store.scan("Embedding", seen, model=MODEL)) == 6 * len(expected)
    anywhere = store.scan("DialogueLine", view(range(1, 7)))
    snapshot = store.searcher.snapshot(seen)
    in_scope = [
        row for row in anywhere if store.searcher.find("DialogueLine", row["id"], seen, snapshot=snapshot)
    ]
    assert {row["title"] for row in in_scope} == expected


def test_a_vector_search_is_brute_force(vector_store: Store) -> None:
    store = vector_store
    vectors, queries = unit(150), unit(20, 9)
    for run in range(1, 4):
        store.write(run, frames(vectors[(run - 1) * 50 : run * 50]), title=f"t{run}")
    truth = queries.astype(np.float64) @ vectors.astype(np.float64).T
    for query, cosines in zip(queries, truth, strict=True):
        for runs in ([1, 2, 3], [1, 3]):
            known = np.concatenate([cosines[(run - 1) * 50 : run * 50] for run in runs])
            found = [row["score"] for row in store.search(near(query), view(runs), 12).rows]
            assert np.allclose(found, np.sort(known)[::-1][:12], atol=1e-5)


def test_vectors_of_another_model_are_another_table(store: Store) -> None:
    store.write(1, frames(unit(9)))
    assert not store.search(VectorLeaf("Embedding", "other", unit(1)[0]), view([1])).rows


@pytest.mark.feature(7)
def test_rows_are_found_by_the_time_at_which_they_start(store: Store) -> None:
    rate = Fraction(24000, 1001)
    starts = [frame_start(frame, rate) for frame in range(201)]
    labels = [Label(start_ns=a, end_ns=b, label="bright") for a, b in pairwise(starts)]
    store.write(1, labels)
    store.write(2, labels)
    found = store.scan("Label", view([1]), starting=(4_170_000_000, 4_180_000_000))
    assert [(row["run"], row["start_ns"]) for row in found] == [(1, frame_start(100, rate))]
    edges = store.scan("Label", view([1]), starting=(starts[7], starts[9]))
    assert [row["start_ns"] for row in edges] == starts[7:9]
    assert store.scan("Label", view([1], titles=["other"]), starting=(0, 10**12)) == []


def test_a_record_is_found_by_its_id_only(store: Store) -> None:
    store.write(1, lines(*TEXTS))
    snapshot = store.searcher.snapshot(view([1]))
    for record in ("", "nothing", "' OR 1 = 1 --", "%"):
        assert store.searcher.find("DialogueLine", record, view([1]), snapshot=snapshot) is None


def test_rows_under_the_floor_are_no_answer(vector_store: Store) -> None:
    store = vector_store
    vectors = unit(60)
    store.write(1, frames(vectors))
    store.write(1, lines("Pull the curtain", "The curtain fell", "Nothing of the kind"))
    seen = view([1])
    for leaf in (near(vectors[3]), text_leaf("pull the curtain", ["en"])):
        every = store.search(leaf, seen, 60).rows
        floor = (every[0]["score"] + every[-1]["score"]) / 2
        found = store.search(replace(leaf, floor=floor), seen, 60)
        assert [row["id"] for row in found.rows] == [row["id"] for row in every if row["score"] >= floor]
        assert 0 < len(found.rows) < len(every)
        assert found.exhausted
        first = store.search(replace(leaf, floor=floor), seen, 1)
        assert [row["id"] for row in first.rows] == [every[0]["id"]]
        assert not store.search(replace(leaf, floor=1.5), seen, 60).rows
