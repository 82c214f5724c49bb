"""How a library stands, as a call: `library.status()`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from anyio.to_thread import run_sync

from watchdown.client.guarding import needs_local
from watchdown.client.parts_synchronous import Call
from watchdown.client.results_status import LibraryStatus
from watchdown.client.services import Services


@needs_local
async def status(services: Services, titles: Sequence[str]) -> LibraryStatus:
    """Return how titles stand; says what to install where only reading works."""
    from watchdown.client.status import status as found

    return await run_sync(partial(found, services, titles))


class AsyncStatus:
    """How titles stand."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def __call__(self, titles: Sequence[str] | None = None) -> LibraryStatus:
        """Return what is ready of titles, of all without any, why the rest is not, and what helps.

        A title is named as elsewhere: by name, id, pattern or metadata; NotFound for what chooses none.
        """
        return await status(self._services, titles or ())


class Status:
    """How titles stand."""

    def __init__(self, inner: AsyncStatus, call: Call) -> None:
        self._inner = inner
        self._call = call

    def __call__(self, titles: Sequence[str] | None = None) -> LibraryStatus:
        """Return what is ready of titles, of all without any, why the rest is not, and what helps."""
        return self._call(lambda: self._inner(titles))
