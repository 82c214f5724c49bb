"""Checks a library, mends what is wrong with it, and builds its store anew from the system of record."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

import pyarrow as pa

from watchdown.client.collecting import COLLECTOR
from watchdown.client.results_check import CheckReport, FaultFound, RebuildReport, RebuiltTable
from watchdown.client.services import Services
from watchdown.client.told_checking import ToldChecking
from watchdown.load.claim import NOBODY
from watchdown.load.load import Take, unlimited
from watchdown.runs.checkable import Checkable
from watchdown.runs.checking import Checked, Checking, Progress, Report
from watchdown.runs.faults import NOTES, Expected, Fault, Kind
from watchdown.runs.mending import OF_ROWS, Mending
from watchdown.runs.rebuilding import Rebuilding, Rebuilt
from watchdown.runs.sources import Sources
from watchdown.runs.stages import open_gate
from watchdown.view import View
from watchdown_schemas.fields import has_vector

Waiting = Callable[[], None]


def check(
    services: Services,
    *,
    title: str | None = None,
    deep: bool = False,
    repair: bool = False,
    dry_run: bool = False,
    report: Report,
    waiting: Waiting,
) -> CheckReport:
    """Compare ledger, system of record and store; with `repair`, mend what differs.

    `title` is a name or an id; NotFound for what is none. A dry run of a repair says what it would mend.
    One process at a time repairs, or collects.
    """
    id_ = None if title is None else services.catalogue.title(title).id
    if not repair or dry_run:
        found = _checked(services, id_, deep=deep, report=report)
        faults = _mended(services, found, unlimited, report, dry=True) if repair else found.faults
    else:
        # From before it looks: what is removed or forgotten meanwhile must not come back.
        with services.alone(COLLECTOR, waiting):
            found = _checked(services, id_, deep=deep, report=report)
            faults = found.faults
            if faults or found.unknown:
                with services._loading(NOBODY, open_gate) as take:  # noqa: SLF001 - what loads take from, repairs take from as well
                    faults = _mended(services, found, take, report, dry=False)
    return CheckReport(
        deep=deep,
        repair=repair,
        dry_run=dry_run,
        runs=found.runs,
        rows=found.rows,
        tables=tuple(sorted(found.tables)),
        faults=tuple(_as_found(fault, dry=dry_run) for fault in faults),
    )


def _checked(services: Services, title: str | None, *, deep: bool, report: Report) -> Checked:
    told = _told(services)
    found = _checking(services)(title=title, deep=deep, report=report)
    if told is not None and title is None:
        found.faults += told.faults(deep=deep)
    return found


def rebuild(
    services: Services, *, tables: Collection[str] = (), report: Report, waiting: Waiting
) -> RebuildReport:
    """Build the tables of the store, those of that name or all, anew from the system of record.

    People search and algorithms run meanwhile; publications wait for the moment in which tables change
    places. One process at a time rebuilds. Raises StoreError where rows are missing in the end: then
    readers keep the table that was there.
    """
    made: list[RebuiltTable] = []
    with services.alone(COLLECTOR, waiting), services._loading(NOBODY, open_gate) as take:  # noqa: SLF001
        for one in _rebuilding(services, take)(tables or None):
            report(Progress(f"the table {one.table}", one.rows))
            made.append(_as_rebuilt(one))
        titles = services.telling.again() if services.telling and not tables else 0
        _let_readers_look_anew(services)
    return RebuildReport(tables=tuple(made), titles=titles)


def _checking(services: Services) -> Checking:
    return Checking(
        storage=services.storage,
        checkable=Checkable(services.database),
        holdings=services.store.holdings,
        types=services.registry,
        keeps_staged=services.stages.keeps_staged,
    )


def _told(services: Services) -> ToldChecking | None:
    directory, telling = services.store.told, services.telling
    if directory is None or telling is None:
        return None
    return ToldChecking(services.database, services.ledger, directory, telling)


def _sources(services: Services) -> Sources:
    return Sources(storage=services.storage, holdings=services.store.holdings, types=services.registry)


def _mended(services: Services, found: Checked, take: Take, report: Report, *, dry: bool) -> list[Fault]:
    mending = Mending(
        storage=services.storage,
        checkable=Checkable(services.database),
        holdings=services.store.holdings,
        types=services.registry,
        sources=_sources(services),
        computed=services.algorithms.keys(),
        read=_reader(services),
        take=take,
        rebuild=_rebuilder(services, take) if services.stages.keeps_staged else None,
        dry=dry,
    )
    faults: list[Fault] = []
    for fault in mending(found.faults):
        report(Progress(f"mending {fault.subject}"))
        faults.append(fault)
    if any(fault.kind is Kind.TOLD for fault in faults):
        if services.telling is not None and not dry:
            services.telling.again()
        faults = [fault.done() if fault.kind is Kind.TOLD else fault for fault in faults]
    if not dry:
        for number, digests in found.unknown.items():
            if not any(fault.run and fault.run.number == number for fault in faults):
                Checkable(services.database).note_digests(number, digests)
        if any(fault.kind in OF_ROWS and fault.mended for fault in faults):
            _let_readers_look_anew(services)
    return faults


def _rebuilder(services: Services, take: Take) -> Callable[[Collection[str]], object]:
    return lambda tables: list(_rebuilding(services, take)(tables))


def _rebuilding(services: Services, take: Take) -> Rebuilding:
    return Rebuilding(
        checkable=Checkable(services.database),
        holdings=services.store.holdings,
        types=services.registry,
        sources=_sources(services),
        read=_reader(services),
        still=services.database.writing,
        take=take,
        keeps_staged=services.stages.keeps_staged,
    )


def _reader(services: Services) -> Callable[[str, Expected], Iterator[pa.RecordBatch]]:
    """Return what reads the rows of a run that the store has, be it in view or not."""

    def read(schema: str, run: Expected) -> Iterator[pa.RecordBatch]:
        view = View(epoch=-run.number, last_run=run.number, visible=frozenset({run.number}))
        searcher = services.searcher
        model = run.model if has_vector(services.registry[schema]) else None
        yield from searcher.scan(schema, view, snapshot=searcher.snapshot(view), model=model)

    return read


def _let_readers_look_anew(services: Services) -> None:
    """Raise the epoch: readers of a server keep what they read of one, and now take the store as it is."""
    if services.telling is not None:
        services.ledger.publish([])
        services.telling.everything()


def _as_found(fault: Fault, *, dry: bool) -> FaultFound:
    run = fault.run
    return FaultFound(
        kind=fault.kind,
        subject=fault.subject,
        cause=fault.cause,
        run=run.number if run else fault.number,
        title=run.title if run else None,
        algorithm=run.algorithm if run else None,
        schema_type=fault.schema,
        expected=fault.expected,
        found=fault.found,
        remedy=fault.remedy,
        mended=fault.mended,
        harms=fault.harms or (dry and fault.kind not in NOTES),
    )


def _as_rebuilt(one: Rebuilt) -> RebuiltTable:
    lost = tuple(sorted({run.number for run in one.lost}))
    return RebuiltTable(table=one.table, runs=one.runs, rows=one.rows, lost=lost)
