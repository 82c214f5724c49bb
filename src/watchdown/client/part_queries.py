"""The part of a library that has the queries which it remembers, asynchronous and synchronous."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from anyio.to_thread import run_sync

from watchdown.client import queries
from watchdown.client.parts_synchronous import Call
from watchdown.client.results_queries import AskedQuery
from watchdown.client.services import Services


class AsyncQueries:
    """What was searched for, where the settings let the library remember it."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def list(self, limit: int = 100) -> Sequence[AskedQuery]:
        """Return the newest queries, newest first."""
        return await run_sync(partial(queries.listed, self._services, limit))

    async def clear(self) -> int:
        """Forget all of them, and return how many those were."""
        return await run_sync(queries.clear, self._services)


class Queries:
    """What was searched for, where the settings let the library remember it."""

    def __init__(self, inner: AsyncQueries, call: Call) -> None:
        self._inner = inner
        self._call = call

    def list(self, limit: int = 100) -> Sequence[AskedQuery]:
        """Return the newest queries, newest first."""
        return self._call(lambda: self._inner.list(limit))

    def clear(self) -> int:
        """Forget all of them, and return how many those were."""
        return self._call(self._inner.clear)
