"""The library, asynchronous: the one place where each call is written; the sync face wraps it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import ParamSpec, Self, TypeVar

import anyio
from anyio.to_thread import run_sync

from watchdown.catalogue.assets import Subtitles
from watchdown.catalogue.model import Title
from watchdown.client import adding, pictures, showing
from watchdown.client.results import Added, RunSummary, TitleSummary
from watchdown.client.services import Services
from watchdown.runs.execute import Progress
from watchdown.search.hit import Page
from watchdown.search.query import Description, Dialogue, Picture, Query, SimilarTo
from watchdown_algos.catalogue import AlgorithmCatalogue
from watchdown_schemas.errors import QueryError, printable

P = ParamSpec("P")
T = TypeVar("T")
Place = str | PathLike[str]


def _quiet(_progress: Progress) -> None:
    """Report nothing."""


class AsyncLibrary:
    """One library. Calls may run at the same time; `add` waits for its turn."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the library."""
        await run_sync(self._services.close)

    async def search(
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
        """Search by a description, by spoken words (`dialogue`), by an image file or by a shot's id.

        `titles` limits the search to titles by name or id; `after` is the cursor of an earlier page.
        Raises QueryError when the query cannot be answered as asked, CursorExpired for an old cursor.
        """
        leaf = await run_sync(partial(_leaf, text, image, shot, languages, dialogue=dialogue))
        scope = (
            None
            if titles is None
            else tuple([(await run_sync(self._services.catalogue.title, name)).id for name in titles])
        )
        query = Query(leaf=leaf, titles=scope)
        return await run_sync(partial(self._services.search.answer, query, limit=limit, after=after))

    async def add(
        self,
        *paths: Place,
        title: str | None = None,
        subtitles: Sequence[Place | tuple[Place, str]] = (),
        copy: bool = False,
        report: Callable[[Progress], None] = _quiet,
    ) -> list[Added]:
        """Add media files with their subtitles and run every algorithm over them.

        Without `subtitles`, files beside the media (film.srt, film.es.srt) are taken. `copy` takes the
        files into the library. Returns what became of each file; a bad file does not stop the others.
        Raises StorageFull when the disk is full. Cancelling stops within a batch of frames and loses
        nothing that was finished.
        """

        def checked(progress: Progress) -> None:
            anyio.from_thread.check_cancelled()
            report(progress)

        pairs = [
            Subtitles(Path(s[0]), s[1]) if isinstance(s, tuple) else Subtitles(Path(s)) for s in subtitles
        ]
        if len(paths) > 1 and (title is not None or pairs):
            raise QueryError(f"{len(paths)} files", "share one title or subtitles", "Add them one by one.")
        wishes = adding.Wishes(name=title, subtitles=pairs, copy=copy)
        call = partial(adding.add, self._services, [Path(path) for path in paths], wishes, checked)
        return await run_sync(call)

    async def titles(self) -> list[Title]:
        """Return all titles by name."""
        return await run_sync(self._services.catalogue.titles)

    async def runs(self, title: str | None = None) -> list[RunSummary]:
        """Return the runs of a title, or all."""
        return await run_sync(showing.summaries, self._services, title)

    async def show(self, title: str) -> TitleSummary:
        """Return what exists of a title."""
        return await run_sync(showing.show, self._services, title)

    async def thumbnail(self, key: str) -> bytes:
        """Return the picture of a hit's `thumbnail` key as JPEG."""
        return await run_sync(pictures.thumbnail, self._services.folder, key)

    async def media(self, key: str) -> Path:
        """Return the file that a key lies in."""
        return await run_sync(pictures.media, self._services.folder, key)


def _leaf(
    text: str | None,
    image: Place | bytes | None,
    shot: str | None,
    languages: Sequence[str],
    *,
    dialogue: bool,
) -> Description | Dialogue | Picture | SimilarTo:
    given = [name for name, value in (("text", text), ("image", image), ("shot", shot)) if value is not None]
    if len(given) != 1:
        raise QueryError(
            " and ".join(given) or "nothing", "is not one query", "Give text, an image or a shot."
        )
    if dialogue and text is None:
        raise QueryError(given[0], "cannot be searched in dialogue", "Give text.")
    if languages and not dialogue:
        raise QueryError(", ".join(languages), "is asked for, but not dialogue", "Search dialogue.")
    if shot is not None:
        return SimilarTo(shot=shot)
    if image is not None:
        if isinstance(image, bytes):
            return Picture(image=image)
        return Picture(image=pictures.read_image(Path(image)), name=printable(str(image)))
    assert text is not None
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise QueryError(text, "is no Unicode text", "Type it anew.")
    return Dialogue(text=text, languages=tuple(languages)) if dialogue else Description(text=text)


async def open_async(
    path: Place, *, create: bool = False, algorithms: AlgorithmCatalogue | None = None
) -> AsyncLibrary:
    """Open the library in a folder, or make one there with `create`."""
    services = await run_sync(partial(Services, Path(path), create=create, algorithms=algorithms))
    return AsyncLibrary(services)
