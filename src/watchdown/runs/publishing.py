"""The flip: runs become what readers see, those in their places do no more, all at one epoch.

A few statements, whatever the number of runs, and none that touches a record.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, literal, select, tuple_, update

from watchdown.catalogue.database import now
from watchdown.catalogue.tables import counters, earlier_spans, publications, runs
from watchdown.load.clock import RealClock, iso
from watchdown.runs.states import Actor, State
from watchdown.runs.steps import check, next_of, portions, read_all
from watchdown_schemas.errors import RunError

_AGAIN: Final = "See what is seen now with: watchdown runs"


class Kind(StrEnum):
    """What a publication was for."""

    PUBLISHED = "published"
    TAKEN_BACK = "taken back"
    SHOWN_AGAIN = "shown again"
    FORGOTTEN = "forgotten"


def publish(connection: Connection, numbers: Iterable[int], kind: Kind = Kind.PUBLISHED) -> int:
    """Show loaded or superseded runs instead of those that are active in their slots; return the epoch.

    Raises NotFound or RunError, with nothing changed, where one of them cannot be shown.
    """
    wanted = list(dict.fromkeys(numbers))
    actor = Actor.PUBLISHER if kind is Kind.PUBLISHED else Actor.PERSON
    _check(read_all(connection, wanted), actor)
    epoch = begin(connection, kind)
    for some in portions(wanted):
        slots = select(runs.c.title, runs.c.algorithm).where(runs.c.number.in_(some))
        there = (runs.c.state == State.ACTIVE) & tuple_(runs.c.title, runs.c.algorithm).in_(slots)
        hide(connection, there, epoch)
    show(connection, wanted, epoch)
    return epoch


def flip(connection: Connection, shown: Collection[int], taken_back: Collection[int]) -> int:
    """Take active runs back, and show others instead; return the epoch."""
    rows = read_all(connection, taken_back)
    for number in taken_back:
        check(number, State(rows[number].state), State.SUPERSEDED, Actor.PERSON)
    _check(read_all(connection, shown), Actor.PERSON)
    epoch = begin(connection, Kind.TAKEN_BACK)
    for some in portions(taken_back):
        hide(connection, runs.c.number.in_(some), epoch, rolled_back_at=now())
    show(connection, shown, epoch)
    return epoch


def hide(connection: Connection, which: Any, epoch: int, **facts: Any) -> None:
    """Let active runs be seen no more from an epoch on."""
    values = {"state": State.SUPERSEDED, "visible_to": epoch, "updated_at": now(), **facts}
    connection.execute(update(runs).where(which).values(values))


def show(connection: Connection, numbers: Collection[int], epoch: int) -> None:
    """Let runs be seen from an epoch on; when they were seen before stays known."""
    values = {"state": State.ACTIVE, "visible_from": epoch, "visible_to": None, "rolled_back_at": None}
    span = select(runs.c.number, runs.c.visible_from, runs.c.visible_to)
    for some in portions(numbers):
        these = runs.c.number.in_(some)
        seen = span.where(these, runs.c.visible_from.is_not(None))
        connection.execute(insert(earlier_spans).from_select(["run", "visible_from", "visible_to"], seen))
        connection.execute(update(runs).where(these).values(values | {"updated_at": now()}))


def begin(connection: Connection, kind: Kind) -> int:
    """Raise the epoch and note when that was, by the time that all processes agree on: grace begins then."""
    epoch = next_of(connection, "epoch")
    last_run = select(counters.c.value).where(counters.c.name == "run").scalar_subquery()
    row = select(literal(epoch), literal(iso(RealClock().now(connection))), last_run, literal(kind.value))
    connection.execute(insert(publications).from_select(["epoch", "at", "last_run", "kind"], row))
    return epoch


def _check(rows: Mapping[int, Row[Any]], actor: Actor) -> None:
    slots: dict[tuple[str, str], int] = {}
    for number, row in rows.items():
        before = State(row.state)
        by = None if before is State.SUPERSEDED else actor
        check(number, before, State.ACTIVE, by)
        if row.collected_at is not None:
            remedy = f"Compute it again with: watchdown backfill {row.algorithm} --titles {row.title} --again"
            raise RunError(f"run {number}", "was removed, and cannot be shown any more", remedy)
        other = slots.setdefault((row.title, row.algorithm), number)
        if other != number:
            cause = f"and run {other} are both of {row.algorithm} over title {row.title}"
            raise RunError(f"run {number}", cause, "Publish one of them")
