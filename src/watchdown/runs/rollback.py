"""Rollback: readers see again what they saw before, slot by slot, all from one epoch on; and its undoing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, select

from watchdown.catalogue.tables import earlier_spans, runs
from watchdown.runs.publishing import Kind, flip, publish
from watchdown.runs.states import PUBLISHED, State
from watchdown.runs.steps import portions
from watchdown_schemas.errors import RunError


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """Which slots of an algorithm: those of some titles, or what some batches made; else all of them."""

    algorithm: str
    titles: Collection[str] | None = None
    batches: Collection[str] | None = None

    def has(self, run: Published) -> bool:
        """Whether a run is one that is meant, and not merely of such a slot."""
        return self.batches is None or run.batch in self.batches


class Published(NamedTuple):
    """A run that readers see or have seen."""

    number: int
    title: str
    version: str
    state: str
    batch: str | None
    visible_from: int
    visible_to: int | None
    rolled_back_at: str | None
    collected_at: str | None


class Change(NamedTuple):
    """What becomes of one slot: which run is hidden, and which is seen instead."""

    title: str
    hidden: int | None
    shown: int | None


class Left(NamedTuple):
    """A slot that stays as it is, and why."""

    title: str
    run: int | None
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Rollback:
    """What a rollback changes; `epoch` is None where nothing was changed, or was only to be told."""

    epoch: int | None
    changes: tuple[Change, ...]
    left: tuple[Left, ...]


def take_back(connection: Connection, scope: Scope, *, dry_run: bool = False) -> Rollback:
    """Hide the runs that readers see, and show what they saw before, where there was something.

    Raises RunError, with nothing changed, where what was seen before is removed.
    """
    changes: list[Change] = []
    left: list[Left] = []
    gone: list[Published] = []
    for title, found in _slots(connection, scope):
        active = next((run for run in found if run.state == State.ACTIVE), None)
        if active is None or not scope.has(active):
            left += _why(scope, title, found, active)
            continue
        before = _before(found)
        if before and before.collected_at:
            gone.append(before)
        changes.append(Change(title, active.number, before.number if before else None))
    _refuse(scope, gone)
    epoch = None
    if changes and not dry_run:
        shown = [change.shown for change in changes if change.shown is not None]
        epoch = flip(connection, shown, [change.hidden for change in changes if change.hidden is not None])
    return Rollback(epoch=epoch, changes=tuple(changes), left=tuple(left))


def show_again(connection: Connection, scope: Scope, *, dry_run: bool = False) -> Rollback:
    """Undo the last rollback within a scope: what it took back is seen again.

    Raises RunError, with nothing changed, where that is removed.
    """
    slots = dict(_slots(connection, scope))
    taken = [run for found in slots.values() for run in found if run.rolled_back_at and scope.has(run)]
    last = max((run.visible_to or 0 for run in taken), default=0)
    began = _began(connection, scope, last)
    changes: list[Change] = []
    left: list[Left] = []
    gone: list[Published] = []
    for run in (one for one in taken if one.visible_to == last):
        active = next((one for one in slots[run.title] if one.state == State.ACTIVE), None)
        if active and active.number not in began:
            left.append(Left(run.title, run.number, f"run {active.number} was published since"))
            continue
        if run.collected_at:
            gone.append(run)
        changes.append(Change(run.title, active.number if active else None, run.number))
    _refuse(scope, gone)
    epoch = None
    if changes and not dry_run:
        shown = [change.shown for change in changes if change.shown is not None]
        epoch = publish(connection, shown, Kind.SHOWN_AGAIN)
    return Rollback(epoch=epoch, changes=tuple(changes), left=tuple(left))


def _slots(connection: Connection, scope: Scope) -> Iterator[tuple[str, Sequence[Published]]]:
    """Yield the published runs of each slot, by title; of batches, only slots that are theirs."""
    columns = [runs.c[name] for name in Published._fields]
    statement = select(*columns).where(runs.c.algorithm == scope.algorithm, runs.c.state.in_(PUBLISHED))
    found: dict[str, list[Published]] = defaultdict(list)
    for some in _conditions(scope):
        for row in connection.execute(statement.where(*some).order_by(runs.c.title, runs.c.number)):
            found[row.title].append(Published(*row))
    for title in scope.titles or ():
        found.setdefault(title, [])  # a title that was named is told of, even where there is nothing
    for title, published in found.items():
        if scope.batches is None or any(map(scope.has, published)):
            yield title, published


def _conditions(scope: Scope) -> Iterator[tuple[ColumnElement[bool], ...]]:
    if scope.titles is None:
        yield ()
        return
    for some in portions(sorted(scope.titles)):
        yield (runs.c.title.in_(some),)


def _before(found: Iterable[Published]) -> Published | None:
    """Return the run that was seen last of those that were replaced, and not taken back."""
    replaced = [run for run in found if run.state == State.SUPERSEDED and run.rolled_back_at is None]
    return max(replaced, key=lambda run: run.visible_to or 0, default=None)


def _why(scope: Scope, title: str, found: Sequence[Published], active: Published | None) -> Iterator[Left]:
    """Yield why a slot is left as it is, where somebody would ask."""
    newest = max(filter(scope.has, found), key=lambda run: run.visible_from, default=None)
    number = newest.number if newest else None
    if newest and newest.rolled_back_at:
        yield Left(title, number, "was taken back already")
    elif active:
        yield Left(title, number, f"run {active.number} has taken its place since")
    elif scope.titles is not None or scope.batches is not None:
        yield Left(title, number, "readers see nothing of it")


def _began(connection: Connection, scope: Scope, epoch: int) -> set[int]:
    """Return the runs that readers began to see at an epoch."""
    own = select(runs.c.number).where(runs.c.visible_from == epoch, runs.c.algorithm == scope.algorithm)
    earlier = select(earlier_spans.c.run).where(earlier_spans.c.visible_from == epoch)
    found: set[int] = set(connection.execute(own).scalars())
    return found.union(connection.execute(earlier).scalars())


def _refuse(scope: Scope, gone: Sequence[Any]) -> None:
    if not gone:
        return
    first = gone[0]
    others = f" (and {len(gone) - 1} more)" if len(gone) > 1 else ""
    cause = f"of title {first.title} would be shown again{others}, but is removed; nothing was changed"
    remedy = (
        f"Name other titles with --in, or compute it again: install {scope.algorithm} {first.version}, then "
        f"watchdown backfill {scope.algorithm} --titles {first.title}"
    )
    raise RunError(f"run {first.number}", cause, remedy)
