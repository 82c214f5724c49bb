"""What a backfill would do and cost, as a call: `library.plan(...)`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from anyio.to_thread import run_sync

from watchdown.client.guarding import needs_local
from watchdown.client.parts_synchronous import Call
from watchdown.client.results_plan import BackfillPlan
from watchdown.client.services import Services

Report = Callable[[str], None]


def quiet(_title: str) -> None:
    """Report nothing."""


@needs_local
async def plan(
    services: Services,
    algorithm: str,
    titles: Sequence[str],
    *,
    size: int,
    concurrency: int | None,
    again: bool,
    probe: bool,
    report: Report,
) -> BackfillPlan:
    """Return what a backfill would do; says what to install where only reading works."""
    from watchdown.client import planning
    from watchdown.client.backfills import usual_concurrency

    asked = partial(
        planning.plan,
        size=size,
        concurrency=concurrency or usual_concurrency(),
        again=again,
        probe=probe,
        report=report,
    )
    return await run_sync(asked, services, algorithm, titles)


class AsyncPlan:
    """What a backfill would do."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def __call__(
        self,
        algorithm: str,
        titles: Sequence[str] = (),
        *,
        size: int = 100,
        concurrency: int | None = None,
        again: bool = False,
        probe: bool = False,
        report: Report = quiet,
    ) -> BackfillPlan:
        """Return what a backfill of an algorithm would do and cost; nothing is entered or begun.

        With `probe`, three titles are tried where nothing like it was measured, and `report` is told of each.
        """
        return await plan(
            self._services,
            algorithm,
            titles,
            size=size,
            concurrency=concurrency,
            again=again,
            probe=probe,
            report=report,
        )


class Plan:
    """What a backfill would do."""

    def __init__(self, inner: AsyncPlan, call: Call) -> None:
        self._inner = inner
        self._call = call

    def __call__(
        self,
        algorithm: str,
        titles: Sequence[str] = (),
        *,
        size: int = 100,
        concurrency: int | None = None,
        again: bool = False,
        probe: bool = False,
        report: Report = quiet,
    ) -> BackfillPlan:
        """Return what a backfill of an algorithm would do and cost; nothing is entered or begun."""
        return self._call(
            lambda: self._inner(
                algorithm,
                titles,
                size=size,
                concurrency=concurrency,
                again=again,
                probe=probe,
                report=report,
            )
        )
