"""The part of a library that takes what other programs write, asynchronous and synchronous."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING

import anyio
from anyio.to_thread import run_sync

from watchdown.client.guarding import needs_local
from watchdown.client.parts_synchronous import Call
from watchdown.client.results_writes import Appended, WrittenRun
from watchdown.client.services import Services
from watchdown_schemas.errors import RunError, WatchdownError
from watchdown_schemas.record import Record

if TYPE_CHECKING:
    from watchdown.client.write_runs import Source, Start

Types = Sequence[str | type[Record]]
Progress = Callable[[str, int], None]
"""Is told what is being done, and with how many rows so far."""


def quiet(_doing: str, _rows: int) -> None:
    """Report nothing."""


class AsyncWrites:
    """Runs that programs write: nothing of one is seen before all of it is."""

    def __init__(self, services: Services) -> None:
        self._services = services

    @needs_local
    async def start(
        self,
        algorithm: str,
        title: str,
        *,
        version: str = "1.0.0",
        types: Types = (),
        model: str | None = None,
        tolerance: float = 0.0,
    ) -> int:
        """Start a run of the slot (algorithm, title) and return its number.

        `types` are taken as written even where no row of them comes. Bad rows go to quarantine; more of them
        than `tolerance`, a share of all rows, hold the run back when it is finished. Vectors need their
        `model`. Several runs of a slot may be open at once: the one that is published last is seen.
        """
        from watchdown.client import write_runs

        wished = _start(algorithm, title, version=version, types=types, model=model, tolerance=tolerance)
        return await run_sync(write_runs.start, self._services, wished)

    @needs_local
    async def append(
        self,
        run: int,
        schema_type: str | type[Record],
        rows: Source,
        *,
        part: str | None = None,
        report: Progress = quiet,
    ) -> Appended:
        """Append rows of one schema type to a run: all of them, or where this raises none.

        `rows` are Arrow, records, mappings of fields, the path or `s3://` address of a Parquet or JSON Lines
        file, or a stream of the latter. Many processes may append at once. A `part` that was appended before
        is left as it is, so that a call may be repeated. Raises RunError where the run takes no rows.
        """
        from watchdown.client import write_runs

        call = partial(
            write_runs.append, self._services, run, schema_type, rows, part=part, progress=_checked(report)
        )
        return await run_sync(call)

    @needs_local
    async def finish(self, run: int, *, publish: bool = True, report: Progress = quiet) -> WrittenRun:
        """Take no more rows for a run, check it as a whole, load it, and show it to readers at one moment.

        Without `publish` it stays hidden until it is finished with it. `error` says why a run is held in
        quarantine. Repeated, it goes on where it was ended; raises RunError for a run that was cancelled.
        """
        from watchdown.client import write_runs

        call = partial(
            write_runs.finish,
            self._services,
            run,
            publish=publish,
            waiting=anyio.from_thread.check_cancelled,
            progress=_checked(report),
        )
        return await run_sync(call)

    @needs_local
    async def cancel(self, run: int) -> WrittenRun:
        """End a run that is not seen yet, and remove all of it; raises RunError for one that is."""
        from watchdown.client import write_runs

        call = partial(write_runs.cancel, self._services, run, waiting=anyio.from_thread.check_cancelled)
        return await run_sync(call)

    @needs_local
    async def ingest(
        self,
        rows: Source,
        *,
        algorithm: str,
        title: str,
        schema_type: str | type[Record],
        version: str = "1.0.0",
        model: str | None = None,
        tolerance: float = 0.0,
        publish: bool = True,
        report: Progress = quiet,
    ) -> WrittenRun:
        """Write a file, or other rows, whole as a run: started, appended to and finished in this one call."""
        from watchdown.client import write_runs

        call = partial(
            write_runs.ingest,
            self._services,
            rows,
            _start(
                algorithm,
                title,
                version=version,
                types=(schema_type,),
                model=model,
                tolerance=tolerance,
            ),
            publish=publish,
            waiting=anyio.from_thread.check_cancelled,
            progress=_checked(report),
        )
        return await run_sync(call)

    @needs_local
    async def list(self) -> Sequence[WrittenRun]:
        """Return the runs that were started and have not ended, oldest first."""
        from watchdown.client import write_runs

        return await run_sync(write_runs.listed, self._services)

    @asynccontextmanager
    async def run(
        self,
        algorithm: str,
        title: str,
        *,
        version: str = "1.0.0",
        types: Types = (),
        model: str | None = None,
        tolerance: float = 0.0,
        publish: bool = True,
    ) -> AsyncIterator[AsyncOpenRun]:
        """Give a run to append to; it is finished at the end of the block, and cancelled if that raises.

        Raises RunError where the run as a whole is held in quarantine.
        """
        number = await self.start(
            algorithm, title, version=version, types=types, model=model, tolerance=tolerance
        )
        opened = AsyncOpenRun(self, number)
        try:
            yield opened
        except BaseException:
            with anyio.CancelScope(shield=True), suppress(WatchdownError):
                await self.cancel(number)
            raise
        opened.result = _held_back(await self.finish(number, publish=publish))


class AsyncOpenRun:
    """One run to append to; `result` says what became of it once it was finished."""

    def __init__(self, writes: AsyncWrites, number: int) -> None:
        self._writes = writes
        self.number = number
        self.result: WrittenRun | None = None

    async def append(
        self, schema_type: str | type[Record], rows: Source, *, part: str | None = None
    ) -> Appended:
        """Append rows of one schema type."""
        return await self._writes.append(self.number, schema_type, rows, part=part)


class Writes:
    """Runs that programs write; the asynchronous calls say more."""

    def __init__(self, inner: AsyncWrites, call: Call) -> None:
        self._inner = inner
        self._call = call

    def start(
        self,
        algorithm: str,
        title: str,
        *,
        version: str = "1.0.0",
        types: Types = (),
        model: str | None = None,
        tolerance: float = 0.0,
    ) -> int:
        """Start a run of the slot (algorithm, title) and return its number."""
        return self._call(
            lambda: self._inner.start(
                algorithm, title, version=version, types=types, model=model, tolerance=tolerance
            )
        )

    def append(
        self,
        run: int,
        schema_type: str | type[Record],
        rows: Source,
        *,
        part: str | None = None,
        report: Progress = quiet,
    ) -> Appended:
        """Append rows of one schema type to a run: all of them, or where this raises none."""
        return self._call(lambda: self._inner.append(run, schema_type, rows, part=part, report=report))

    def finish(self, run: int, *, publish: bool = True, report: Progress = quiet) -> WrittenRun:
        """Take no more rows for a run, check it as a whole, load it, and show it to readers at one moment."""
        return self._call(lambda: self._inner.finish(run, publish=publish, report=report))

    def cancel(self, run: int) -> WrittenRun:
        """End a run that is not seen yet, and remove all of it; raises RunError for one that is."""
        return self._call(lambda: self._inner.cancel(run))

    def ingest(
        self,
        rows: Source,
        *,
        algorithm: str,
        title: str,
        schema_type: str | type[Record],
        version: str = "1.0.0",
        model: str | None = None,
        tolerance: float = 0.0,
        publish: bool = True,
        report: Progress = quiet,
    ) -> WrittenRun:
        """Write a file, or other rows, whole as a run: started, appended to and finished in this one call."""
        return self._call(
            lambda: self._inner.ingest(
                rows,
                algorithm=algorithm,
                title=title,
                schema_type=schema_type,
                version=version,
                model=model,
                tolerance=tolerance,
                publish=publish,
                report=report,
            )
        )

    def list(self) -> Sequence[WrittenRun]:
        """Return the runs that were started and have not ended, oldest first."""
        return self._call(self._inner.list)

    @contextmanager
    def run(
        self,
        algorithm: str,
        title: str,
        *,
        version: str = "1.0.0",
        types: Types = (),
        model: str | None = None,
        tolerance: float = 0.0,
        publish: bool = True,
    ) -> Iterator[OpenRun]:
        """Give a run to append to; it is finished at the end of the block, and cancelled if that raises."""
        number = self.start(algorithm, title, version=version, types=types, model=model, tolerance=tolerance)
        opened = OpenRun(self, number)
        try:
            yield opened
        except BaseException:
            with suppress(WatchdownError):
                self.cancel(number)
            raise
        opened.result = _held_back(self.finish(number, publish=publish))


class OpenRun:
    """One run to append to; `result` says what became of it once it was finished."""

    def __init__(self, writes: Writes, number: int) -> None:
        self._writes = writes
        self.number = number
        self.result: WrittenRun | None = None

    def append(self, schema_type: str | type[Record], rows: Source, *, part: str | None = None) -> Appended:
        """Append rows of one schema type."""
        return self._writes.append(self.number, schema_type, rows, part=part)


def _start(
    algorithm: str, title: str, *, version: str, types: Types, model: str | None, tolerance: float
) -> Start:
    from watchdown.client.write_runs import Start

    return Start(
        algorithm=algorithm,
        title=title,
        version=version,
        types=tuple(types),
        model=model,
        tolerance=tolerance,
    )


def _checked(report: Progress) -> Progress:
    """Return a report that ends the call once its caller waits no more."""

    def checked(doing: str, rows: int) -> None:
        anyio.from_thread.check_cancelled()
        report(doing, rows)

    return checked


def _held_back(finished: WrittenRun) -> WrittenRun:
    if finished.error is not None:
        remedy = "See the rows that were refused with: watchdown quarantine list"
        raise RunError(f"run {finished.run}", finished.error, remedy)
    return finished
