"""Views out of the ledger: which runs were visible at an epoch.

The newest view is made from one that is kept by what has changed since, so that a publication costs its
readers what it changed, not what the library holds.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import count
from typing import Final

from sqlalchemy import ColumnElement, CompoundSelect, Connection, or_, select, union

from watchdown.catalogue.tables import counters, earlier_spans, publications, runs
from watchdown.runs.publishing import in_their_slots
from watchdown.view import View, expired
from watchdown_schemas.errors import NotFound

KEPT: Final = 4
_SHADOWS: Final = count(1)  # what stores keep for an epoch is never taken for another view


class Views:
    """A few views by their epochs. Readers run at the same time: what is kept is replaced whole."""

    def __init__(self) -> None:
        self._kept: dict[int, View] = {}

    def of(self, connection: Connection, epoch: int | None) -> View:
        """Return what readers see now, or saw at an epoch; CursorExpired where it is kept no more."""
        newest = counted(connection, "epoch")
        at = newest if epoch is None else epoch
        if not 0 <= at <= newest:
            raise NotFound(str(at), "is no epoch of this library", f"The newest is {newest}.")
        if 0 < at < newest and at < counted(connection, "oldest"):
            raise expired(at)
        if (view := self._kept.get(at)) is None:
            before = max((known for known in self._kept if known < at), default=None)
            visible: frozenset[int]
            if at == newest and before is not None:
                visible = _later(connection, self._kept[before])
            else:
                visible = frozenset(connection.execute(_at(at)).scalars())
            view = View(epoch=at, last_run=_last_run(connection, at), visible=visible)
        self._kept = {**dict(list(self._kept.items())[1 - KEPT :]), at: view}
        return view

    def is_of_epoch(self, view: View) -> bool:
        """Whether a view is one that was given here, be it within titles."""
        kept = self._kept.get(view.epoch)
        return kept is not None and kept.visible is view.visible


def models(connection: Connection, view: View, *, of_epoch: bool) -> dict[str, set[str]]:
    """Return the fingerprints of the models behind visible runs, by algorithm.

    Where the view is just what its epoch shows, the database sorts them out itself.
    """
    known = runs.c.model.is_not(None)
    found: dict[str, set[str]] = {}
    if of_epoch:
        pair = (runs.c.algorithm, runs.c.model)
        visible = select(*pair).where(known, *_spans(view.epoch)).distinct()
        earlier = select(*pair).join(earlier_spans).where(known, *_earlier(view.epoch)).distinct()
        for algorithm, model in connection.execute(union(visible, earlier)):
            found.setdefault(algorithm, set()).add(model)
        return found
    statement = select(runs.c.number, runs.c.algorithm, runs.c.model).where(known)
    for number, algorithm, model in connection.execute(statement):
        if number in view.visible:
            found.setdefault(algorithm, set()).add(model)
    return found


def with_runs(connection: Connection, view: View, numbers: Collection[int]) -> View:
    """Return a view in which runs stand in the places of those that are active in their slots."""
    visible = (view.visible - frozenset(in_their_slots(connection, numbers))) | frozenset(numbers)
    return View(epoch=-next(_SHADOWS), last_run=max(visible, default=view.last_run), visible=visible)


def counted(connection: Connection, counter: str) -> int:
    """Return what a counter is at."""
    value: int = connection.execute(select(counters.c.value).where(counters.c.name == counter)).scalar_one()
    return value


def _at(epoch: int) -> CompoundSelect[int]:
    earlier = select(earlier_spans.c.run).where(*_earlier(epoch))
    return union(select(runs.c.number).where(*_spans(epoch)), earlier)


def _spans(epoch: int) -> tuple[ColumnElement[bool], ...]:
    later = or_(runs.c.visible_to.is_(None), runs.c.visible_to > epoch)
    return (runs.c.visible_from <= epoch, later)


def _earlier(epoch: int) -> tuple[ColumnElement[bool], ...]:
    return (earlier_spans.c.visible_from <= epoch, earlier_spans.c.visible_to > epoch)


def _later(connection: Connection, known: View) -> frozenset[int]:
    """Return what is visible now, by what has changed since a view: a run's newest span tells all of that."""
    changed = union(
        select(runs.c.number, runs.c.visible_to).where(runs.c.visible_from > known.epoch),
        select(runs.c.number, runs.c.visible_to).where(runs.c.visible_to > known.epoch),
    )
    ends: dict[int, int | None] = dict(map(tuple, connection.execute(changed)))
    shown = {number for number, end in ends.items() if end is None}
    return (known.visible - ends.keys()) | shown


def _last_run(connection: Connection, epoch: int) -> int:
    statement = select(publications.c.last_run).where(publications.c.epoch == epoch)
    return connection.execute(statement).scalar_one_or_none() or 0
