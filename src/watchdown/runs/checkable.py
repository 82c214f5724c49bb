"""The ledger's side of a check: which rows must be in the store, and which runs nobody works on any more."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, or_, select, update

from watchdown.catalogue.database import Database
from watchdown.catalogue.tables import batches, runs
from watchdown.load.clock import Clock, RealClock
from watchdown.runs.collectable import parts
from watchdown.runs.faults import Expected
from watchdown.runs.states import PUBLISHED, State

WHOLE: Final = (State.LOADED, *PUBLISHED)
AT_WORK: Final = (State.RUNNING, State.STAGED, State.VALIDATED, State.LOADED)
STUCK_S: Final = 3_600.0
LOST: Final = "!"  # begins the memo key of a run whose rows were lost: no plan takes it for done


@dataclass(frozen=True, kw_only=True, slots=True)
class Stuck:
    """An open run that nobody has worked on for long."""

    number: int
    title: str
    algorithm: str
    state: State
    origin: str
    since: str


class Standing(NamedTuple):
    """The state of a run, whether it was given up, and whether its rows are said to be removed."""

    state: State
    given_up: bool
    removed: bool


class Checkable:
    """Runs as a check needs them; every method is one transaction."""

    def __init__(self, database: Database, clock: Clock | None = None) -> None:
        self._database = database
        self._clock = clock or RealClock()

    def whole(self, title: str | None = None) -> list[Expected]:
        """Return the runs, of one title or of all, whose rows must be in the store whole."""
        with self._database.reading() as connection:
            return _expected(connection, title, WHOLE)

    def filled(self) -> list[Expected]:
        """Return the runs whose rows are, or are about to be, in the store."""
        with self._database.reading() as connection:
            return _expected(connection, None, (State.VALIDATED, *WHOLE))

    def standing(self, numbers: Collection[int]) -> Mapping[int, Standing]:
        """Return where runs stand; those not known are not in it."""
        found: dict[int, Standing] = {}
        columns = (runs.c.number, runs.c.state, runs.c.collected_at, runs.c.removed_at)
        with self._database.reading() as connection:
            for some in parts(sorted(numbers)):
                for row in connection.execute(select(*columns).where(runs.c.number.in_(some))):
                    given_up, removed = row.collected_at is not None, row.removed_at is not None
                    found[row.number] = Standing(State(row.state), given_up, removed)
        return found

    def stuck(self, title: str | None = None) -> list[Stuck]:
        """Return the runs that were begun, and that nobody holds or has touched for an hour."""
        with self._database.reading() as connection:
            now = self._clock.now(connection)
            before = datetime.fromtimestamp(now - STUCK_S, UTC).isoformat(timespec="milliseconds")
            free = or_(batches.c.lease_until.is_(None), batches.c.lease_until < now)
            statement = (
                select(runs)
                .outerjoin(batches, batches.c.name == runs.c.batch)
                .where(runs.c.state.in_(AT_WORK), runs.c.updated_at < before, free)
                .order_by(runs.c.number)
            )
            if title is not None:
                statement = statement.where(runs.c.title == title)
            return [
                Stuck(
                    number=row.number,
                    title=row.title,
                    algorithm=row.algorithm,
                    state=State(row.state),
                    origin=row.origin,
                    since=row.updated_at,
                )
                for row in connection.execute(statement)
            ]

    def give_up(self, number: int) -> None:
        """Let a run no longer count as done, so that the next plan computes it again; it stays visible."""
        key = select(runs.c.memo_key).where(runs.c.number == number)
        with self._database.writing() as connection:
            known: str = connection.execute(key).scalar_one()
            if not known.startswith(LOST):
                values = {"memo_key": f"{LOST}{known}"}
                connection.execute(update(runs).where(runs.c.number == number).values(values))

    def note_digests(self, number: int, digests: Mapping[str, str]) -> None:
        """Note what the rows of a run hash to, where that is not known yet."""
        this = (runs.c.number == number) & runs.c.digests.is_(None)
        with self._database.writing() as connection:
            connection.execute(update(runs).where(this).values(digests=dict(digests)))


def _expected(connection: Connection, title: str | None, states: Collection[State]) -> list[Expected]:
    columns: tuple[Any, ...] = (
        runs.c.number,
        runs.c.title,
        runs.c.algorithm,
        runs.c.state,
        runs.c.model,
        runs.c.counts,
        runs.c.digests,
    )
    # What was given up for lost, and has been computed again, needs no rows.
    replaced = (runs.c.state == State.SUPERSEDED) & runs.c.memo_key.startswith(LOST, autoescape=True)
    statement = (
        select(*columns)
        .where(runs.c.state.in_(states), runs.c.collected_at.is_(None), ~replaced)
        .order_by(runs.c.number)
    )
    if title is not None:
        statement = statement.where(runs.c.title == title)
    return [
        Expected(
            number=row.number,
            title=row.title,
            algorithm=row.algorithm,
            state=State(row.state),
            model=row.model,
            counts=row.counts,
            digests=row.digests,
        )
        for row in connection.execute(statement)
    ]
