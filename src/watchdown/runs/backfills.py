"""Backfills as things that last: what was asked for, how it stands, and which batches are in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Literal

from sqlalchemy import Connection, Row, insert, select, update

from watchdown.catalogue.database import Database, now
from watchdown.catalogue.tables import backfill_batches, backfills, batches, counters
from watchdown_schemas.errors import NotFound, RunError

Publish = Literal["batch", "all", "later"]
Via = Literal["local", "airflow"]
_SEE: Final = "See all with: watchdown backfills list"


class BackfillState(StrEnum):
    """How a backfill stands: it goes on, waits for somebody's word, or has ended."""

    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


GOES_ON: Final = (BackfillState.RUNNING, BackfillState.PAUSED)
_STEPS: Final = {
    BackfillState.RUNNING: frozenset(BackfillState) - {BackfillState.RUNNING},
    BackfillState.PAUSED: frozenset({BackfillState.RUNNING, BackfillState.CANCELLED}),
    BackfillState.DONE: frozenset({BackfillState.RUNNING}),
    BackfillState.FAILED: frozenset({BackfillState.RUNNING}),
    BackfillState.CANCELLED: frozenset[BackfillState](),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What somebody wants of a backfill. `rate` is in documents/s, `tolerance` the share that may fail."""

    algorithm: str
    version: str
    titles: Sequence[str] = ()
    size: int
    rate: float | None = None
    concurrency: int = 1
    publish: Publish = "batch"
    via: Via = "local"
    tolerance: float = 0.0
    priority: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Backfill(Asked):
    """A backfill by its number; `handle` is what its executor knows it by."""

    number: int
    state: BackfillState
    handle: str | None
    created_at: str
    updated_at: str

    @property
    def is_generation(self) -> bool:
        """Whether what it makes stays hidden beside what readers see, until all is shown at one moment."""
        return self.publish != "batch"

    @property
    def goes_on(self) -> bool:
        """Whether it has not ended."""
        return self.state in GOES_ON


class Backfills:
    """The backfills of a library; every method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, asked: Asked) -> Backfill:
        """Return a new backfill, or the one that goes on of the same algorithm, version and titles.

        What is asked for now counts from now on. One that somebody paused stays so.
        """
        wanted = sorted(set(asked.titles))
        values: dict[str, Any] = {
            "size": asked.size,
            "rate": asked.rate,
            "concurrency": asked.concurrency,
            "publish": asked.publish,
            "via": asked.via,
            "tolerance": asked.tolerance,
            "priority": asked.priority,
            "updated_at": now(),
        }
        with self._database.writing() as connection:
            alike = (backfills.c.algorithm == asked.algorithm) & (backfills.c.version == asked.version)
            open_ones = backfills.c.state.in_(GOES_ON)
            rows = connection.execute(select(backfills).where(alike, open_ones).order_by(backfills.c.number))
            number = next((row.number for row in rows if sorted(row.titles) == wanted), None)
            if number is None:
                number = _next(connection)
                values |= {"algorithm": asked.algorithm, "version": asked.version, "titles": wanted}
                values |= {"state": BackfillState.RUNNING, "created_at": values["updated_at"]}
                connection.execute(insert(backfills).values(number=number, **values))
            else:
                connection.execute(update(backfills).where(backfills.c.number == number).values(values))
            return _get(connection, number)

    def get(self, number: int) -> Backfill:
        """Return a backfill; NotFound when there is none of that number."""
        with self._database.reading() as connection:
            return _get(connection, number)

    def list(self, *, going_on: bool = False) -> Sequence[Backfill]:
        """Return all backfills, newest first, or those that go on."""
        statement = select(backfills).order_by(backfills.c.number.desc())
        if going_on:
            statement = statement.where(backfills.c.state.in_(GOES_ON))
        with self._database.reading() as connection:
            return [_backfill(row) for row in connection.execute(statement)]

    def step(self, number: int, state: BackfillState) -> Backfill:
        """Bring a backfill to a state, be it there already; RunError where its own forbids that."""
        with self._database.writing() as connection:
            found = _get(connection, number)
            if state is found.state:
                return found
            if state not in _STEPS[found.state]:
                cause = f"is {found.state} and cannot become {state}"
                raise RunError(f"backfill {number}", cause, _SEE)
            return _set(connection, number, state=state)

    def note(self, number: int, **values: Any) -> Backfill:
        """Note the `handle` of its executor, or another `rate`."""
        with self._database.writing() as connection:
            return _set(connection, number, **values)

    def hold(self, number: int, names: Iterable[str]) -> None:
        """Enter batches into a backfill; those that are in it stay."""
        with self._database.writing() as connection:
            there = set(connection.execute(_batches_of(number)).scalars())
            rows = [{"backfill": number, "batch": name} for name in dict.fromkeys(names) if name not in there]
            if rows:
                connection.execute(insert(backfill_batches), rows)

    def batches(self, number: int) -> Sequence[str]:
        """Return the batches of a backfill, in the order in which they were planned."""
        with self._database.reading() as connection:
            return list(connection.execute(_batches_of(number)).scalars())

    def of_batch(self, batch: str) -> Sequence[Backfill]:
        """Return the backfills that a batch is in, newest first."""
        statement = (
            select(backfills)
            .join(backfill_batches, backfill_batches.c.backfill == backfills.c.number)
            .where(backfill_batches.c.batch == batch)
            .order_by(backfills.c.number.desc())
        )
        with self._database.reading() as connection:
            return [_backfill(row) for row in connection.execute(statement)]

    def only_of(self, number: int) -> Sequence[str]:
        """Return the batches that no other backfill which goes on has."""
        others = (
            select(backfill_batches.c.batch)
            .join(backfills, backfill_batches.c.backfill == backfills.c.number)
            .where(backfills.c.number != number, backfills.c.state.in_(GOES_ON))
        )
        with self._database.reading() as connection:
            taken = set(connection.execute(others).scalars())
            return [name for name in connection.execute(_batches_of(number)).scalars() if name not in taken]


def _batches_of(number: int) -> Any:
    return (
        select(backfill_batches.c.batch)
        .join(batches, batches.c.name == backfill_batches.c.batch)
        .where(backfill_batches.c.backfill == number)
        .order_by(batches.c.planned_at, batches.c.name)
    )


def _next(connection: Connection) -> int:
    statement = (
        update(counters)
        .where(counters.c.name == "backfill")
        .values(value=counters.c.value + 1)
        .returning(counters.c.value)
    )
    value: int = connection.execute(statement).scalar_one()
    return value


def _get(connection: Connection, number: int) -> Backfill:
    row = connection.execute(select(backfills).where(backfills.c.number == number)).first()
    if row is None:
        raise NotFound(str(number), "is no backfill of this library", _SEE)
    return _backfill(row)


def _set(connection: Connection, number: int, **values: Any) -> Backfill:
    changed = update(backfills).where(backfills.c.number == number).values(**values, updated_at=now())
    connection.execute(changed)
    return _get(connection, number)


def _backfill(row: Row[Any]) -> Backfill:
    values: dict[str, Any] = dict(row._mapping)  # noqa: SLF001 - the documented mapping of a row
    values["state"] = BackfillState(values["state"])
    values["titles"] = tuple(values["titles"])
    return Backfill(**values)
