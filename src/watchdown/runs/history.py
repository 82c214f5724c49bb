"""History: what each publication changed, as the ledger's spans tell it, counted by the database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Subquery, func, literal, select, true, union_all

from watchdown.catalogue.tables import backfill_batches, earlier_spans, publications, runs
from watchdown.runs.publishing import Kind
from watchdown.runs.steps import portions

SHOWN: Final = "shown"
HIDDEN: Final = "hidden"


@dataclass(frozen=True, kw_only=True, slots=True)
class Publication:
    """What changed at an epoch: how many runs came into view and left it, by algorithm and version.

    `at` is when, in ISO 8601; `shown_runs` and `hidden_runs` are numbers where it is the history of a title.
    """

    epoch: int
    at: str
    kind: Kind
    titles: int
    shown: Mapping[str, int]
    hidden: Mapping[str, int]
    batches: tuple[str, ...]
    backfills: tuple[int, ...]
    shown_runs: tuple[int, ...]
    hidden_runs: tuple[int, ...]


def history(connection: Connection, *, title: str | None, limit: int) -> list[Publication]:
    """Return the newest publications, newest first; of a title, those that changed it."""
    of_title: ColumnElement[bool] = true() if title is None else runs.c.title == title
    statement = select(publications).order_by(publications.c.epoch.desc()).limit(limit)
    if title is not None:
        changes = _changes(of_title)
        statement = statement.where(publications.c.epoch.in_(select(changes.c.epoch)))
    found = connection.execute(statement).all()
    if not found:
        return []
    changes = _changes(of_title, found[-1].epoch, found[0].epoch)
    counts = _counts(connection, changes)
    titles = dict(map(tuple, connection.execute(_titles(changes))))
    numbers = _numbers(connection, changes) if title is not None else {}
    batches = _batches(connection, changes)
    backfills = _backfills(connection, {name for names in batches.values() for name in names})
    return [
        Publication(
            epoch=row.epoch,
            at=row.at,
            kind=Kind(row.kind),
            titles=titles.get(row.epoch, 0),
            shown=counts.get((row.epoch, SHOWN), {}),
            hidden=counts.get((row.epoch, HIDDEN), {}),
            batches=tuple(batches.get(row.epoch, ())),
            backfills=tuple(
                sorted({one for name in batches.get(row.epoch, ()) for one in backfills.get(name, ())})
            ),
            shown_runs=tuple(numbers.get((row.epoch, SHOWN), ())),
            hidden_runs=tuple(numbers.get((row.epoch, HIDDEN), ())),
        )
        for row in found
    ]


def _changes(which: ColumnElement[bool], first: int = 0, last: int | None = None) -> Subquery:
    """Return epoch, run and whether it came or went, for each time that a run did between two epochs."""
    joined = runs.join(earlier_spans)
    parts = []
    for table, source in ((runs, runs), (earlier_spans, joined)):
        for column, what in ((table.c.visible_from, SHOWN), (table.c.visible_to, HIDDEN)):
            within = [column >= first, *([] if last is None else [column <= last])]
            part = select(column.label("epoch"), runs.c.number.label("run"), literal(what).label("what"))
            parts.append(part.select_from(source).where(which, *within))
    return union_all(*parts).subquery()


def _counts(connection: Connection, changes: Subquery) -> dict[tuple[int, str], dict[str, int]]:
    group = (changes.c.epoch, changes.c.what, runs.c.algorithm, runs.c.version)
    joined = changes.join(runs, runs.c.number == changes.c.run)
    statement = select(*group, func.count()).select_from(joined).group_by(*group).order_by(*group)
    found: dict[tuple[int, str], dict[str, int]] = defaultdict(dict)
    for epoch, what, algorithm, version, count in connection.execute(statement):
        found[epoch, what][f"{algorithm} {version}"] = count
    return found


def _titles(changes: Subquery) -> Any:
    joined = changes.join(runs, runs.c.number == changes.c.run)
    counted = func.count(runs.c.title.distinct())
    return select(changes.c.epoch, counted).select_from(joined).group_by(changes.c.epoch)


def _numbers(connection: Connection, changes: Subquery) -> dict[tuple[int, str], list[int]]:
    found: dict[tuple[int, str], list[int]] = defaultdict(list)
    for epoch, run, what in connection.execute(select(changes).order_by(changes.c.run)):
        found[epoch, what].append(run)
    return found


def _batches(connection: Connection, changes: Subquery) -> dict[int, Sequence[str]]:
    """Return by epoch the batches whose runs came or went."""
    joined = changes.join(runs, runs.c.number == changes.c.run)
    pair = (changes.c.epoch, runs.c.batch)
    statement = select(*pair).select_from(joined).where(runs.c.batch.is_not(None), changes.c.what == SHOWN)
    found: dict[int, list[str]] = defaultdict(list)
    for epoch, batch in connection.execute(statement.distinct().order_by(*pair)):
        found[epoch].append(batch)
    return dict(found)


def _backfills(connection: Connection, batches: Iterable[str]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for some in portions(sorted(batches)):
        wanted = backfill_batches.c.batch.in_(some)
        for number, batch in connection.execute(select(backfill_batches).where(wanted)):
            found[batch].append(number)
    return found
