"""`library.collection`: what is removed from a library, both faces of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import anyio
from anyio.to_thread import run_sync

from watchdown.client.guarding import needs_local
from watchdown.client.parts_synchronous import Call
from watchdown.client.results_collection import CollectionReport, Forgotten
from watchdown.client.services import Services

if TYPE_CHECKING:
    from watchdown.runs.collect import Step

Report = Callable[["Step"], object]


def quiet(_step: Step) -> None:
    """Report nothing."""


def _checked(report: Report) -> Report:
    def checked(step: Step) -> None:
        anyio.from_thread.check_cancelled()
        report(step)

    return checked


class AsyncCollection:
    """What is removed from a library: what nobody needs any more, and what must be gone."""

    def __init__(self, services: Services) -> None:
        self._services = services

    @needs_local
    async def run(
        self,
        *,
        grace: timedelta | None = None,
        dry_run: bool = False,
        wait: bool = True,
        report: Report = quiet,
    ) -> CollectionReport:
        """Remove runs that were superseded or failed, and files that nobody needs; keep the store compact.

        `grace` is for how long they are left, that of the settings by default; a shorter one ends pages of
        results that somebody reads. A dry run only says what would go. Raises LibraryBusy where another
        process collects and `wait` is not set. Cancelling loses nothing: the next call goes on.
        """
        from watchdown.client import collecting

        call = partial(
            collecting.collect,
            self._services,
            grace=grace,
            dry_run=dry_run,
            wait=wait,
            report=_checked(report),
            waiting=anyio.from_thread.check_cancelled,
        )
        return await run_sync(call)

    @needs_local
    async def forget(
        self, title: str, *, keep_media: bool = False, dry_run: bool = False, report: Report = quiet
    ) -> Forgotten:
        """Remove a title from ledger, catalogue, store and files, and look for what is left: nothing.

        What it was read from stays where it lies elsewhere; `keep_media` leaves what was taken in, too.
        Raises NotFound, RunError where the title is being worked on, LibraryError where something is left.
        """
        from watchdown.client import forgetting

        call = partial(
            forgetting.forget,
            self._services,
            title,
            keep_media=keep_media,
            dry_run=dry_run,
            report=_checked(report),
            waiting=anyio.from_thread.check_cancelled,
        )
        return await run_sync(call)


class Collection:
    """What is removed from a library; see AsyncCollection for what each call does."""

    def __init__(self, inner: AsyncCollection, call: Call) -> None:
        self._inner = inner
        self._call = call

    def run(
        self,
        *,
        grace: timedelta | None = None,
        dry_run: bool = False,
        wait: bool = True,
        report: Report = quiet,
    ) -> CollectionReport:
        """Remove runs that were superseded or failed, and files that nobody needs; keep the store compact."""
        return self._call(lambda: self._inner.run(grace=grace, dry_run=dry_run, wait=wait, report=report))

    def forget(
        self, title: str, *, keep_media: bool = False, dry_run: bool = False, report: Report = quiet
    ) -> Forgotten:
        """Remove a title from everywhere, and look for what is left: nothing."""
        return self._call(
            lambda: self._inner.forget(title, keep_media=keep_media, dry_run=dry_run, report=report)
        )
