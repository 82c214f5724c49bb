"""The part of a library that has its generations, asynchronous and synchronous."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from os import PathLike, fspath
from pathlib import Path

from anyio.to_thread import run_sync

from watchdown.client.guarding import needs_local
from watchdown.client.parts_synchronous import Call
from watchdown.client.results_generations import Comparison, Generation, Promoted
from watchdown.client.results_publication import RolledBack
from watchdown.client.services import Services
from watchdown.search.query import Query

Queries = Sequence[str | Query] | PathLike[str]


class AsyncGenerations:
    """What backfills make beside what readers see: compared, promoted, and taken back."""

    def __init__(self, services: Services) -> None:
        self._services = services

    @needs_local
    async def list(self) -> Sequence[Generation]:
        """Return the backfills that show what they make at one moment, newest first."""
        from watchdown.client import generations

        return await run_sync(generations.listed, self._services)

    @needs_local
    async def compare(self, backfill: int, queries: Queries | None = None, *, limit: int = 10) -> Comparison:
        """Answer queries as now, and as they would be answered once what is loaded is shown.

        They are descriptions or queries, or a file with one on each line; without any, the newest that the
        library remembers. Nothing is changed. Raises QueryError for a query that cannot be asked, RunError
        where nothing of it is loaded.
        """
        from watchdown.client import generations

        if isinstance(queries, PathLike):
            queries = await run_sync(generations.read_queries, Path(fspath(queries)))
        return await run_sync(partial(generations.compare, self._services, backfill, queries, limit=limit))

    @needs_local
    async def promote(self, backfill: int) -> Promoted:
        """Show all that it has loaded at one moment; RunError, with nothing shown, where it is not whole."""
        from watchdown.client import generations

        return await run_sync(generations.promote, self._services, backfill)

    @needs_local
    async def rollback(self, backfill: int) -> RolledBack:
        """Show again what readers saw before it was promoted, at one moment."""
        from watchdown.client import generations

        return await run_sync(generations.rollback, self._services, backfill)


class Generations:
    """What backfills make beside what readers see: compared, promoted, and taken back."""

    def __init__(self, inner: AsyncGenerations, call: Call) -> None:
        self._inner = inner
        self._call = call

    def list(self) -> Sequence[Generation]:
        """Return the backfills that show what they make at one moment, newest first."""
        return self._call(self._inner.list)

    def compare(self, backfill: int, queries: Queries | None = None, *, limit: int = 10) -> Comparison:
        """Answer queries as now, and as they would be answered once what is loaded is shown."""
        return self._call(lambda: self._inner.compare(backfill, queries, limit=limit))

    def promote(self, backfill: int) -> Promoted:
        """Show all that it has loaded at one moment; RunError, with nothing shown, where it is not whole."""
        return self._call(lambda: self._inner.promote(backfill))

    def rollback(self, backfill: int) -> RolledBack:
        """Show again what readers saw before it was promoted, at one moment."""
        return self._call(lambda: self._inner.rollback(backfill))
