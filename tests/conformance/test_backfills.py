"""Backfills in the database: entered, taken up, paused, ended, and what is in them, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from catalogue.databases import DRIVERS, fresh
from runs.ledgers import new_database
from watchdown.catalogue.database import Database
from watchdown.runs.backfills import Asked, Backfills, BackfillState
from watchdown.runs.leases import BatchLeases
from watchdown_schemas.errors import NotFound, RunError

ASKED = Asked(algorithm="shots", version="1.0.0", size=100)


@pytest.fixture(params=DRIVERS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with fresh(request, request.param, tmp_path) as address:
        opened = new_database(address)
        yield opened
        opened.close()


@pytest.fixture
def backfills(database: Database) -> Backfills:
    leases = BatchLeases(database)
    for name in ("b1", "b2", "b3"):
        leases.enter(name)
    return Backfills(database)


def asked(*titles: str, rate: float | None = None, version: str = "1.0.0") -> Asked:
    return Asked(algorithm="shots", version=version, titles=titles, size=100, rate=rate)


def test_the_same_call_takes_up_the_backfill_that_goes_on_with_what_is_asked_now(
    backfills: Backfills,
) -> None:
    first = backfills.begin(asked("b", "a", rate=5))
    again = backfills.begin(asked("a", "b", "a", rate=7))
    assert (first.number, again.number, again.rate) == (1, 1, 7)
    assert backfills.begin(asked("a")).number == 2
    assert backfills.begin(asked("a", "b", version="2.0.0")).number == 3
    assert [one.number for one in backfills.list()] == [3, 2, 1]


@pytest.mark.parametrize("end", [BackfillState.DONE, BackfillState.FAILED, BackfillState.CANCELLED])
def test_one_that_has_ended_is_not_taken_up(backfills: Backfills, end: BackfillState) -> None:
    backfills.step(backfills.begin(ASKED).number, end)
    assert backfills.begin(ASKED).number == 2
    assert [one.number for one in backfills.list(going_on=True)] == [2]


def test_one_that_is_paused_stays_so_until_it_is_resumed(backfills: Backfills) -> None:
    number = backfills.begin(ASKED).number
    backfills.step(number, BackfillState.PAUSED)
    assert backfills.begin(ASKED).state is BackfillState.PAUSED
    assert backfills.step(number, BackfillState.RUNNING).state is BackfillState.RUNNING


def test_what_its_state_forbids_is_refused(backfills: Backfills) -> None:
    number = backfills.begin(ASKED).number
    backfills.step(number, BackfillState.CANCELLED)
    assert backfills.step(number, BackfillState.CANCELLED).state is BackfillState.CANCELLED
    for state in set(BackfillState) - {BackfillState.CANCELLED}:
        with pytest.raises(RunError, match=f"backfill 1: is cancelled and cannot become {state}"):
            backfills.step(number, state)
    with pytest.raises(NotFound, match="7: is no backfill"):
        backfills.get(7)


def test_a_batch_is_in_every_backfill_that_wants_it(backfills: Backfills) -> None:
    first, second = backfills.begin(ASKED), backfills.begin(asked("a"))
    backfills.hold(first.number, ["b1", "b2"])
    backfills.hold(first.number, ["b2", "b1", "b1"])
    backfills.hold(second.number, ["b2", "b3"])
    assert list(backfills.batches(first.number)) == ["b1", "b2"]
    assert [one.number for one in backfills.of_batch("b2")] == [2, 1]
    assert list(backfills.only_of(first.number)) == ["b1"]
    backfills.step(second.number, BackfillState.DONE)
    assert list(backfills.only_of(first.number)) == ["b1", "b2"]
