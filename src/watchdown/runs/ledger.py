"""The ledger: the table of runs, their numbers, their states, and the flip that publishes them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select, update

from watchdown.catalogue.database import Database
from watchdown.catalogue.tables import runs
from watchdown.runs import planning, publishing, steps
from watchdown.runs.history import Publication, history
from watchdown.runs.rollback import Rollback, Scope, show_again, take_back
from watchdown.runs.states import Actor, State
from watchdown.runs.steps import Moves
from watchdown.runs.views import Views, counted, models, with_runs
from watchdown.runs.wanted import Past, PlannedRun
from watchdown.view import View
from watchdown_schemas.errors import NotFound


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One algorithm version over one title. `counts` has the rows per schema type."""

    number: int
    title: str
    timeline: str
    algorithm: str
    version: str
    memo_key: str
    state: State
    visible_from: int | None
    visible_to: int | None
    counts: Mapping[str, int]
    content: str | None
    model: str | None
    warnings: Sequence[str]
    error: str | None
    batch: str | None
    origin: str
    cost: Mapping[str, float] | None
    digests: Mapping[str, str] | None
    rolled_back_at: str | None
    collected_at: str | None
    removed_at: str | None
    created_at: str
    updated_at: str


def _run(row: Row[Any]) -> Run:
    values: dict[str, Any] = dict(row._mapping)  # noqa: SLF001 - the documented mapping of a row
    values["state"] = State(values["state"])
    return Run(**values)


class Ledger:
    """Runs and epochs; every method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._views = Views()

    def plan(
        self, *, title: str, timeline: str, algorithm: str, version: str, memo_key: str, model: str | None
    ) -> Run:
        """Return the slot's run for this memo key: the active one, one left open, or a new one.

        A run that was left open for another key is cancelled: its inputs are no more; not so one that a
        program writes. A run of this key whose rows were mended by hand counts as well.
        """
        wanted = PlannedRun(
            title=title,
            timeline=timeline,
            algorithm=algorithm,
            version=version,
            memo_key=memo_key,
            model=model,
        )
        return self.plan_all([wanted])[0]

    def plan_all(self, wanted: Sequence[PlannedRun], *, seen_before: bool = False) -> list[Run]:
        """Return `plan` of each, of different slots, in a few statements.

        With `seen_before`, a superseded run whose rows are there counts as well: it may be shown again.
        """
        with self._database.writing() as connection:
            entered = list(planning.enter(connection, wanted, seen_before=seen_before))
            found: dict[int, Run] = {}
            for some in steps.portions(run.number for run in entered):
                for row in connection.execute(select(runs).where(runs.c.number.in_(some))):
                    found[row.number] = _run(row)
            return [found[run.number] for run in entered]

    def enter(self, wanted: Sequence[PlannedRun], *, seen_before: bool = False) -> list[Past]:
        """Return `plan_all` of many, of each run no more than planning must know."""
        with self._database.writing() as connection:
            return list(planning.enter(connection, wanted, seen_before=seen_before))

    def past(self, titles: Collection[str], *, seen_before: bool = False) -> planning.Slots:
        """Return by title and algorithm what planning must know of the runs of titles; nothing is entered."""
        with self._database.reading() as connection:
            return planning.past(connection, titles, seen_before=seen_before)

    def begin(
        self, *, title: str, timeline: str, algorithm: str, version: str, memo_key: str, model: str | None
    ) -> Run:
        """Return a new run of a slot that a program is to write; others of the slot may be open beside it."""
        wanted = PlannedRun(
            title=title,
            timeline=timeline,
            algorithm=algorithm,
            version=version,
            memo_key=memo_key,
            model=model,
        )
        with self._database.writing() as connection:
            return _get(connection, planning.begin(connection, wanted).number)

    def step(self, number: int, state: State, **facts: Any) -> None:
        """Move a run to its next state and note facts; RunError when the step is not allowed."""
        self.steps({number: (state, facts)})

    def steps(self, moves: Moves, *, by: Actor | None = None, leave_ended: bool = False) -> list[int]:
        """Move many runs at once, all or none; return the numbers of those that were moved.

        With `leave_ended`, runs that have ended meanwhile are left as they are. RunError when a step is not
        allowed, or not for `by` to take.
        """
        with self._database.writing() as connection:
            return steps.take(connection, moves, by=by, leave_ended=leave_ended)

    def assign(self, batch: str, numbers: Sequence[int]) -> None:
        """Note that runs are worked in a batch."""
        with self._database.writing() as connection:
            connection.execute(update(runs).where(runs.c.number.in_(numbers)).values(batch=batch))

    def publish(self, numbers: Sequence[int]) -> int:
        """Make loaded runs what readers see, or show runs again, all at one moment; return the new epoch."""
        with self._database.writing() as connection:
            return publishing.publish(connection, numbers)

    def rollback(self, scope: Scope, *, undo: bool = False, dry_run: bool = False) -> Rollback:
        """Show what readers saw before in every slot of a scope, all at one moment; or `undo` the last such.

        With `dry_run`, only say what would change. RunError, with nothing changed, where what was seen before
        is removed.
        """
        change = show_again if undo else take_back
        with self._database.reading() if dry_run else self._database.writing() as connection:
            return change(connection, scope, dry_run=dry_run)

    def history(self, *, title: str | None = None, limit: int = 20) -> list[Publication]:
        """Return publications, newest first: all of them, or those that changed a title."""
        with self._database.reading() as connection:
            return history(connection, title=title, limit=limit)

    def get(self, number: int) -> Run:
        """Return a run; NotFound when there is none of that number."""
        with self._database.reading() as connection:
            return _get(connection, number)

    def current(self, known: Sequence[Run]) -> list[Run]:
        """Return runs as they stand now, in the order given; NotFound when there is none of a number."""
        numbers = [run.number for run in known]
        with self._database.reading() as connection:
            rows = connection.execute(select(runs).where(runs.c.number.in_(numbers)))
            found = {row.number: _run(row) for row in rows}
            return [found.get(number) or _get(connection, number) for number in numbers]

    def runs(
        self, title: str | None = None, states: Iterable[State] = (), *, batch: str | None = None
    ) -> list[Run]:
        """Return runs in the order of their numbers, of one title, of one batch, or of all."""
        statement = select(runs).order_by(runs.c.number)
        if title is not None:
            statement = statement.where(runs.c.title == title)
        if batch is not None:
            statement = statement.where(runs.c.batch == batch)
        if wanted := list(states):
            statement = statement.where(runs.c.state.in_(wanted))
        with self._database.reading() as connection:
            return [_run(row) for row in connection.execute(statement)]

    def knows(self, algorithm: str) -> bool:
        """Whether there is or was a run of an algorithm."""
        with self._database.reading() as connection:
            statement = select(runs.c.number).where(runs.c.algorithm == algorithm).limit(1)
            return connection.execute(statement).first() is not None

    def versions(self, numbers: Collection[int]) -> dict[int, str]:
        """Return the versions of runs by their numbers."""
        with self._database.reading() as connection:
            return {row.number: row.version for row in steps.read(connection, numbers, runs.c.version)}

    def active(self, title: str, algorithm: str) -> Run | None:
        """Return the run of a slot that readers see now, if there is one."""
        return next((run for run in self.runs(title, [State.ACTIVE]) if run.algorithm == algorithm), None)

    def models(self, view: View) -> dict[str, set[str]]:
        """Return the fingerprints of the models behind the visible runs, by algorithm."""
        with self._database.reading() as connection:
            return models(connection, view, of_epoch=self._views.is_of_epoch(view))

    def oldest(self) -> int:
        """Return the oldest epoch that can still be read; 0 where all can."""
        with self._database.reading() as connection:
            return counted(connection, "oldest")

    def view(self, epoch: int | None = None) -> View:
        """Return what readers see now, or saw at an earlier epoch; CursorExpired where it is kept no more."""
        with self._database.reading() as connection:
            return self._views.of(connection, epoch)

    def view_with(self, numbers: Collection[int]) -> View:
        """Return what readers would see if runs took the places of those that are active in their slots.

        It is of no epoch: its own is below zero, and none like it was given before.
        """
        with self._database.reading() as connection:
            return with_runs(connection, self._views.of(connection, None), numbers)


def _get(connection: Connection, number: int) -> Run:
    row = connection.execute(select(runs).where(runs.c.number == number)).first()
    if row is None:
        raise NotFound(str(number), "is no run here", "See all with: watchdown runs.")
    return _run(row)
