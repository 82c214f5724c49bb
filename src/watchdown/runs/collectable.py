"""Which runs may be removed: the ledger's side of collection. What is given up here is seen no more.

A run is given up first, in the transaction that refuses the epochs in which it was seen, and then removed.
What was given up and is not gone yet is found again, whatever ended the process.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, TypeVar

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select, update

from watchdown.catalogue.database import Database
from watchdown.catalogue.tables import backfill_batches, backfills, counters, publications, runs
from watchdown.load.clock import Clock, RealClock, iso
from watchdown.runs.backfills import GOES_ON
from watchdown.runs.states import OPEN, State
from watchdown_schemas.errors import RunError

T = TypeVar("T")
AT_ONCE: Final = 500  # a database takes only so many values in one statement
OLDEST: Final = "oldest"
LEFT: Final = (State.FAILED, State.CANCELLED)
DAY: Final = timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """What is left, and for how long: runs that were superseded for `grace`, a slot's newest one for `keep`.

    `unfinished` is for what a writer may still be at: it must be longer than any write takes.
    """

    grace: timedelta = DAY
    keep: timedelta | None = None
    idle_writes: timedelta = DAY
    unfinished: timedelta = DAY

    def __post_init__(self) -> None:
        given = (self.grace, self.keep or self.grace, self.idle_writes, self.unfinished)
        if any(one < timedelta(0) for one in given):
            raise RunError("the grace", "is less than nothing", "Give a time such as 24h, or 0")


@dataclass(frozen=True, kw_only=True, slots=True)
class Doomed:
    """A run that is to be removed, and its rows by schema type."""

    number: int
    title: str
    algorithm: str
    state: State
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return sum(self.counts.values())


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """Where a run stands, for whoever looks at what it left."""

    title: str
    state: State
    given_up: bool
    types: int


class Collectable:
    """The runs that may be removed; every method is one transaction, by the database's clock."""

    def __init__(self, database: Database, clock: Clock | None = None) -> None:
        self._database = database
        self._clock = clock or RealClock()

    def now(self) -> float:
        """Return the time that all processes of the database agree on, in seconds since 1970."""
        with self._database.reading() as connection:
            return self._clock.now(connection)

    def candidates(self, policy: Policy) -> list[Doomed]:
        """Return what `give_up` would give up now, in the order of their numbers."""
        with self._database.reading() as connection:
            return _doomed(connection, self._wanted(connection, policy))

    def give_up(self, policy: Policy) -> int:
        """Give up what is past its grace; return how many runs that are. Epochs that had them end now."""
        with self._database.writing() as connection:
            found = connection.execute(self._wanted(connection, policy)).all()
            give_up(connection, [row.number for row in found], self._stamp(connection))
            expire(connection, max((row.visible_to or 0 for row in found), default=0))
        return len(found)

    def pending(self) -> list[Doomed]:
        """Return the runs that were given up and are not gone yet."""
        waiting = runs.c.collected_at.is_not(None) & runs.c.removed_at.is_(None)
        with self._database.reading() as connection:
            return _doomed(connection, select(runs).where(waiting).order_by(runs.c.number))

    def held(self) -> list[int]:
        """Return the runs that are held: the store should have no row of them."""
        with self._database.reading() as connection:
            this = runs.c.state == State.QUARANTINED
            return list(connection.execute(select(runs.c.number).where(this)).scalars())

    def confirm(self, numbers: Sequence[int]) -> None:
        """Note that nothing is left of runs that were given up."""
        with self._database.writing() as connection:
            values = {"removed_at": self._stamp(connection)}
            for some in parts(numbers):
                connection.execute(update(runs).where(runs.c.number.in_(some)).values(values))

    def idle(self, policy: Policy) -> list[int]:
        """Return the open runs that programs write and that nobody has touched in the ledger for so long."""
        with self._database.reading() as connection:
            before = iso(self._clock.now(connection) - policy.idle_writes.total_seconds())
            statement = select(runs.c.number).where(
                runs.c.origin == "written", runs.c.state.in_(OPEN), runs.c.updated_at <= before
            )
            return list(connection.execute(statement.order_by(runs.c.number)).scalars())

    def standing(self, numbers: Collection[int]) -> dict[int, Standing]:
        """Return where runs stand, by number; those that the ledger does not know are not in it."""
        found: dict[int, Standing] = {}
        with self._database.reading() as connection:
            for some in parts(sorted(numbers)):
                for row in connection.execute(select(runs).where(runs.c.number.in_(some))):
                    found[row.number] = Standing(
                        title=row.title,
                        state=State(row.state),
                        given_up=row.collected_at is not None,
                        types=sum(count > 0 for count in row.counts.values()),
                    )
        return found

    def batches_in_use(self, policy: Policy) -> set[str]:
        """Return the batches that have open runs, or belong to a backfill that is open or just ended."""
        with self._database.reading() as connection:
            opened = select(runs.c.batch).where(runs.c.state.in_(OPEN), runs.c.batch.is_not(None)).distinct()
            cutoff = iso(self._clock.now(connection) - policy.grace.total_seconds())
            guarded = connection.execute(_guarded_batches(cutoff)).scalars().all()
            return {name for name in connection.execute(opened).scalars() if name} | set(guarded)

    def models_in_use(self, doomed: Collection[int]) -> set[str]:
        """Return the models of all runs that may be seen, now or later, but for the doomed."""
        seen = (runs.c.model.is_not(None), runs.c.collected_at.is_(None), runs.c.state.not_in(LEFT))
        with self._database.reading() as connection:
            found = connection.execute(select(runs.c.number, runs.c.model).where(*seen))
            return {model for number, model in found if number not in doomed}

    def _stamp(self, connection: Connection) -> str:
        return iso(self._clock.now(connection))

    def _wanted(self, connection: Connection, policy: Policy) -> Select[Any]:
        at = self._clock.now(connection)
        cutoff = iso(at - policy.grace.total_seconds())
        keep = policy.grace if policy.keep is None else max(policy.keep, policy.grace)
        guarded = _guarded_batches(cutoff)
        other = runs.alias("other")
        same_slot = (other.c.title == runs.c.title) & (other.c.algorithm == runs.c.algorithm)
        # What a rollback of an open backfill would show again stays until that has ended, and its grace.
        undone = (
            select(other.c.number)
            .where(same_slot, other.c.state == State.ACTIVE, other.c.batch.in_(guarded))
            .exists()
        )
        newer = (
            select(other.c.number)
            .where(
                same_slot,
                other.c.state == State.SUPERSEDED,
                other.c.collected_at.is_(None),
                other.c.rolled_back_at.is_(None),
                other.c.visible_to > runs.c.visible_to,
            )
            .exists()
        )
        replaced = and_(
            runs.c.state == State.SUPERSEDED,
            runs.c.visible_to < _first_within(connection, cutoff),
            or_(newer, runs.c.visible_to < _first_within(connection, iso(at - keep.total_seconds()))),
            ~undone,
        )
        left = and_(runs.c.state.in_(LEFT), runs.c.updated_at <= cutoff)
        apart = or_(runs.c.batch.is_(None), runs.c.batch.not_in(guarded))
        return (
            select(runs)
            .where(runs.c.collected_at.is_(None), apart, or_(replaced, left))
            .order_by(runs.c.number)
        )


def _first_within(connection: Connection, cutoff: str) -> int:
    """Return the first epoch that was published after a time; the next one where none was.

    By the first, not by each one's own time: a clock that went back makes no later epoch older.
    """
    later = select(func.min(publications.c.epoch)).where(publications.c.at > cutoff)
    found = connection.execute(later).scalar_one()
    if found is not None:
        return int(found)
    newest = select(counters.c.value).where(counters.c.name == "epoch")
    return int(connection.execute(newest).scalar_one()) + 1


def _guarded_batches(cutoff: str) -> Select[Any]:
    open_ones = or_(backfills.c.state.in_(GOES_ON), backfills.c.updated_at > cutoff)
    joined = backfill_batches.join(backfills, backfill_batches.c.backfill == backfills.c.number)
    return select(backfill_batches.c.batch).select_from(joined).where(open_ones)


def give_up(connection: Connection, numbers: Iterable[int], at: str) -> None:
    """Note that runs are to be removed, so that none of them is ever seen again."""
    for some in parts(sorted(numbers)):
        this: ColumnElement[bool] = runs.c.number.in_(some) & runs.c.collected_at.is_(None)
        connection.execute(update(runs).where(this).values(collected_at=at))


def expire(connection: Connection, oldest: int) -> None:
    """Let no epoch before one be read any more."""
    older = (counters.c.name == OLDEST) & (counters.c.value < oldest)
    connection.execute(update(counters).where(older).values(value=oldest))


def parts(values: Sequence[T]) -> list[list[T]]:
    """Return values in lists that a statement can take."""
    return [list(values[at : at + AT_ONCE]) for at in range(0, len(values), AT_ONCE)]


def _doomed(connection: Connection, statement: Select[Any]) -> list[Doomed]:
    return [
        Doomed(
            number=row.number,
            title=row.title,
            algorithm=row.algorithm,
            state=State(row.state),
            counts=row.counts,
        )
        for row in connection.execute(statement)
    ]
