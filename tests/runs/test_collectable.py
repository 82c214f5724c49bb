"""Which runs may be removed, and when: by the database's clock, and never what somebody may still read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, update

from catalogue.databases import DRIVERS, fresh
from runs.ledgers import brought, new_database
from watchdown.catalogue.database import Database
from watchdown.catalogue.tables import backfill_batches, backfills, batches, publications, runs
from watchdown.load.clock import RealClock
from watchdown.runs.collectable import Collectable, Policy
from watchdown.runs.ledger import Ledger
from watchdown.runs.states import State
from watchdown_schemas.errors import CursorExpired, RunError

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
AT_ONCE = Policy(grace=timedelta(0), idle_writes=timedelta(0))


class Later(RealClock):
    """A clock that is some time ahead, or behind."""

    def __init__(self, ahead: timedelta = timedelta(0)) -> None:
        self.ahead = ahead

    def now(self, connection: Connection) -> float:
        return super().now(connection) + self.ahead.total_seconds()


@pytest.fixture(params=DRIVERS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with fresh(request, request.param, tmp_path) as place:
        database = new_database(place)
        yield database
        database.close()


@pytest.fixture
def ledger(database: Database) -> Ledger:
    return Ledger(database)


def at(database: Database, epoch: int, ago: timedelta) -> None:
    """Let an epoch have been published some time ago."""
    when = (datetime.now(UTC) - ago).isoformat(timespec="milliseconds")
    with database.writing() as connection:
        this = publications.c.epoch == epoch
        connection.execute(update(publications).where(this).values(at=when))


def doomed(database: Database, policy: Policy = Policy(), ahead: timedelta = timedelta(0)) -> list[int]:  # noqa: B008 - frozen
    return [one.number for one in Collectable(database, Later(ahead)).candidates(policy)]


def three(ledger: Ledger) -> list[int]:
    """Publish three runs of a slot one after the other, in epochs 1, 2 and 3."""
    return [brought(ledger, State.ACTIVE, key=f"k{n}") for n in range(3)]


def test_a_superseded_run_may_go_once_its_grace_is_over(database: Database, ledger: Ledger) -> None:
    first, second, third = three(ledger)
    assert doomed(database) == []
    assert doomed(database, ahead=DAY + HOUR) == [first, second]
    at(database, 2, 2 * DAY)
    at(database, 1, 3 * DAY)
    assert doomed(database) == [first]  # the second was replaced a moment ago
    assert third not in doomed(database, AT_ONCE, 99 * DAY)


def test_what_is_open_active_or_held_never_goes(database: Database, ledger: Ledger) -> None:
    for title, state in zip("abc", (State.LOADED, State.PLANNED, State.QUARANTINED), strict=True):
        brought(ledger, state, title=title)
    brought(ledger, State.ACTIVE, algorithm="other")
    assert doomed(database, AT_ONCE, 99 * DAY) == []


def test_what_failed_or_was_cancelled_goes_after_the_grace(database: Database, ledger: Ledger) -> None:
    failed = [brought(ledger, state, title=t) for t, state in (("a", State.FAILED), ("b", State.CANCELLED))]
    assert doomed(database) == []
    assert doomed(database, ahead=DAY + HOUR) == failed
    assert Collectable(database).give_up(AT_ONCE) == 2
    assert ledger.oldest() == 0  # nobody ever saw them


def test_giving_up_ends_the_epochs_in_which_a_run_was_seen_and_no_later_one(
    database: Database, ledger: Ledger
) -> None:
    first, _second, third = three(ledger)
    collectable = Collectable(database)
    at(database, 1, 3 * DAY)
    at(database, 2, 2 * DAY)
    assert collectable.give_up(Policy()) == 1
    assert ledger.oldest() == 2
    with pytest.raises(CursorExpired):
        ledger.view(1)
    assert [sorted(ledger.view(epoch).visible) for epoch in (0, 2, 3)] == [[], [first + 1], [third]]
    assert collectable.give_up(Policy()) == 0


def test_what_is_given_up_is_found_until_it_is_confirmed(database: Database, ledger: Ledger) -> None:
    first, second, _ = three(ledger)
    collectable = Collectable(database)
    collectable.give_up(AT_ONCE)
    assert [one.number for one in Collectable(database).pending()] == [first, second]
    collectable.confirm([first])
    assert [one.number for one in collectable.pending()] == [second]
    assert collectable.standing([first, 99]).keys() == {first}
    assert collectable.standing([first])[first].given_up


@pytest.mark.parametrize("jump", [-HOUR, HOUR])
def test_a_clock_that_jumped_while_one_published_makes_nothing_go_too_early(
    database: Database, ledger: Ledger, jump: timedelta
) -> None:
    first, second, _ = three(ledger)
    at(database, 1, 3 * DAY)
    at(database, 2, DAY - 2 * HOUR)  # within the grace, and so is what was published after it
    at(database, 3, DAY - HOUR - jump)
    assert doomed(database) == []
    at(database, 3, DAY + HOUR)
    assert doomed(database) == []
    at(database, 3, -HOUR)  # from the future
    assert doomed(database) == []
    assert doomed(database, ahead=2 * HOUR + timedelta(minutes=1)) == [first]
    assert second not in doomed(database, ahead=2 * HOUR)


def test_the_newest_superseded_run_of_a_slot_is_kept_for_longer_where_asked(
    database: Database, ledger: Ledger
) -> None:
    first, second, _ = three(ledger)
    assert doomed(database, Policy(keep=7 * DAY), 2 * DAY) == [first]
    assert doomed(database, Policy(keep=7 * DAY), 8 * DAY) == [first, second]
    with database.writing() as connection:
        taken_back = update(runs).where(runs.c.number == second).values(rolled_back_at="2026")
        connection.execute(taken_back)
    assert doomed(database, Policy(keep=7 * DAY), 2 * DAY) == []  # a rollback would go to the first


@pytest.mark.parametrize("state", ["running", "paused"])
def test_what_an_open_backfill_has_replaced_stays_until_it_has_ended(
    database: Database, ledger: Ledger, state: str
) -> None:
    first, second, third = three(ledger)
    lost = brought(ledger, State.FAILED, title="b")
    ledger.assign("batch", [third, lost])
    with database.writing() as connection:
        connection.execute(
            insert(batches).values(name="batch", image="", titles=1, algorithms=[], planned_at="")
        )
        row = {"number": 1, "algorithm": "shots", "version": "1", "titles": [], "size": 1, "concurrency": 1}
        more = {"publish": "batch", "via": "local", "tolerance": 0.0, "created_at": "", "updated_at": ""}
        connection.execute(insert(backfills).values(**row, **more, state=state))
        connection.execute(insert(backfill_batches).values(backfill=1, batch="batch"))
    collectable = Collectable(database)
    assert doomed(database, ahead=9 * DAY) == []
    assert collectable.batches_in_use(AT_ONCE) == {"batch"}
    with database.writing() as connection:
        connection.execute(update(backfills).values(state="done"))
    assert doomed(database, ahead=9 * DAY) == [first, second, lost]
    assert collectable.batches_in_use(AT_ONCE) == set()


def test_a_grace_below_nothing_is_refused() -> None:
    with pytest.raises(RunError, match="less than nothing"):
        Policy(grace=-HOUR)


def test_many_runs_are_given_up_at_once(database: Database, ledger: Ledger) -> None:
    one = brought(ledger, State.FAILED)
    with database.writing() as connection:
        row = dict(connection.execute(runs.select().where(runs.c.number == one)).mappings().one())
        more = [row | {"number": one + n, "state": "planned"} for n in range(1, 1201)]
        connection.execute(insert(runs), more)
        planned = runs.c.state == "planned"
        connection.execute(update(runs).where(planned).values(state="cancelled"))
    collectable = Collectable(database)
    assert collectable.give_up(AT_ONCE) == 1201
    collectable.confirm([found.number for found in collectable.pending()])
    assert collectable.pending() == []
