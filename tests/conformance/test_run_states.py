"""The table of steps: the database has it too, and refuses every other change whoever asks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, select, text
from sqlalchemy.exc import IntegrityError

from catalogue.databases import DRIVERS, fresh
from runs.ledgers import brought, new_database
from watchdown.catalogue.database import Database
from watchdown.catalogue.tables import run_steps, runs
from watchdown.runs.ledger import Ledger
from watchdown.runs.states import BY, STEPS, TABLE, Actor, State
from watchdown_schemas.errors import RunError

PAST_OUR_CODE = "UPDATE runs SET state = :state WHERE number = :number"


class Undone(Exception):
    """Ends a transaction without a trace."""


@pytest.fixture(params=DRIVERS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with fresh(request, request.param, tmp_path) as address:
        opened = new_database(address)
        yield opened
        opened.close()


def is_taken(database: Database, statement: str, **values: object) -> bool:
    """Say whether the database takes a statement; nothing of it stays."""

    def attempt(connection: Connection) -> None:
        connection.execute(text(statement), values)
        raise Undone

    try:
        with database.writing() as connection:
            attempt(connection)
    except Undone:
        return True
    except IntegrityError:
        return False
    raise AssertionError


def test_the_table_of_the_database_is_that_of_the_code(database: Database) -> None:
    with database.reading() as connection:
        found = {(row.from_state, row.to_state) for row in connection.execute(select(run_steps))}
    # A run whose worker died is started again, which changes no state.
    assert found == {(step.before, step.after) for step in TABLE}


@pytest.mark.parametrize("before", State)
def test_raw_sql_takes_the_steps_of_the_table_and_no_other(database: Database, before: State) -> None:
    number = brought(Ledger(database), before, algorithm=before)
    if before is State.SUPERSEDED:  # its slot has an active run, of which there is never a second
        with database.writing() as connection:
            connection.execute(text("UPDATE runs SET state = 'superseded' WHERE state = 'active'"))
    taken = {after for after in State if is_taken(database, PAST_OUR_CODE, state=after, number=number)}
    assert taken == STEPS[before] | {before}


@pytest.mark.parametrize("state", State)
def test_a_run_begins_as_planned_and_as_nothing_else(database: Database, state: State) -> None:
    facts = "'a', 'a.1', 'shots', '1', 'k', '{}', '[]', '', ''"
    columns = "title, timeline, algorithm, version, memo_key, counts, warnings, created_at, updated_at"
    entered = f"INSERT INTO runs (number, state, {columns}) VALUES (7, :state, {facts})"
    assert is_taken(database, entered, state=state) is (state is State.PLANNED)


def test_what_is_no_state_at_all_is_refused(database: Database) -> None:
    number = brought(Ledger(database), State.RUNNING)
    assert not is_taken(database, PAST_OUR_CODE, state="lost", number=number)


def test_a_run_that_is_removed_is_never_seen_again_and_stays_removed(database: Database) -> None:
    ledger = Ledger(database)
    old, active = brought(ledger, State.ACTIVE), brought(ledger, State.ACTIVE, key="k2")
    remove = "UPDATE runs SET collected_at = :at WHERE number = :number"
    assert not is_taken(database, remove, at="now", number=active)
    assert is_taken(database, remove, at="now", number=old)
    with database.writing() as connection:
        connection.execute(text(remove), {"at": "now", "number": old})
        connection.execute(text(PAST_OUR_CODE), {"state": State.SUPERSEDED, "number": active})
    assert not is_taken(database, PAST_OUR_CODE, state=State.ACTIVE, number=old)
    assert not is_taken(database, remove, at=None, number=old)
    with pytest.raises(RunError, match=rf"run {old}: was removed, and cannot be shown any more\. Compute it"):
        ledger.publish([old])


def test_every_state_but_those_that_end_a_run_has_a_way_on_for_somebody() -> None:
    assert {state for state in State if not STEPS[state]} == {"failed", "cancelled", "quarantined"}
    assert all(step.by and step.why for step in TABLE)
    assert len(BY) == len(TABLE)


def test_a_step_that_is_not_for_somebody_to_take_is_refused(database: Database) -> None:
    ledger = Ledger(database)
    number = brought(ledger, State.STAGED)
    with pytest.raises(RunError, match=r"is staged, and the loader cannot make it validated\. That"):
        ledger.steps({number: (State.VALIDATED, {})}, by=Actor.LOADER)
    assert ledger.steps({number: (State.VALIDATED, {})}, by=Actor.VALIDATOR) == [number]


def test_many_steps_are_taken_all_or_none(database: Database) -> None:
    ledger = Ledger(database)
    good = brought(ledger, State.STAGED, title="a")
    ended = brought(ledger, State.FAILED, title="b")
    moves = {good: (State.VALIDATED, {"warnings": ["odd"]}), ended: (State.VALIDATED, {})}
    with pytest.raises(RunError, match=rf"run {ended}: is failed and cannot become validated"):
        ledger.steps(moves)
    assert ledger.get(good).state is State.STAGED
    assert ledger.steps(moves, leave_ended=True) == [good]
    assert [run.state for run in ledger.runs()] == [State.VALIDATED, State.FAILED]
    assert ledger.get(good).warnings == ["odd"]


def test_thousands_of_runs_are_moved_and_published_together(database: Database) -> None:
    slots = [{"algorithm": f"a{n}", "title": title} for n in range(2_000) for title in "abc"]
    rows = [
        {"number": number, "timeline": "a.1", "version": "1", "memo_key": "k", "state": State.PLANNED, **slot}
        | {"counts": {}, "warnings": [], "created_at": "", "updated_at": ""}
        for number, slot in enumerate(slots, 1)
    ]
    with database.writing() as connection:
        connection.execute(insert(runs), rows)
    ledger, numbers = Ledger(database), range(1, len(rows) + 1)
    for state in (State.RUNNING, State.STAGED, State.VALIDATED, State.LOADED):
        ledger.steps({number: (state, {"counts": {"Shot": number}}) for number in numbers})
    ledger.publish(numbers)
    assert ledger.view().visible == set(numbers)
    assert ledger.get(4_321).counts == {"Shot": 4_321}
