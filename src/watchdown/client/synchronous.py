"""The library, synchronous: the same calls, each run on an event loop in a thread of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from threading import Thread, main_thread
from types import TracebackType
from typing import Final, Self, TypeVar
from weakref import WeakSet

from anyio.from_thread import BlockingPortal, start_blocking_portal

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

    def __init__(self, stack: ExitStack, portal: BlockingPortal, inner: AsyncLibrary) -> None:
        self._stack = stack
        self._portal = portal
        self._inner = inner
        _OPEN.add(self)

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
        self._stack.close()

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


_OPEN: Final[WeakSet[Library]] = WeakSet()


@cache
def _close_at_exit() -> None:
    """See to it that a library that nobody closes does not keep the program from ending."""

    def close_all() -> None:
        main_thread().join()
        for library in list(_OPEN):
            library.close()

    Thread(target=close_all, name="watchdown-exit", daemon=True).start()


def open(path: Place, *, create: bool = False, algorithms: AlgorithmCatalogue | None = None) -> Library:  # noqa: A001 - watchdown.open reads well
    """Open the library in a folder, or make one there with `create`. Close it, or use it in `with`."""
    _close_at_exit()
    with ExitStack() as stack:
        portal = stack.enter_context(start_blocking_portal())
        inner = portal.call(lambda: open_async(path, create=create, algorithms=algorithms))
        stack.callback(portal.call, inner.close)
        return Library(stack.pop_all(), portal, inner)
