"""The part of a library that has its publications, asynchronous and synchronous."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from anyio.to_thread import run_sync

from watchdown.client.guarding import needs_local
from watchdown.client.parts_synchronous import Call
from watchdown.client.results_difference import RunDifference
from watchdown.client.results_publication import PublicationSummary, RolledBack
from watchdown.client.services import Services


class AsyncPublication:
    """What readers see: since when, and how to go back."""

    def __init__(self, services: Services) -> None:
        self._services = services

    @needs_local
    async def rollback(
        self,
        algorithm: str,
        titles: Sequence[str] = (),
        *,
        batch: str | None = None,
        backfill: int | None = None,
        undo: bool = False,
        dry_run: bool = False,
    ) -> RolledBack:
        """Show again what readers saw before of an algorithm, all at one moment; or `undo` the last rollback.

        Without `titles`, a `batch` or a `backfill`, of every title. Searches change at once. With `dry_run`
        only says what would change. Raises RunError, with nothing changed, where what was seen before is
        removed by now.
        """
        from watchdown.client import publication

        wish = publication.Wish(
            algorithm=algorithm,
            titles=titles,
            batch=batch,
            backfill=backfill,
            undo=undo,
            dry_run=dry_run,
        )
        return await run_sync(partial(publication.rollback, self._services, wish))

    @needs_local
    async def history(self, title: str | None = None, *, limit: int = 20) -> list[PublicationSummary]:
        """Return the newest publications, newest first; of a title, those that changed it."""
        from watchdown.client import publication

        return await run_sync(partial(publication.history, self._services, title, limit))

    @needs_local
    async def diff(self, before: int, after: int, *, examples: int = 10) -> RunDifference:
        """Compare two runs of one title and algorithm, by schema type, with so many examples of each kind.

        Any two that have rows: staged and not loaded yet, loaded, seen, or superseded. Raises RunError for
        runs that cannot be compared.
        """
        from watchdown.client import differing

        return await run_sync(partial(differing.diff, self._services, before, after, examples))


class Publication:
    """What readers see: since when, and how to go back."""

    def __init__(self, inner: AsyncPublication, call: Call) -> None:
        self._inner = inner
        self._call = call

    def rollback(
        self,
        algorithm: str,
        titles: Sequence[str] = (),
        *,
        batch: str | None = None,
        backfill: int | None = None,
        undo: bool = False,
        dry_run: bool = False,
    ) -> RolledBack:
        """Show again what readers saw before of an algorithm, all at one moment; or `undo` the last rollback.

        Without `titles`, a `batch` or a `backfill`, of every title. Searches change at once.
        """
        return self._call(
            lambda: self._inner.rollback(
                algorithm, titles, batch=batch, backfill=backfill, undo=undo, dry_run=dry_run
            )
        )

    def history(self, title: str | None = None, *, limit: int = 20) -> list[PublicationSummary]:
        """Return the newest publications, newest first; of a title, those that changed it."""
        return self._call(lambda: self._inner.history(title, limit=limit))

    def diff(self, before: int, after: int, *, examples: int = 10) -> RunDifference:
        """Compare two runs of one title and algorithm, by schema type, with so many examples of each kind."""
        return self._call(lambda: self._inner.diff(before, after, examples=examples))
