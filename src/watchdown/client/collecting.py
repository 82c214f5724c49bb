"""Collect: remove what was superseded or left, one collector of a library at a time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from watchdown.client.results_collection import CollectionReport, Removed
from watchdown.client.services import Services
from watchdown.metrics.instruments import at_station
from watchdown.runs.collect import OLD, ROWS, RUNS, WRITES, Collected, Collector, Report
from watchdown.runs.collectable import Collectable, Policy
from watchdown.runs.pictures import Pictures
from watchdown.runs.sweeping import (
    BATCHES,
    BUNDLES,
    HALF_MADE,
    LETTERS,
    MODELS,
    PICTURES,
    QUARANTINE,
    STAGED,
)
from watchdown_schemas.errors import LibraryBusy

COLLECTOR: Final = "collector"
KINDS: Final = (
    RUNS,
    ROWS,
    WRITES,
    STAGED,
    PICTURES,
    QUARANTINE,
    LETTERS,
    BATCHES,
    BUNDLES,
    MODELS,
    HALF_MADE,
    OLD,
)


def collect(
    services: Services,
    *,
    grace: timedelta | None,
    dry_run: bool,
    wait: bool,
    report: Report,
    waiting: Callable[[], None],
) -> CollectionReport:
    """Remove what the settings do not keep; `grace` goes before theirs. A dry run only says what that is.

    Raises LibraryBusy where another process collects and `wait` is not set.
    """
    given = services.settings.collect
    policy = Policy(
        grace=given.grace if grace is None else grace, keep=given.keep, idle_writes=given.idle_writes
    )
    collector = collector_of(services, waiting)
    if dry_run:
        return _told(collector.run(policy, dry_run=True, report=report), dry_run=True)
    with services.alone(COLLECTOR, waiting if wait else _leave(services)), at_station("collect"):
        return _told(collector.run(policy, report=report), dry_run=False)


def collector_of(services: Services, waiting: Callable[[], None]) -> Collector:
    """Return the collector of a library; `waiting` is called while it waits for the writer's lock."""
    return Collector(
        storage=services.storage,
        ledger=services.ledger,
        collectable=Collectable(services.database),
        sink=services.store.sink,
        pictures=Pictures(ledger=services.ledger, types=services.registry, read=services.read_run),
        work=services.shelf.work,
        budget=services._loading,  # noqa: SLF001 - what loads take from, deletes take from as well
        announce=services.telling.everything if services.telling else lambda: None,
        planning=lambda: services.writing(waiting),
    )


def _leave(services: Services) -> Callable[[], None]:
    def busy() -> None:
        cause = "is being collected by another process"
        raise LibraryBusy(services.place, cause, "Leave it to that one, or wait for it with --wait")

    return busy


def _told(found: Collected, *, dry_run: bool) -> CollectionReport:
    return CollectionReport(
        dry_run=dry_run,
        removed=tuple(
            Removed(kind=kind, count=found.counts[kind], bytes=found.bytes[kind]) for kind in KINDS
        ),
        runs=tuple(one.number for one in found.runs),
        notes=tuple(found.notes),
    )
