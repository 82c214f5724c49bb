"""Runs entered many at once: the same as one by one, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from catalogue.databases import DRIVERS, fresh
from runs.ledgers import TITLES, brought, new_database
from watchdown.catalogue.database import Database
from watchdown.runs.ledger import Ledger
from watchdown.runs.states import OPEN, State
from watchdown.runs.wanted import PlannedRun


@pytest.fixture(params=DRIVERS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with fresh(request, request.param, tmp_path) as address:
        opened = new_database(address)
        yield opened
        opened.close()


@pytest.fixture
def ledger(database: Database) -> Ledger:
    return Ledger(database)


def wanted(title: str, key: str = "k1", algorithm: str = "shots") -> PlannedRun:
    return PlannedRun(
        title=title,
        timeline=f"{title}.1",
        algorithm=algorithm,
        version="1.0.0",
        memo_key=key,
        model=None,
    )


def test_many_runs_are_entered_in_their_order_and_found_again(ledger: Ledger) -> None:
    asked = [wanted(title, algorithm=name) for title in TITLES for name in ("shots", "dialogue")]
    made = ledger.plan_all(asked)
    assert [(run.number, run.title, run.algorithm) for run in made] == [
        (number, one.title, one.algorithm) for number, one in enumerate(asked, 1)
    ]
    assert {(run.state, run.origin, *run.counts, *run.warnings) for run in made} == {("planned", "worked")}
    assert ledger.plan_all(asked) == made
    assert ledger.runs() == sorted(made, key=lambda run: run.number)
    assert ledger.plan_all([]) == []


def test_each_slot_gets_its_own_answer(ledger: Ledger) -> None:
    """An active run, one that is open for another key, one that is held, and one that is over."""
    active = brought(ledger, State.ACTIVE, title="a")
    stale = brought(ledger, State.STAGED, key="old", title="b")
    held = brought(ledger, State.QUARANTINED, title="c")
    over = brought(ledger, State.FAILED, title="a", algorithm="dialogue")
    found = ledger.plan_all([wanted("c"), wanted("b"), wanted("a"), wanted("a", algorithm="dialogue")])
    assert [found[0].number, found[2].number] == [held, active]
    assert min(found[1].number, found[3].number) > over
    assert ledger.get(stale).state is State.CANCELLED


@pytest.mark.parametrize("state", [*OPEN, State.ACTIVE, State.QUARANTINED])
def test_rows_mended_by_hand_count_as_the_run_of_the_key(ledger: Ledger, state: State) -> None:
    number = brought(ledger, state, key="k1+mended")
    assert [run.number for run in ledger.plan_all([wanted("a")])] == [number]


def test_a_superseded_run_counts_only_where_it_is_asked_for(ledger: Ledger) -> None:
    old = brought(ledger, State.SUPERSEDED)
    [seen_before] = ledger.plan_all([wanted("a")], seen_before=True)
    assert (seen_before.number, seen_before.state) == (old, State.SUPERSEDED)
    [new] = ledger.plan_all([wanted("a")])
    assert new.number > old
    assert ledger.plan_all([wanted("a")], seen_before=True) == [new]


def test_what_was_shown_again_was_seen_at_both_times_and_not_between(ledger: Ledger) -> None:
    first = brought(ledger, State.ACTIVE)
    second = brought(ledger, State.ACTIVE, key="k2")
    assert ledger.publish([first]) == 3
    fresh_ledger = Ledger(ledger._database)
    seen = [fresh_ledger.view(epoch).visible for epoch in range(4)]
    assert seen == [set(), {first}, {second}, {first}]
    ledger.publish([second])
    assert [Ledger(ledger._database).view(epoch).visible for epoch in range(5)] == [*seen, {second}]
