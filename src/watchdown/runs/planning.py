"""Runs entered into the ledger many at once: a few statements, whatever their number."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final, TypeAlias

from sqlalchemy import ColumnElement, Connection, insert, literal_column, select, update

from watchdown.catalogue.database import now
from watchdown.catalogue.tables import runs
from watchdown.runs.states import OPEN, State
from watchdown.runs.steps import next_of, portions
from watchdown.runs.wanted import COUNTING, WRITTEN, Past, PlannedRun, outdated, settled

Slots: TypeAlias = Mapping[str, Mapping[str, Sequence[Past]]]  # by title and algorithm
_COLUMNS: Final = (
    runs.c.number,
    runs.c.title,
    runs.c.algorithm,
    runs.c.state,
    runs.c.memo_key,
    runs.c.content,
    runs.c.batch,
    runs.c.rolled_back_at,
)
_STATES: Final = {state.value: state for state in State}
_GIVEN: Final = (
    "number",
    "title",
    "timeline",
    "algorithm",
    "version",
    "memo_key",
    "model",
    "created_at",
    "updated_at",
)
_NEW: Final[Mapping[str, Any]] = {
    "state": literal_column(f"'{State.PLANNED}'"),
    "counts": literal_column("'{}'"),
    "warnings": literal_column("'[]'"),
}


def past(connection: Connection, titles: Collection[str], *, seen_before: bool = False) -> Slots:
    """Return the runs of titles that count, and with `seen_before` those that can be shown again."""
    # Nobody knows when a program will end what it writes: it is none that counts before it does.
    writing = (runs.c.origin == WRITTEN) & runs.c.state.in_(OPEN)
    alive: ColumnElement[bool] = runs.c.state.in_(COUNTING) & ~writing
    if seen_before:
        alive |= (runs.c.state == State.SUPERSEDED) & runs.c.collected_at.is_(None)
    found: dict[str, dict[str, list[Past]]] = {}
    for some in portions(titles):
        statement = select(*_COLUMNS).where(runs.c.title.in_(some), alive).order_by(runs.c.number)
        for number, title, algorithm, state, *rest in connection.execute(statement):
            run = Past(number, title, algorithm, _STATES[state], *rest)
            found.setdefault(title, {}).setdefault(algorithm, []).append(run)
    return found


def enter(
    connection: Connection, wanted: Sequence[PlannedRun], *, seen_before: bool = False
) -> Iterator[Past]:
    """Yield by each wanted run the one that is as good; where there is none, enter one.

    A run that was left open for another key is cancelled: its inputs are no more.
    """
    known = past(connection, {one.title for one in wanted}, seen_before=seen_before)
    stale: list[int] = []
    found: list[Past | None] = []
    for one in wanted:
        there = known.get(one.title, {}).get(one.algorithm, ())
        stale += outdated(there, one.memo_key)
        found.append(settled(there, one.memo_key))
    _cancel(connection, stale)
    new = _insert(connection, [one for one, run in zip(wanted, found, strict=True) if run is None])
    for run in found:
        yield next(new) if run is None else run


def begin(connection: Connection, wanted: PlannedRun) -> Past:
    """Enter a run that a program is to write, beside whatever else is open in its slot."""
    [entered] = _insert(connection, [wanted])
    connection.execute(update(runs).where(runs.c.number == entered.number).values(origin=WRITTEN))
    return entered


def _cancel(connection: Connection, numbers: Iterable[int]) -> None:
    for some in portions(numbers):
        those = runs.c.number.in_(some) & runs.c.state.in_(OPEN)
        connection.execute(update(runs).where(those).values(state=State.CANCELLED, updated_at=now()))


def _insert(connection: Connection, new: Sequence[PlannedRun]) -> Iterator[Past]:
    if not new:
        return iter(())
    last = next_of(connection, "run", len(new))
    numbers = range(last - len(new) + 1, last + 1)
    at = now()
    rows = [
        (number, one.title, one.timeline, one.algorithm, one.version, one.memo_key, one.model, at, at)
        for number, one in zip(numbers, new, strict=True)
    ]
    # The statement is written once, and its values go to the driver as they are: there may be very many.
    entering = insert(runs).values(_NEW).compile(dialect=connection.dialect, column_keys=[*_GIVEN, *_NEW])
    if entering.positional:
        placed = itemgetter(*map(_GIVEN.index, entering.positiontup or ()))
        connection.exec_driver_sql(str(entering), [placed(row) for row in rows])
    else:
        connection.exec_driver_sql(str(entering), [dict(zip(_GIVEN, row, strict=True)) for row in rows])
    return (
        Past(number, one.title, one.algorithm, State.PLANNED, one.memo_key, None, None, None)
        for number, one in zip(numbers, new, strict=True)
    )
