"""`library.repair`: a library is checked, mended and its store built anew, both faces of it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from typing import TYPE_CHECKING

import anyio
from anyio.to_thread import run_sync

from watchdown.client.guarding import needs_local
from watchdown.client.parts_synchronous import Call
from watchdown.client.results_check import CheckReport, RebuildReport
from watchdown.client.services import Services

if TYPE_CHECKING:
    from watchdown.runs.checking import Progress

Report = Callable[["Progress"], object]


def quiet(_progress: Progress) -> None:
    """Report nothing."""


def _checked(report: Report) -> Report:
    def checked(progress: Progress) -> None:
        anyio.from_thread.check_cancelled()
        report(progress)

    return checked


class AsyncRepair:
    """Whether a library is whole, and how it becomes so again."""

    def __init__(self, services: Services) -> None:
        self._services = services

    @needs_local
    async def check(
        self,
        *,
        title: str | None = None,
        deep: bool = False,
        repair: bool = False,
        dry_run: bool = False,
        report: Report = quiet,
    ) -> CheckReport:
        """Compare ledger, system of record and store, of one title or of all: counts, or `deep` every row.

        With `repair`, what differs is mended, as far as the rows are still somewhere; readers see nothing of
        it but that they see all again. A dry run only says what would be mended. Raises NotFound for what is
        no title.
        """
        from watchdown.client import repairing

        call = partial(
            repairing.check,
            self._services,
            title=title,
            deep=deep,
            repair=repair,
            dry_run=dry_run,
            report=_checked(report),
            waiting=anyio.from_thread.check_cancelled,
        )
        return await run_sync(call)

    @needs_local
    async def rebuild(self, tables: Collection[str] = (), *, report: Report = quiet) -> RebuildReport:
        """Build tables of the store, or all, anew from the system of record; people search meanwhile.

        Where the store is itself the system of record, its indices are made anew. Raises NotFound for what is
        no table, StoreError where rows are missing in the end: then readers keep what was there.
        """
        from watchdown.client import repairing

        call = partial(
            repairing.rebuild,
            self._services,
            tables=tables,
            report=_checked(report),
            waiting=anyio.from_thread.check_cancelled,
        )
        return await run_sync(call)


class Repair:
    """Whether a library is whole, and how it becomes so again; see AsyncRepair for what each call does."""

    def __init__(self, inner: AsyncRepair, call: Call) -> None:
        self._inner = inner
        self._call = call

    def check(
        self,
        *,
        title: str | None = None,
        deep: bool = False,
        repair: bool = False,
        dry_run: bool = False,
        report: Report = quiet,
    ) -> CheckReport:
        """Compare ledger, system of record and store; with `repair`, mend what differs."""
        return self._call(
            lambda: self._inner.check(title=title, deep=deep, repair=repair, dry_run=dry_run, report=report)
        )

    def rebuild(self, tables: Collection[str] = (), *, report: Report = quiet) -> RebuildReport:
        """Build tables of the store, or all, anew from the system of record."""
        return self._call(lambda: self._inner.rebuild(tables, report=report))
