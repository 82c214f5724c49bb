"""The part of a library that tells and changes the load budget."""

from __future__ import annotations

from typing import Any

from anyio.to_thread import run_sync

from watchdown.client.guarding import needs_local
from watchdown.client.parts_synchronous import Call
from watchdown.client.results_budget import LoadBudget
from watchdown.client.services import Services


class AsyncBudget:
    """What all loads together may write in a second."""

    def __init__(self, services: Services) -> None:
        self._services = services

    @needs_local
    async def show(self) -> LoadBudget:
        """Return the limits, how the store bears the load, and who loads now."""
        from watchdown.client import budgeting

        return await run_sync(budgeting.show, self._services)

    @needs_local
    async def set(self, **wanted: Any) -> LoadBudget:
        """Set `documents` and `bytes` in a second, None to lift a limit; what is not named stays.

        `paused=True` pauses all loads, `auto=False` lets no store slow them down, `reserve` is the share,
        from 0 to 0.9, that is kept for loads that somebody waits for. Loads that go on keep to all of it
        within two seconds. Raises QueryError for what is no such value.
        """
        from watchdown.client import budgeting

        return await run_sync(budgeting.change, self._services, wanted)


class Budget:
    """What all loads together may write in a second."""

    def __init__(self, inner: AsyncBudget, call: Call) -> None:
        self._inner = inner
        self._call = call

    def show(self) -> LoadBudget:
        """Return the limits, how the store bears the load, and who loads now."""
        return self._call(self._inner.show)

    def set(self, **wanted: Any) -> LoadBudget:
        """Set `documents` and `bytes` in a second, `paused`, `auto`, `reserve`; what is not named stays."""
        return self._call(lambda: self._inner.set(**wanted))
