"""The ledger in one process: the same promises on SQLite and on PostgreSQL."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from runs.ledgers import TITLES, brought, planned
from watchdown.catalogue.database import Database
from watchdown.runs.ledger import Ledger
from watchdown.runs.states import OPEN, STEPS, State
from watchdown_schemas.errors import NotFound, RunError


def test_a_run_is_planned_with_its_facts(ledger: Ledger) -> None:
    run = ledger.plan(title="a", timeline="a.1", algorithm="shots", version="1.0.0", memo_key="k", model="m")
    assert (run.number, run.state, run.title, run.model) == (1, State.PLANNED, "a", "m")
    assert (run.counts, run.warnings, run.visible_from, run.visible_to) == ({}, [], None, None)
    assert ledger.get(1) == run
    with pytest.raises(NotFound, match=r"2: is no run here"):
        ledger.get(2)


@pytest.mark.parametrize("state", State)
def test_every_allowed_step_is_taken_and_its_facts_are_noted(ledger: Ledger, state: State) -> None:
    for step in STEPS[state] - {State.ACTIVE}:
        number = brought(ledger, state, key=f"{state} {step}", title="b", algorithm=step)
        ledger.step(number, step, warnings=["odd"], counts={"Shot": 2})
        run = ledger.get(number)
        assert (run.state, run.warnings, run.counts) == (step, ["odd"], {"Shot": 2})


@pytest.mark.parametrize("state", State)
def test_every_other_step_is_refused_and_changes_nothing(ledger: Ledger, state: State) -> None:
    number = brought(ledger, state)
    before = ledger.runs()
    for step in set(State) - STEPS[state]:
        with pytest.raises(RunError, match=rf"run {number}: is {state} and cannot become {step}\. Next may "):
            ledger.step(number, step, error="not noted")
    assert ledger.runs() == before


def test_the_same_key_is_the_same_run_while_it_is_open_or_active(ledger: Ledger) -> None:
    for state in [*OPEN, State.ACTIVE, State.QUARANTINED]:
        number = brought(ledger, state, key=state, algorithm=state)
        assert planned(ledger, key=state, algorithm=state) == ledger.get(number)


@pytest.mark.parametrize("state", [State.FAILED, State.CANCELLED, State.SUPERSEDED])
def test_the_same_key_is_a_new_run_once_the_old_one_is_over(ledger: Ledger, state: State) -> None:
    number = brought(ledger, state)
    again = planned(ledger)
    assert again.number > number
    assert again.state is State.PLANNED


def test_a_new_key_leaves_the_active_run_until_it_is_published(ledger: Ledger) -> None:
    old = brought(ledger, State.ACTIVE)
    new = brought(ledger, State.LOADED, key="k2")
    assert ledger.get(old).state is State.ACTIVE
    assert ledger.view().visible == {old}
    ledger.publish([new])
    assert ledger.get(old).state is State.SUPERSEDED
    assert ledger.view().visible == {new}


@pytest.mark.parametrize("state", OPEN)
def test_a_new_key_cancels_what_was_left_open_for_an_old_one(ledger: Ledger, state: State) -> None:
    left = brought(ledger, state)
    elsewhere = [planned(ledger, title="b").number, planned(ledger, algorithm="dialogue").number]
    planned(ledger, key="k2")
    assert ledger.get(left).state is State.CANCELLED
    assert {ledger.get(number).state for number in elsewhere} == {State.PLANNED}


def test_many_runs_are_published_at_one_moment(ledger: Ledger) -> None:
    first = [brought(ledger, State.LOADED, title=title) for title in TITLES]
    assert ledger.view().epoch == 0
    assert ledger.publish(first) == 1
    second = [brought(ledger, State.LOADED, key="k2", title=title) for title in TITLES]
    assert ledger.view().visible == set(first)
    assert ledger.publish(second) == 2
    assert ledger.view().visible == set(second)
    assert [(run.visible_from, run.visible_to) for run in ledger.runs()] == [(1, 2)] * 3 + [(2, None)] * 3


@pytest.mark.parametrize("bad", [State.VALIDATED, State.FAILED, State.ACTIVE, None])
def test_a_publication_that_cannot_be_made_whole_is_not_made(ledger: Ledger, bad: State | None) -> None:
    brought(ledger, State.ACTIVE, title="a", key="k0")
    good = brought(ledger, State.LOADED, title="a")
    wrong = brought(ledger, bad, title="b") if bad else 99
    before, epoch = ledger.runs(), ledger.view().epoch
    with pytest.raises((RunError, NotFound)):
        ledger.publish([good, wrong])
    assert ledger.runs() == before
    assert Ledger(ledger._database).view().epoch == epoch


def test_a_view_of_an_earlier_epoch_is_what_readers_saw_then(ledger: Ledger) -> None:
    seen = {0: ledger.view()}
    for key in ("k1", "k2", "k3"):
        number = brought(ledger, State.LOADED, key=key)
        brought(ledger, State.RUNNING, key=key, title="b")
        epoch = ledger.publish([number])
        seen[epoch] = ledger.view()
    assert [len(view.visible) for view in seen.values()] == [0, 1, 1, 1]
    fresh = Ledger(ledger._database)
    for epoch, view in seen.items():
        assert fresh.view(epoch) == view
        assert view.last_run <= 2 * epoch


def test_a_view_with_other_runs_has_them_in_the_places_of_those_that_are_seen(ledger: Ledger) -> None:
    seen = {title: brought(ledger, State.ACTIVE, title=title) for title in TITLES}
    loaded = brought(ledger, State.LOADED, "k2", "b")
    now = ledger.view()
    view, again = ledger.view_with([loaded]), ledger.view_with([loaded])
    assert view.visible == {seen["a"], loaded, seen["c"]} == again.visible
    assert view.last_run >= loaded
    assert len({view.epoch, again.epoch, now.epoch}) == 3
    assert ledger.view() == now
    assert ledger.get(loaded).state is State.LOADED


def test_an_older_run_may_be_published_again(ledger: Ledger) -> None:
    old, new = brought(ledger, State.ACTIVE), brought(ledger, State.ACTIVE, key="k2")
    assert ledger.publish([old]) == 3
    assert ledger.view().visible == {old}
    assert ledger.get(new).state is State.SUPERSEDED


@pytest.mark.parametrize("epoch", [-1, 2, 10**9])
def test_an_epoch_that_never_was_is_refused(ledger: Ledger, epoch: int) -> None:
    brought(ledger, State.ACTIVE)
    with pytest.raises(NotFound, match=rf"{epoch}: is no epoch of this library\. The newest is 1\."):
        ledger.view(epoch)


def test_runs_planned_after_a_publication_are_later_than_its_view(ledger: Ledger) -> None:
    brought(ledger, State.ACTIVE)
    later = brought(ledger, State.LOADED, title="b")
    assert later > ledger.view().last_run
    assert ledger.view(1).last_run == 1


def test_many_readers_at_once_see_the_same_views(ledger: Ledger) -> None:
    for n in range(12):
        brought(ledger, State.ACTIVE, key=str(n))
    expected = {epoch: Ledger(ledger._database).view(epoch) for epoch in range(13)}
    with ThreadPoolExecutor(8) as pool:
        asked = [epoch for _ in range(20) for epoch in range(13)]
        assert list(pool.map(ledger.view, asked)) == [expected[epoch] for epoch in asked]


def test_the_database_itself_refuses_a_second_active_run(ledger: Ledger, database: Database) -> None:
    brought(ledger, State.ACTIVE)
    second = brought(ledger, State.LOADED, key="k2")
    with pytest.raises(IntegrityError), database.writing() as connection:
        connection.execute(text("UPDATE runs SET state = 'active' WHERE number = :n"), {"n": second})
    assert [run.number for run in ledger.runs(states=[State.ACTIVE])] == [1]


def test_runs_are_listed_by_title_and_state_in_their_order(ledger: Ledger) -> None:
    for title in "cab":
        brought(ledger, State.ACTIVE, title=title)
        brought(ledger, State.FAILED, title=title, key="k2")
    assert [run.number for run in ledger.runs()] == [1, 2, 3, 4, 5, 6]
    assert [run.number for run in ledger.runs("a")] == [3, 4]
    assert [run.number for run in ledger.runs("a", [State.FAILED])] == [4]


slots = st.tuples(st.sampled_from(TITLES), st.sampled_from(["shots", "dialogue"]))


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(st.lists(slots, unique=True, min_size=1), max_size=6))
def test_a_slot_has_one_active_run_at_every_epoch(
    ledger: Ledger, batches: list[list[tuple[str, str]]]
) -> None:
    begin = ledger.view().epoch
    active = ledger.runs(states=[State.ACTIVE])
    expected = {(run.title, run.algorithm): run.number for run in active}
    for at, batch in enumerate(batches, start=begin):
        numbers = {
            slot: brought(ledger, State.LOADED, f"at {at}", title=slot[0], algorithm=slot[1])
            for slot in batch
        }
        assert ledger.publish(list(numbers.values())) == at + 1
        expected |= numbers
        assert ledger.view().visible == frozenset(expected.values())
    now = {(run.title, run.algorithm): run.number for run in ledger.runs(states=[State.ACTIVE])}
    assert now == expected


def test_runs_are_told_as_they_stand_now_in_the_order_asked(ledger: Ledger) -> None:
    known = [ledger.get(brought(ledger, State.PLANNED, key=key)) for key in ("1", "2")]  # one slot
    assert [run.state for run in ledger.current(known[::-1])] == [State.PLANNED, State.CANCELLED]
