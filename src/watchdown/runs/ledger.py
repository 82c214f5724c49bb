"""The ledger: the table of runs, their numbers, their states, and the flip that publishes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select, update

from watchdown.catalogue.database import Database, now
from watchdown.catalogue.tables import counters, publications, runs
from watchdown.runs.memo import MENDED
from watchdown.runs.states import OPEN, STEPS, State
from watchdown.view import View
from watchdown_schemas.errors import NotFound, RunError

WRITTEN: Final = "written"  # the origin of a run whose rows come from a program, part by part


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
        self._views: dict[int, View] = {}

    def plan(
        self, *, title: str, timeline: str, algorithm: str, version: str, memo_key: str, model: str | None
    ) -> Run:
        """Return the slot's run for this memo key: the active one, one left open, or a new one.

        A run that was left open for another key is cancelled: its inputs are no more; not so one that a
        program writes. A run of this key whose rows were mended by hand counts as well.
        """
        slot = (runs.c.title == title) & (runs.c.algorithm == algorithm)
        with self._database.writing() as connection:
            same = (runs.c.memo_key == memo_key) | runs.c.memo_key.startswith(
                memo_key + MENDED, autoescape=True
            )
            stale = slot & ~same & runs.c.state.in_(OPEN) & (runs.c.origin != WRITTEN)
            for number in connection.execute(select(runs.c.number).where(stale)).scalars().all():
                _step(connection, number, State.CANCELLED, {})
            statement = (
                select(runs)
                .where(slot, same)
                .where(runs.c.state.in_([*OPEN, State.ACTIVE, State.QUARANTINED]))
                .order_by(runs.c.number.desc())
            )
            row = connection.execute(statement).first()
            if row is not None:
                return _run(row)
            return _enter(
                connection,
                title=title,
                timeline=timeline,
                algorithm=algorithm,
                version=version,
                memo_key=memo_key,
                model=model,
            )

    def begin(
        self, *, title: str, timeline: str, algorithm: str, version: str, memo_key: str, model: str | None
    ) -> Run:
        """Return a new run of a slot that a program is to write; others of the slot may be open beside it."""
        with self._database.writing() as connection:
            return _enter(
                connection,
                title=title,
                timeline=timeline,
                algorithm=algorithm,
                version=version,
                memo_key=memo_key,
                model=model,
                origin=WRITTEN,
            )

    def step(self, number: int, state: State, **facts: Any) -> None:
        """Move a run to its next state and note facts; RunError when the step is not allowed."""
        with self._database.writing() as connection:
            _step(connection, number, state, facts)

    def assign(self, batch: str, numbers: Sequence[int]) -> None:
        """Note that runs are worked in a batch."""
        with self._database.writing() as connection:
            connection.execute(update(runs).where(runs.c.number.in_(numbers)).values(batch=batch))

    def publish(self, numbers: Sequence[int]) -> int:
        """Make loaded runs what readers see, all at one moment; return the new epoch."""
        with self._database.writing() as connection:
            epoch = _next(connection, "epoch")
            for number in numbers:
                run = _get(connection, number)
                superseded = connection.execute(
                    select(runs.c.number).where(
                        runs.c.title == run.title,
                        runs.c.algorithm == run.algorithm,
                        runs.c.state == State.ACTIVE,
                        runs.c.number != number,
                    )
                ).scalars()
                for old in superseded.all():
                    _step(connection, old, State.SUPERSEDED, {"visible_to": epoch})
                _step(connection, number, State.ACTIVE, {"visible_from": epoch, "visible_to": None})
            last_run = connection.execute(
                select(counters.c.value).where(counters.c.name == "run")
            ).scalar_one()
            connection.execute(insert(publications).values(epoch=epoch, at=now(), last_run=last_run))
            return epoch

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

    def active(self, title: str, algorithm: str) -> Run | None:
        """Return the run of a slot that readers see now, if there is one."""
        return next((run for run in self.runs(title, [State.ACTIVE]) if run.algorithm == algorithm), None)

    def models(self, view: View) -> dict[str, set[str]]:
        """Return the fingerprints of the models behind the visible runs, by algorithm."""
        statement = select(runs.c.number, runs.c.algorithm, runs.c.model).where(runs.c.model.is_not(None))
        found: dict[str, set[str]] = {}
        with self._database.reading() as connection:
            for number, algorithm, model in connection.execute(statement):
                if number in view.visible:
                    found.setdefault(algorithm, set()).add(model)
        return found

    def view(self, epoch: int | None = None) -> View:
        """Return what readers see now, or saw at an earlier epoch."""
        with self._database.reading() as connection:
            newest = connection.execute(
                select(counters.c.value).where(counters.c.name == "epoch")
            ).scalar_one()
            at = newest if epoch is None else epoch
            view = self._views.get(at) or _view(connection, at, newest)
            # Readers run at the same time: the few views that are kept are replaced whole.
            self._views = {**dict(list(self._views.items())[-3:]), at: view}
            return view


def _view(connection: Connection, epoch: int, newest: int) -> View:
    if not 0 <= epoch <= newest:
        raise NotFound(str(epoch), "is no epoch of this library", f"The newest is {newest}.")
    last_run = connection.execute(
        select(publications.c.last_run).where(publications.c.epoch == epoch)
    ).scalar_one_or_none()
    later = (runs.c.visible_to.is_(None)) | (runs.c.visible_to > epoch)
    visible = connection.execute(select(runs.c.number).where(runs.c.visible_from <= epoch, later)).scalars()
    return View(epoch=epoch, last_run=last_run or 0, visible=frozenset(visible))


def _enter(connection: Connection, **values: Any) -> Run:
    """Enter a planned run under the next number."""
    number = _next(connection, "run")
    at = now()
    values |= {"number": number, "state": State.PLANNED, "counts": {}, "warnings": []}
    connection.execute(insert(runs).values(values | {"created_at": at, "updated_at": at}))
    return _get(connection, number)


def _next(connection: Connection, counter: str) -> int:
    statement = (
        update(counters)
        .where(counters.c.name == counter)
        .values(value=counters.c.value + 1)
        .returning(counters.c.value)
    )
    value: int = connection.execute(statement).scalar_one()
    return value


def _get(connection: Connection, number: int) -> Run:
    row = connection.execute(select(runs).where(runs.c.number == number)).first()
    if row is None:
        raise NotFound(str(number), "is no run here", "See all with: watchdown runs.")
    return _run(row)


def _step(connection: Connection, number: int, state: State, facts: Mapping[str, Any]) -> None:
    run = _get(connection, number)
    if state not in STEPS[run.state]:
        allowed = ", ".join(sorted(STEPS[run.state])) or "none"
        raise RunError(
            f"run {number}", f"is {run.state} and cannot become {state}", f"Next may be: {allowed}."
        )
    connection.execute(
        update(runs).where(runs.c.number == number).values(state=state, updated_at=now(), **facts)
    )
