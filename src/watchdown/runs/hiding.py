"""Hiding a title: from one epoch on no run of it is seen, nor any epoch in which one was."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from watchdown.catalogue.database import Database, now
from watchdown.catalogue.tables import batches, runs
from watchdown.load.clock import Clock, RealClock
from watchdown.runs import publishing
from watchdown.runs.collectable import expire, give_up, parts
from watchdown.runs.states import OPEN, State
from watchdown_schemas.errors import RunError


@dataclass(frozen=True, kw_only=True, slots=True)
class Hidden:
    """The runs of a title, all given up, and the batches that they were in."""

    runs: tuple[int, ...]
    batches: tuple[str, ...]


def looked_up(database: Database, title: str) -> Hidden:
    """Return a title's runs and batches, and change nothing."""
    with database.reading() as connection:
        return _of(connection, title)


def hide(database: Database, title: str, clock: Clock | None = None) -> Hidden:
    """Give up every run of a title, in one transaction; those that are open are cancelled.

    Raises RunError where one of them is in a batch that others are worked in, or that somebody holds.
    """
    with database.writing() as connection:
        found = _of(connection, title)
        _check(connection, title, found, (clock or RealClock()).now(connection))
        this, at = runs.c.title == title, now()
        given_up = runs.c.collected_at.is_not(None)
        if connection.execute(select(runs.c.number).where(this, ~given_up)).first() is None:
            return found
        _take_leases(connection, title)
        ended = {"state": State.CANCELLED, "updated_at": at, "error": "its title was forgotten"}
        connection.execute(update(runs).where(this, runs.c.state.in_(OPEN)).values(ended))
        epoch = publishing.begin(connection, publishing.Kind.FORGOTTEN)
        seen = connection.execute(select(runs.c.number).where(this, runs.c.state == State.ACTIVE))
        publishing.hide(connection, seen.scalars().all(), epoch)
        give_up(connection, found.runs, at)
        expire(connection, epoch)
    return found


def _of(connection: Connection, title: str) -> Hidden:
    statement = select(runs.c.number, runs.c.batch).where(runs.c.title == title).order_by(runs.c.number)
    rows = connection.execute(statement).all()
    return Hidden(
        runs=tuple(row.number for row in rows),
        batches=tuple(sorted({row.batch for row in rows if row.batch})),
    )


def _take_leases(connection: Connection, title: str) -> None:
    """Let nobody go on with what is open of a title: a lease that has ended may be its holder's still."""
    own = select(runs.c.batch).where(runs.c.title == title, runs.c.state.in_(OPEN))
    taken = {"holder": None, "lease_until": None, "token": batches.c.token + 1}
    connection.execute(update(batches).where(batches.c.name.in_(own)).values(taken))


def _check(connection: Connection, title: str, found: Hidden, at: float) -> None:
    for names in parts(found.batches):
        others = select(runs.c.batch).where(
            runs.c.batch.in_(names), runs.c.title != title, runs.c.state.in_(OPEN)
        )
        own = select(runs.c.batch).where(
            runs.c.batch.in_(names), runs.c.title == title, runs.c.state.in_(OPEN)
        )
        held = select(batches.c.name).where(batches.c.name.in_(own), batches.c.lease_until > at)
        for statement in (others, held):
            if batch := connection.execute(statement).scalars().first():
                remedy = "Wait for its end, or cancel its backfill: watchdown backfills list"
                raise RunError(f"batch {batch}", "has the title in it and is worked on", remedy)
