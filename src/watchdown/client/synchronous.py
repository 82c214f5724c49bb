"""The library, synchronous: the same calls, each run on an event loop in a thread of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Self, TypeVar

import anyio
from anyio.from_thread import BlockingPortal

from watchdown.catalogue.model import Title
from watchdown.client.asynchronous import AsyncLibrary, Place, _quiet, open_async
from watchdown.client.results import Added, RunSummary, TitleSummary
from watchdown.runs.execute import Progress
from watchdown.search.hit import Page
from watchdown_algos.catalogue import AlgorithmCatalogue
from watchdown_schemas.errors import LibraryError

T = TypeVar("T")


class Library:
    """One library; see AsyncLibrary for what each call does."""

    def __init__(self, portal: BlockingPortal, thread: Thread, inner: AsyncLibrary) -> None:
        self._portal = portal
        self._thread = thread
        self._inner = inner

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _call(self, call: Callable[[], Awaitable[T]]) -> T:
        """Run a call on the loop; an interruption here cancels it there."""
        try:
            future = self._portal.start_task_soon(call)
        except RuntimeError:
            raise LibraryError("the library", "has been closed", "Open it again") from None
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def close(self) -> None:
        """Close the library."""
        if self._thread.is_alive():
            self._portal.call(self._inner.close)
            self._portal.call(self._portal.stop)
            self._thread.join()

    def search(
        self,
        text: str | None = None,
        *,
        image: Place | bytes | None = None,
        shot: str | None = None,
        dialogue: bool = False,
        languages: Sequence[str] = (),
        titles: Sequence[str] | None = None,
        limit: int = 20,
        after: str | None = None,
    ) -> Page:
        """Search by a description, by spoken words (`dialogue`), by an image file or by a shot's id."""
        return self._call(
            lambda: self._inner.search(
                text,
                image=image,
                shot=shot,
                dialogue=dialogue,
                languages=languages,
                titles=titles,
                limit=limit,
                after=after,
            )
        )

    def add(
        self,
        *paths: Place,
        title: str | None = None,
        subtitles: Sequence[Place | tuple[Place, str]] = (),
        copy: bool = False,
        report: Callable[[Progress], None] = _quiet,
    ) -> list[Added]:
        """Add media files with their subtitles and run every algorithm over them."""
        return self._call(
            lambda: self._inner.add(*paths, title=title, subtitles=subtitles, copy=copy, report=report)
        )

    def titles(self) -> list[Title]:
        """Return all titles by name."""
        return self._call(self._inner.titles)

    def runs(self, title: str | None = None) -> list[RunSummary]:
        """Return the runs of a title, or all."""
        return self._call(lambda: self._inner.runs(title))

    def show(self, title: str) -> TitleSummary:
        """Return what exists of a title."""
        return self._call(lambda: self._inner.show(title))

    def thumbnail(self, key: str) -> bytes:
        """Return the picture of a hit's `thumbnail` key as JPEG."""
        return self._call(lambda: self._inner.thumbnail(key))

    def media(self, key: str) -> Path:
        """Return the file that a key lies in."""
        return self._call(lambda: self._inner.media(key))


def _start_loop() -> tuple[BlockingPortal, Thread]:
    """Start an event loop in a daemon thread: a library left open does not keep the program from ending."""
    started: Future[BlockingPortal] = Future()

    async def serve() -> None:
        async with BlockingPortal() as portal:
            started.set_result(portal)
            await portal.sleep_until_stopped()

    thread = Thread(target=anyio.run, args=(serve,), name="watchdown", daemon=True)
    thread.start()
    return started.result(), thread


def open(path: Place, *, create: bool = False, algorithms: AlgorithmCatalogue | None = None) -> Library:  # noqa: A001 - watchdown.open reads well
    """Open the library in a folder, or make one there with `create`. Close it, or use it in `with`."""
    portal, thread = _start_loop()
    try:
        inner = portal.call(lambda: open_async(path, create=create, algorithms=algorithms))
    except BaseException:
        portal.call(portal.stop)
        thread.join()
        raise
    return Library(portal, thread, inner)
