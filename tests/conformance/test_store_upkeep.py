"""What becomes of what is no longer wanted, in every store: nobody else is told any difference."""

from __future__ import annotations

from conformance.stores import TEXTS, Store, frames, lines, near, unit, view
from conformance.test_store import answers


def filled(store: Store) -> None:
    for run in (1, 2, 3):
        store.write(run, lines(*TEXTS, f"Said in run {run}"), title=f"t{run % 2}")
        store.write(run, frames(unit(9, run)), title=f"t{run % 2}")


def test_answers_are_the_same_before_and_after_upkeep(store: Store) -> None:
    filled(store)
    seen = view([2, 3])
    before = answers(store, seen)
    store.sink.delete([1])
    assert answers(store, seen) == before
    assert store.sink.tend() >= 0
    assert answers(store, seen) == before
    assert answers(store, view([1]))[:2] == [[], []]


def test_what_is_expunged_leaves_no_trace_and_the_rest_as_it_was(store: Store) -> None:
    filled(store)
    before = answers(store, view([2]))
    assert store.sink.traces(["t1"], []) == store.sink.traces([], [1, 3]) == 26
    store.sink.delete([1])
    store.sink.expunge(["t1"], [1, 3])
    assert store.sink.traces(["t1"], [1, 3]) == 0
    assert store.sink.traces(["t0"], []) == 13
    assert answers(store, view([2])) == before
    assert store.said("said in run", view([1, 2, 3])) == ["Said in run 2"]
    assert {row["run"] for row in store.search(near(unit(1)[0]), view([1, 2, 3]), 50).rows} == {2}


def test_to_expunge_nothing_or_again_is_no_fault(store: Store) -> None:
    store.sink.expunge(["t"], [1])
    assert store.sink.traces(["t"], [1]) == store.sink.tend() == 0
    filled(store)
    before = answers(store, view([1, 2, 3]))
    for _ in range(2):
        store.sink.expunge([], [])
        store.sink.expunge(["none"], [99])
    assert answers(store, view([1, 2, 3])) == before


def test_a_run_is_written_again_after_it_was_expunged(store: Store) -> None:
    filled(store)
    store.sink.expunge(["t1"], [1, 3])
    store.write(1, lines("Back again"), title="t1")
    assert store.said("back again", view([1])) == ["Back again"]
