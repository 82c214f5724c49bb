"""The part of a library that has its backfills, asynchronous and synchronous."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Literal

import anyio
from anyio.to_thread import run_sync

from watchdown.client.guarding import needs_local
from watchdown.client.parts_synchronous import Call
from watchdown.client.results_backfills import BackfillStatus, BackfillSummary
from watchdown.client.services import Services

if TYPE_CHECKING:
    from watchdown.client.backfills import Begun
    from watchdown.executors.protocol import Step

Report = Callable[["Step"], None]


def quiet(_step: Step) -> None:
    """Report nothing."""


class AsyncBackfills:
    """Algorithms over many titles: begun, looked at, paused, resumed and cancelled."""

    def __init__(self, services: Services) -> None:
        self._services = services

    @needs_local
    async def run(
        self,
        algorithm: str,
        titles: Sequence[str] = (),
        *,
        size: int = 100,
        rate: float | None = None,
        concurrency: int | None = None,
        publish: Literal["batch", "all", "later"] | None = None,
        via: Literal["local", "airflow"] = "local",
        tolerance: float = 0.0,
        only: bool = False,
        again: bool = False,
        priority: int = 0,
        report: Report = quiet,
    ) -> BackfillStatus:
        """Run an algorithm over all titles that lack its result, or over some; return how it has ended.

        It goes on where an earlier call with the same algorithm and titles was ended. What is published
        `later` stays hidden until `library.generations.promote`. Raises BackfillCancelled where somebody
        cancels it.
        """
        from watchdown.client import backfills

        wish = backfills.Wish(
            algorithm=algorithm,
            titles=titles,
            size=size,
            rate=rate,
            concurrency=concurrency,
            publish=publish,
            via=via,
            tolerance=tolerance,
            only=only,
            again=again,
            priority=priority,
        )
        waiting = anyio.from_thread.check_cancelled
        return await run_sync(lambda: self._work(backfills.begin(self._services, wish, waiting), report))

    @needs_local
    async def retry_failed(
        self, backfill: int, *, only: bool = False, report: Report = quiet
    ) -> BackfillStatus:
        """Work what failed of a backfill once more; return how it has ended then."""
        from watchdown.client import backfills

        waiting = anyio.from_thread.check_cancelled
        return await run_sync(
            lambda: self._work(backfills.retry_failed(self._services, backfill, waiting, only=only), report)
        )

    @needs_local
    async def list(self, *, going_on: bool = False) -> Sequence[BackfillSummary]:
        """Return all backfills, newest first, or those that go on."""
        from watchdown.client import backfills_known

        return await run_sync(partial(backfills_known.summaries, self._services, going_on=going_on))

    @needs_local
    async def status(self, backfill: int) -> BackfillStatus:
        """Return a backfill with its batches and its failures."""
        from watchdown.client import backfills_known

        return await run_sync(backfills_known.status, self._services, backfill)

    @needs_local
    async def pause(self, backfill: int) -> BackfillSummary:
        """Let no title of it begin and none of its loads go on, until it is resumed."""
        from watchdown.client import backfills_known

        return await run_sync(backfills_known.pause, self._services, backfill)

    @needs_local
    async def resume(self, backfill: int) -> BackfillSummary:
        """Let it go on."""
        from watchdown.client import backfills_known

        return await run_sync(backfills_known.resume, self._services, backfill)

    @needs_local
    async def cancel(self, backfill: int) -> BackfillSummary:
        """End it: what is published stays, of the rest nothing is ever seen."""
        from watchdown.client import backfills_known

        return await run_sync(backfills_known.cancel, self._services, backfill)

    def _work(self, begun: Begun, report: Report) -> BackfillStatus:
        from watchdown.client import backfills, backfills_known

        for step in backfills.work(self._services, begun, anyio.from_thread.check_cancelled):
            anyio.from_thread.check_cancelled()
            report(step)
        backfills.settle(self._services, begun.backfill.number, blocked=begun.planned.blocked)
        return backfills_known.status(self._services, begun.backfill.number)


class Backfills:
    """Algorithms over many titles: begun, looked at, paused, resumed and cancelled."""

    def __init__(self, inner: AsyncBackfills, call: Call) -> None:
        self._inner = inner
        self._call = call

    def run(
        self,
        algorithm: str,
        titles: Sequence[str] = (),
        *,
        size: int = 100,
        rate: float | None = None,
        concurrency: int | None = None,
        publish: Literal["batch", "all", "later"] | None = None,
        via: Literal["local", "airflow"] = "local",
        tolerance: float = 0.0,
        only: bool = False,
        again: bool = False,
        priority: int = 0,
        report: Report = quiet,
    ) -> BackfillStatus:
        """Run an algorithm over all titles that lack its result, or over some; return how it has ended."""
        return self._call(
            lambda: self._inner.run(
                algorithm,
                titles,
                size=size,
                rate=rate,
                concurrency=concurrency,
                publish=publish,
                via=via,
                tolerance=tolerance,
                only=only,
                again=again,
                priority=priority,
                report=report,
            )
        )

    def retry_failed(self, backfill: int, *, only: bool = False, report: Report = quiet) -> BackfillStatus:
        """Work what failed of a backfill once more; return how it has ended then."""
        return self._call(lambda: self._inner.retry_failed(backfill, only=only, report=report))

    def list(self, *, going_on: bool = False) -> Sequence[BackfillSummary]:
        """Return all backfills, newest first, or those that go on."""
        return self._call(lambda: self._inner.list(going_on=going_on))

    def status(self, backfill: int) -> BackfillStatus:
        """Return a backfill with its batches and its failures."""
        return self._call(lambda: self._inner.status(backfill))

    def pause(self, backfill: int) -> BackfillSummary:
        """Let no title of it begin and none of its loads go on, until it is resumed."""
        return self._call(lambda: self._inner.pause(backfill))

    def resume(self, backfill: int) -> BackfillSummary:
        """Let it go on."""
        return self._call(lambda: self._inner.resume(backfill))

    def cancel(self, backfill: int) -> BackfillSummary:
        """End it: what is published stays, of the rest nothing is ever seen."""
        return self._call(lambda: self._inner.cancel(backfill))
