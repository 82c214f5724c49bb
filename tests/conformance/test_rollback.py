"""Rollback: readers see what they saw before, all at one moment; what was seen at an epoch never changes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from catalogue.databases import DRIVERS, fresh
from runs.ledgers import TITLES, brought, new_database
from watchdown.catalogue.database import Database
from watchdown.runs.ledger import Ledger
from watchdown.runs.publishing import Kind
from watchdown.runs.rollback import Change, Left, Scope
from watchdown.runs.states import State
from watchdown_schemas.errors import RunError

SHOTS = Scope(algorithm="shots")


@pytest.fixture(params=DRIVERS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with fresh(request, request.param, tmp_path) as address:
        opened = new_database(address)
        yield opened
        opened.close()


@pytest.fixture
def ledger(database: Database) -> Ledger:
    return Ledger(database)


def published(ledger: Ledger, key: str, *titles: str, batch: str | None = None) -> list[int]:
    """Publish a run of each title at one moment, as a batch."""
    numbers = [brought(ledger, State.LOADED, key, title) for title in titles]
    if batch is not None:
        ledger.assign(batch, numbers)
    ledger.publish(numbers)
    return numbers


def test_each_slot_goes_back_to_what_was_seen_before_at_one_epoch(ledger: Ledger) -> None:
    old = published(ledger, "k1", "a", "b")
    new = published(ledger, "k2", "a", "b", "c")
    found = ledger.rollback(SHOTS)
    assert found.epoch == 3
    assert found.changes == (
        Change("a", new[0], old[0]),
        Change("b", new[1], old[1]),
        Change("c", new[2], None),
    )
    assert ledger.view().visible == set(old)
    assert ledger.view(2).visible == set(new)
    assert ledger.view(1).visible == set(old)
    assert all(ledger.get(number).rolled_back_at for number in new)


def test_a_second_rollback_goes_further_back_and_never_to_what_was_taken_back(ledger: Ledger) -> None:
    first, _second, _third = (published(ledger, key, "a")[0] for key in ("k1", "k2", "k3"))
    ledger.rollback(SHOTS)
    ledger.rollback(SHOTS)
    assert ledger.view().visible == {first}
    assert ledger.rollback(SHOTS).changes == (Change("a", first, None),)
    assert ledger.view().visible == frozenset()
    assert ledger.rollback(SHOTS).epoch is None


def test_an_undone_rollback_shows_what_was_seen_before_it(ledger: Ledger) -> None:
    published(ledger, "k1", "a", "b")
    new = published(ledger, "k2", "a", "b", "c")
    ledger.rollback(SHOTS)
    found = ledger.rollback(SHOTS, undo=True)
    assert found.epoch == 4
    assert ledger.view().visible == set(new)
    assert not any(ledger.get(number).rolled_back_at for number in new)
    assert ledger.rollback(SHOTS, undo=True).changes == ()


def test_several_rollbacks_are_undone_one_after_the_other(ledger: Ledger) -> None:
    runs = [published(ledger, key, "a")[0] for key in ("k1", "k2", "k3")]
    ledger.rollback(SHOTS)
    ledger.rollback(SHOTS)
    for expected in runs[1:]:
        ledger.rollback(SHOTS, undo=True)
        assert ledger.view().visible == {expected}


def test_what_was_published_since_a_rollback_stays_when_it_is_undone(ledger: Ledger) -> None:
    published(ledger, "k1", "a", "b")
    new = published(ledger, "k2", "a", "b")
    ledger.rollback(SHOTS)
    [later] = published(ledger, "k3", "a")
    found = ledger.rollback(SHOTS, undo=True)
    assert found.left == (Left("a", new[0], f"run {later} was published since"),)
    assert ledger.view().visible == {later, new[1]}


def test_of_a_batch_only_slots_that_it_still_holds_go_back(ledger: Ledger) -> None:
    old = published(ledger, "k1", *TITLES)
    mine = published(ledger, "k2", "a", "b", batch="mine")
    [later] = published(ledger, "k3", "b")
    scope = Scope(algorithm="shots", batches={"mine"})
    found = ledger.rollback(scope)
    assert found.changes == (Change("a", mine[0], old[0]),)
    assert found.left == (Left("b", mine[1], f"run {later} has taken its place since"),)
    assert ledger.view().visible == {old[0], later, old[2]}
    assert [one.why for one in ledger.rollback(scope).left] == [
        "was taken back already",
        f"run {later} has taken its place since",
    ]


def test_a_title_goes_back_alone_and_one_without_a_result_is_told(ledger: Ledger) -> None:
    published(ledger, "k1", "a", "b")
    found = ledger.rollback(Scope(algorithm="shots", titles={"a", "c"}))
    assert [change.title for change in found.changes] == ["a"]
    assert found.left == (Left("c", None, "readers see nothing of it"),)
    assert len(ledger.view().visible) == 1


def test_other_algorithms_are_left_alone(ledger: Ledger) -> None:
    published(ledger, "k1", "a")
    other = brought(ledger, State.ACTIVE, algorithm="dialogue")
    ledger.rollback(SHOTS)
    assert ledger.view().visible == {other}


def test_a_rehearsal_changes_nothing(ledger: Ledger) -> None:
    published(ledger, "k1", "a")
    before = ledger.runs(), ledger.view()
    rehearsed = ledger.rollback(SHOTS, dry_run=True)
    assert rehearsed.epoch is None
    assert (ledger.runs(), ledger.view()) == before
    assert ledger.rollback(SHOTS).changes == rehearsed.changes


def test_what_was_seen_before_and_is_removed_cannot_be_shown_and_nothing_changes(ledger: Ledger) -> None:
    old = published(ledger, "k1", "a", "b")
    new = published(ledger, "k2", "a", "b")
    with ledger._database.writing() as connection:
        connection.execute(text("UPDATE runs SET collected_at = 'x' WHERE number = :n"), {"n": old[1]})
    with pytest.raises(RunError, match=rf"run {old[1]}: of title b would be shown again, but is removed"):
        ledger.rollback(SHOTS)
    assert ledger.view().visible == set(new)
    ledger.rollback(Scope(algorithm="shots", titles={"a"}))
    assert ledger.view().visible == {old[0], new[1]}


def test_what_was_taken_back_and_is_removed_cannot_be_shown(ledger: Ledger) -> None:
    [run] = published(ledger, "k1", "a")
    ledger.rollback(SHOTS)
    with ledger._database.writing() as connection:
        connection.execute(text("UPDATE runs SET collected_at = 'x'"))
    with pytest.raises(RunError, match=rf"run {run}: of title a would be shown again, but is removed"):
        ledger.rollback(SHOTS, undo=True)


def test_history_tells_what_each_publication_was_for(ledger: Ledger) -> None:
    old = published(ledger, "k1", "a", "b", batch="one")
    new = published(ledger, "k2", "a")
    ledger.rollback(SHOTS)
    ledger.rollback(SHOTS, undo=True)
    again, back, second, first = ledger.history()
    assert [one.kind for one in (first, second, back, again)] == [
        Kind.PUBLISHED,
        Kind.PUBLISHED,
        Kind.TAKEN_BACK,
        Kind.SHOWN_AGAIN,
    ]
    assert (first.shown, first.hidden, first.titles, first.batches) == ({"shots 1.0.0": 2}, {}, 2, ("one",))
    assert (second.shown, second.hidden, second.titles) == ({"shots 1.0.0": 1}, {"shots 1.0.0": 1}, 1)
    assert (back.shown, back.hidden) == ({"shots 1.0.0": 1}, {"shots 1.0.0": 2})
    of_title = ledger.history(title="a", limit=3)
    assert [(one.epoch, one.shown_runs, one.hidden_runs) for one in of_title] == [
        (4, (new[0],), (old[0],)),
        (3, (old[0],), (new[0],)),
        (2, (new[0],), (old[0],)),
    ]
    assert [one.epoch for one in ledger.history(title="b")] == [4, 3, 1]


NAMES = (f"algorithm {n}" for n in count())
acts = st.one_of(
    st.tuples(st.just("publish"), st.lists(st.sampled_from(TITLES), unique=True, min_size=1)),
    st.tuples(st.just("again"), st.sampled_from(TITLES)),
    st.tuples(st.sampled_from(["back", "undo"]), st.none() | st.sampled_from(TITLES)),
)


class Model:
    """What readers of one algorithm saw at each epoch, in full, and when runs were taken back."""

    def __init__(self) -> None:
        self.seen: list[dict[str, int]] = [{}]
        self.taken: dict[int, int] = {}
        self.of: dict[int, str] = {}

    def add(self, changes: dict[str, int | None]) -> None:
        """Add an epoch."""
        now = {**self.seen[-1], **changes}
        self.seen.append({title: run for title, run in now.items() if run is not None})
        for run in self.seen[-1].values():
            self.taken.pop(run, None)

    def before(self, title: str) -> int | None:
        """Return the run that was seen last in a slot before the active one and was not taken back."""
        active = self.seen[-1][title]
        runs = (seen.get(title) for seen in reversed(self.seen))
        return next((run for run in runs if run not in (None, active) and run not in self.taken), None)

    def back(self, title: str | None) -> dict[str, int | None]:
        """Return what a rollback changes."""
        return {one: self.before(one) for one in self.seen[-1] if title in (None, one)}

    def undo(self, title: str | None) -> dict[str, int | None]:
        """Return what the undoing of the last rollback changes."""
        mine = {run: at for run, at in self.taken.items() if title in (None, self.of[run])}
        last = [run for run, at in mine.items() if at == max(mine.values())]
        now = self.seen[-1]
        then = {run: self.seen[mine[run]].get(self.of[run]) for run in last}
        return {self.of[run]: run for run in last if now.get(self.of[run]) in (None, then[run])}


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=st.lists(acts, max_size=14))
def test_what_was_seen_at_an_epoch_never_changes_whatever_is_taken_back_and_shown_again(
    ledger: Ledger, story: list[tuple[str, list[str] | str | None]]
) -> None:
    name, model, begin = next(NAMES), Model(), ledger.view().epoch
    for place, (act, what) in enumerate(story):
        if act == "publish":
            new = {title: brought(ledger, State.LOADED, f"k{place}", title, name) for title in what or ()}
            model.of |= {run: title for title, run in new.items()}
            ledger.publish(list(new.values()))
            model.add(dict(new))
        elif act == "again":
            past = [run for run in model.of if model.of[run] == what and run not in model.seen[-1].values()]
            if past:
                ledger.publish([past[0]])
                model.add({str(what): past[0]})
        else:
            assert not isinstance(what, list)
            scope = Scope(algorithm=name, titles=None if what is None else {what})
            changes = model.back(what) if act == "back" else model.undo(what)
            found = ledger.rollback(scope, undo=act == "undo")
            assert {change.title: change.shown for change in found.changes} == changes
            assert (found.epoch is None) == (not changes)
            if changes:
                hidden = [model.seen[-1][title] for title in changes] if act == "back" else []
                model.add(changes)
                model.taken |= dict.fromkeys(hidden, len(model.seen) - 1)
    fresh_ledger = Ledger(ledger._database)
    for at, expected in enumerate(model.seen):
        for reader in (ledger, fresh_ledger):
            visible = reader.view(begin + at).visible & model.of.keys()
            assert visible == set(expected.values())
    assert ledger.view().epoch == begin + len(model.seen) - 1
