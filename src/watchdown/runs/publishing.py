"""The flip: runs become what readers see, those in their places do no more, all at one epoch.

A few statements, whatever the number of runs, and none that touches a record.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, insert, literal, select, update

from watchdown.catalogue.database import now
from watchdown.catalogue.tables import counters, earlier_spans, publications, runs
from watchdown.load.clock import RealClock, iso
from watchdown.runs.states import Actor, State
from watchdown.runs.steps import check, next_of, portions, read
from watchdown_schemas.errors import RunError


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
    seen = _check(connection, wanted, actor)
    epoch = begin(connection, kind)
    hide(connection, in_their_slots(connection, wanted), epoch)
    show(connection, wanted, epoch, seen=seen)
    return epoch


def flip(connection: Connection, shown: Collection[int], taken_back: Collection[int]) -> int:
    """Take active runs back, and show others instead; return the epoch."""
    for row in read(connection, taken_back, runs.c.state):
        check(row.number, State(row.state), State.SUPERSEDED, Actor.PERSON)
    seen = _check(connection, shown, Actor.PERSON)
    epoch = begin(connection, Kind.TAKEN_BACK)
    hide(connection, taken_back, epoch, rolled_back_at=now())
    show(connection, shown, epoch, seen=seen)
    return epoch


def hide(connection: Connection, numbers: Collection[int], epoch: int, **facts: Any) -> None:
    """Let active runs be seen no more from an epoch on."""
    values = {"state": State.SUPERSEDED, "visible_to": epoch, "updated_at": now(), **facts}
    for some in portions(numbers):
        connection.execute(update(runs).where(runs.c.number.in_(some)).values(values))


def show(connection: Connection, numbers: Collection[int], epoch: int, *, seen: Collection[int]) -> None:
    """Let runs be seen from an epoch on; when those that were `seen` before were so stays known."""
    for some in portions(seen):
        span = select(runs.c.number, runs.c.visible_from, runs.c.visible_to).where(runs.c.number.in_(some))
        connection.execute(insert(earlier_spans).from_select(["run", "visible_from", "visible_to"], span))
    values = {"state": State.ACTIVE, "visible_from": epoch, "visible_to": None, "rolled_back_at": None}
    for some in portions(numbers):
        this = runs.c.number.in_(some)
        connection.execute(update(runs).where(this).values(values | {"updated_at": now()}))


def in_their_slots(connection: Connection, numbers: Collection[int]) -> list[int]:
    """Return the runs that are active in the slots of others."""
    active, same = runs.alias("active"), (runs.c.title, runs.c.algorithm)
    there = (active.c.title == same[0]) & (active.c.algorithm == same[1]) & (active.c.state == State.ACTIVE)
    joined = select(active.c.number).select_from(runs.join(active, there))
    found: list[int] = []
    for some in portions(numbers):
        found += connection.execute(joined.where(runs.c.number.in_(some))).scalars()
    return found


def begin(connection: Connection, kind: Kind) -> int:
    """Raise the epoch and note when that was, by the time that all processes agree on: grace begins then."""
    epoch = next_of(connection, "epoch")
    last_run = select(counters.c.value).where(counters.c.name == "run").scalar_subquery()
    row = select(literal(epoch), literal(iso(RealClock().now(connection))), last_run, literal(kind.value))
    connection.execute(insert(publications).from_select(["epoch", "at", "last_run", "kind"], row))
    return epoch


def _check(connection: Connection, numbers: Collection[int], actor: Actor) -> list[int]:
    """Raise where one of these runs cannot be shown; return those that were seen before."""
    slots: dict[tuple[str, str], int] = {}
    columns = (runs.c.title, runs.c.algorithm, runs.c.state, runs.c.visible_from, runs.c.collected_at)
    seen: list[int] = []
    for row in read(connection, numbers, *columns):
        number, before = row.number, State(row.state)
        check(number, before, State.ACTIVE, None if before is State.SUPERSEDED else actor)
        if row.collected_at is not None:
            remedy = f"Compute it again with: watchdown backfill {row.algorithm} --titles {row.title} --again"
            raise RunError(f"run {number}", "was removed, and cannot be shown any more", remedy)
        other = slots.setdefault((row.title, row.algorithm), number)
        if other != number:
            cause = f"and run {other} are both of {row.algorithm} over title {row.title}"
            raise RunError(f"run {number}", cause, "Publish one of them")
        if row.visible_from is not None:
            seen.append(number)
    return seen
