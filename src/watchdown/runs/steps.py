"""Steps of many runs at once: checked by the table of steps, then taken in a few statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, TypeAlias, TypeVar

from sqlalchemy import Connection, Row, bindparam, select, update

from watchdown.catalogue.database import now
from watchdown.catalogue.tables import counters, runs
from watchdown.runs.states import BY, OPEN, STEPS, Actor, State
from watchdown_schemas.errors import NotFound, RunError

T = TypeVar("T")
Moves: TypeAlias = Mapping[int, tuple[State, Mapping[str, Any]]]  # by run: where to, and what is noted
AT_ONCE: Final = 5_000  # numbers in one statement
_WHICH: Final = "the_run"


def portions(values: Iterable[T], size: int = AT_ONCE) -> Iterator[list[T]]:
    """Yield values in lists that a statement can take."""
    left = iter(values)
    while some := list(islice(left, size)):
        yield some


def take(
    connection: Connection, moves: Moves, *, by: Actor | None = None, leave_ended: bool = False
) -> list[int]:
    """Take all these steps or none, and return the numbers of the runs that took one.

    With `leave_ended`, runs that have ended meanwhile are left as they are. Raises NotFound for a number that
    is no run's, RunError for a step that is not in the table, or that is not for `by` to take.
    """
    standing = {row.number: row.state for row in read(connection, moves, runs.c.state)}
    taken: list[int] = []
    for number, (after, _facts) in moves.items():
        before = State(standing[number])
        if leave_ended and before not in OPEN:
            continue
        check(number, before, after, by)
        taken.append(number)
    _write(connection, {number: moves[number] for number in taken})
    return taken


def _write(connection: Connection, moves: Moves) -> None:
    """Write steps: those that note the same in one statement, the others row by row."""
    alike: dict[str, list[int]] = defaultdict(list)
    for number, move in moves.items():
        alike[repr(move)].append(number)
    single: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    at = now()
    for numbers in alike.values():
        after, facts = moves[numbers[0]]
        values = {"state": after, "updated_at": at, **facts}
        if len(numbers) == 1:
            single[tuple(sorted(facts))].append(values | {_WHICH: numbers[0]})
            continue
        for some in portions(numbers):
            connection.execute(update(runs).where(runs.c.number.in_(some)).values(values))
    for rows in single.values():
        connection.execute(update(runs).where(runs.c.number == bindparam(_WHICH)), rows)


def check(number: int, before: State, after: State, by: Actor | None = None) -> None:
    """Raise RunError for a step that a run cannot take, or that is not for `by` to take."""
    if after not in STEPS[before]:
        allowed = ", ".join(sorted(STEPS[before])) or "none"
        cause = f"is {before} and cannot become {after}"
        raise RunError(f"run {number}", cause, f"Next may be: {allowed}.")
    if by is not None and by not in BY[before, after]:
        cause = f"is {before}, and the {by} cannot make it {after}"
        raise RunError(f"run {number}", cause, f"That is for the {' or '.join(sorted(BY[before, after]))}.")


def read(connection: Connection, numbers: Collection[int], *columns: Any) -> Sequence[Row[Any]]:
    """Return the numbers of runs with some of their columns; NotFound where one is no run's."""
    found: list[Any] = []
    for some in portions(numbers):
        found += list(connection.execute(select(runs.c.number, *columns).where(runs.c.number.in_(some))))
    if len(found) < len(set(numbers)):
        gone = min(set(numbers) - {row.number for row in found})
        raise NotFound(str(gone), "is no run here", "See all with: watchdown runs.")
    return found


def next_of(connection: Connection, counter: str, count: int = 1) -> int:
    """Raise a counter, and return what it is then."""
    statement = (
        update(counters)
        .where(counters.c.name == counter)
        .values(value=counters.c.value + count)
        .returning(counters.c.value)
    )
    value: int = connection.execute(statement).scalar_one()
    return value
