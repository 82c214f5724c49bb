"""The part of a library that tells of dead letters and replays them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import anyio
from anyio.to_thread import run_sync

from watchdown.client.guarding import needs_local
from watchdown.client.parts_synchronous import Call
from watchdown.client.results_dead_letters import DeadLetters as Letters
from watchdown.client.results_dead_letters import Replayed
from watchdown.client.services import Services


class AsyncDeadLetters:
    """Rows that the store refused."""

    def __init__(self, services: Services) -> None:
        self._services = services

    @needs_local
    async def list(self) -> Sequence[Letters]:
        """Return the rows that the store refused, by run and schema type."""
        from watchdown.client import dead_letters

        return await run_sync(dead_letters.letters, self._services)

    @needs_local
    async def rows(self, run: int, schema_type: str | None = None) -> Sequence[dict[str, Any]]:
        """Return the rows of a run that the store refused, of one type or all, each with its `_reason`.

        Raises NotFound where there are none.
        """
        from watchdown.client import dead_letters

        return await run_sync(lambda: [*dead_letters.rows(self._services, run, schema_type)])

    @needs_local
    async def save(self, run: int, out: Path, schema_type: str | None = None) -> int:
        """Write the rows of a run that the store refused as JSONL, to be mended; return how many."""
        from watchdown.client import dead_letters

        return await run_sync(dead_letters.save, self._services, run, schema_type, out)

    @needs_local
    async def replay(self, run: int, rows: Sequence[Mapping[str, Any]] | Path | None = None) -> Replayed:
        """Write rows that the store refused once more, with the others of their run, and publish them.

        `rows` are mended ones, or a file of them; without, all as they are. Readers see the run or the next,
        never a part. Raises RunError where readers do not see the run any more.
        """
        from watchdown.client import dead_letters

        call = partial(
            dead_letters.replay, self._services, run, rows, waiting=anyio.from_thread.check_cancelled
        )
        return await run_sync(call)


class DeadLetters:
    """Rows that the store refused."""

    def __init__(self, inner: AsyncDeadLetters, call: Call) -> None:
        self._inner = inner
        self._call = call

    def list(self) -> Sequence[Letters]:
        """Return the rows that the store refused, by run and schema type."""
        return self._call(self._inner.list)

    def rows(self, run: int, schema_type: str | None = None) -> Sequence[dict[str, Any]]:
        """Return the rows of a run that the store refused, each with its `_reason`."""
        return self._call(lambda: self._inner.rows(run, schema_type))

    def save(self, run: int, out: Path, schema_type: str | None = None) -> int:
        """Write the rows of a run that the store refused as JSONL, to be mended; return how many."""
        return self._call(lambda: self._inner.save(run, out, schema_type))

    def replay(self, run: int, rows: Sequence[Mapping[str, Any]] | Path | None = None) -> Replayed:
        """Write rows that the store refused once more, with the others of their run, and publish them."""
        return self._call(lambda: self._inner.replay(run, rows))
