"""The backfills of a library, as people look at them and say what is to become of them."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from watchdown.catalogue.tables import batches as batch_table
from watchdown.client import backfilling, backfills
from watchdown.client.results_backfills import BackfillBatch, BackfillStatus, BackfillSummary, FailedRun
from watchdown.client.services import Services
from watchdown.runs.backfills import Backfill, BackfillState
from watchdown.runs.batches import counted
from watchdown.runs.reporting import counting
from watchdown.runs.states import PUBLISHED, State

if TYPE_CHECKING:
    from watchdown.runs.ledger import Run

_FAILED = (State.FAILED, State.CANCELLED, State.QUARANTINED)


def summaries(services: Services, *, going_on: bool = False) -> list[BackfillSummary]:
    """Return all backfills, newest first, or those that go on."""
    held = services.leases.held()
    return [_summary(services, one, held) for one in services.backfills.list(going_on=going_on)]


def status(services: Services, number: int, *, library: str | None = None) -> BackfillStatus:
    """Return a backfill with its batches and its failures; NotFound where there is none of that number."""
    backfill, held = services.backfills.get(number), services.leases.held()
    names = services.backfills.batches(number)
    rows = {row.name: row for row in _rows(services, names)}
    by_batch = {name: services.ledger.runs(batch=name) for name in names}
    judged = backfilling.report(
        services, names, tolerance=backfill.tolerance, library=library, via=backfill.via
    )
    failures = tuple(
        FailedRun(
            title=one.title,
            title_name=one.title_name,
            algorithm=one.algorithm,
            run=one.run,
            state=one.state,
            error=one.error,
            log=one.log,
            command=one.command,
        )
        for one in judged.failed
        if one.state in _FAILED
    )
    there = tuple(
        BackfillBatch(
            batch=name,
            titles=rows[name].titles,
            algorithms=tuple(rows[name].algorithms),
            states=counted(by_batch[name]),
            holder=held.get(name),
        )
        for name in names
    )
    runs = [run for found in by_batch.values() for run in found]
    told = _told(backfill, runs, at_work=any(name in held for name in names))
    return BackfillStatus(
        **told.model_dump(),
        batches=there,
        failures=failures,
        command=command_of(backfill, library or services.place),
    )


def pause(services: Services, number: int) -> BackfillSummary:
    """Let no title of a backfill begin and none of its loads go on, until it is resumed."""
    return _changed(services, services.backfills.step(number, BackfillState.PAUSED))


def resume(services: Services, number: int) -> BackfillSummary:
    """Let a backfill go on that was paused; RunError where it has ended."""
    found = services.backfills.get(number)
    if not found.goes_on:
        services.backfills.step(number, BackfillState.PAUSED)  # raises, naming its state
    return _changed(services, services.backfills.step(number, BackfillState.RUNNING))


def cancel(services: Services, number: int) -> BackfillSummary:
    """End a backfill: what is published stays, of the rest nothing is ever seen."""
    return _changed(services, backfills.cancel(services, number))


def command_of(backfill: Backfill, library: str) -> str:
    """Return the command that takes a backfill up."""
    titles = "".join(f" --titles {shlex.quote(one)}" for one in backfill.titles)
    via = "" if backfill.via == "local" else f" --via {backfill.via}"
    return f"watchdown backfill {backfill.algorithm}{titles}{via} --library {shlex.quote(library)}"


def _changed(services: Services, backfill: Backfill) -> BackfillSummary:
    return _summary(services, backfill, services.leases.held())


def _summary(services: Services, backfill: Backfill, held: dict[str, str]) -> BackfillSummary:
    names = services.backfills.batches(backfill.number)
    runs = [run for name in names for run in services.ledger.runs(batch=name)]
    return _told(backfill, runs, at_work=any(name in held for name in names))


def _told(backfill: Backfill, runs: Sequence[Run], *, at_work: bool) -> BackfillSummary:
    every = counting(runs)
    return BackfillSummary(
        backfill=backfill.number,
        algorithm=backfill.algorithm,
        version=backfill.version,
        titles=tuple(backfill.titles),
        state=backfill.state,
        at_work=at_work,
        via=backfill.via,
        publish=backfill.publish,
        size=backfill.size,
        rate=backfill.rate,
        concurrency=backfill.concurrency,
        tolerance=backfill.tolerance,
        runs=len(every),
        published=sum(run.state in PUBLISHED for run in every),
        failed=sum(run.state in _FAILED for run in every),
        loaded=sum(run.state is State.LOADED for run in every),
        created_at=backfill.created_at,
        updated_at=backfill.updated_at,
    )


def _rows(services: Services, names: Sequence[str]) -> list[Any]:
    with services.database.reading() as connection:
        return list(connection.execute(select(batch_table).where(batch_table.c.name.in_(names))))
