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
from watchdown.client.asynchronous import AsyncLibrary, Place, open_async
from watchdown.client.part_backfills import Backfills
from watchdown.client.part_budget import Budget
from watchdown.client.part_collection import Collection
from watchdown.client.part_dead_letters import DeadLetters
from watchdown.client.part_generations import Generations
from watchdown.client.part_plan import Plan
from watchdown.client.part_publication import Publication
from watchdown.client.part_queries import Queries
from watchdown.client.part_repair import Repair
from watchdown.client.part_status import Status
from watchdown.client.part_writes import Writes
from watchdown.client.parts_asynchronous import quiet
from watchdown.client.parts_synchronous import Corrections, Notes, Quarantine, Schemas
from watchdown.client.records import Filter
from watchdown.client.results import Added, Imported, Rows, RunSummary, TitleSummary, Written
from watchdown.runs.progress import Progress
from watchdown.search.hit import Page
from watchdown.where import Value
from watchdown_algos.catalogue import AlgorithmCatalogue
from watchdown_schemas.errors import LibraryError
from watchdown_schemas.record import Record

T = TypeVar("T")


class Library:
    """One library; see AsyncLibrary for what each call does."""

    def __init__(self, portal: BlockingPortal, thread: Thread, inner: AsyncLibrary) -> None:
        self._portal = portal
        self._thread = thread
        self._inner = inner
        self.schemas = Schemas(inner.schemas, self._call)
        self.notes = Notes(inner.notes, self._call)
        self.corrections = Corrections(inner.corrections, self._call)
        self.quarantine = Quarantine(inner.quarantine, self._call)
        self.budget = Budget(inner.budget, self._call)
        self.writes = Writes(inner.writes, self._call)
        self.collection = Collection(inner.collection, self._call)
        self.repair = Repair(inner.repair, self._call)
        self.status = Status(inner.status, self._call)
        self.plan = Plan(inner.plan, self._call)
        self.dead_letters = DeadLetters(inner.dead_letters, self._call)
        self.backfills = Backfills(inner.backfills, self._call)
        self.publication = Publication(inner.publication, self._call)
        self.generations = Generations(inner.generations, self._call)
        self.queries = Queries(inner.queries, self._call)

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
        schema_type: str | None = None,
        languages: Sequence[str] = (),
        titles: Sequence[str] | None = None,
        min_score: float | None = None,
        limit: int = 20,
        after: str | None = None,
        as_of: int | None = None,
    ) -> Page:
        """Search by a description, by spoken words (`dialogue`), by an image file or by a shot's id."""
        return self._call(
            lambda: self._inner.search(
                text,
                image=image,
                shot=shot,
                dialogue=dialogue,
                schema_type=schema_type,
                languages=languages,
                titles=titles,
                min_score=min_score,
                limit=limit,
                after=after,
                as_of=as_of,
            )
        )

    def add(
        self,
        *paths: Place,
        title: str | None = None,
        subtitles: Sequence[Place | tuple[Place, str]] = (),
        copy: bool = False,
        quality: bool = False,
        only: Sequence[str] | None = None,
        report: Callable[[Progress], None] = quiet,
    ) -> list[Added]:
        """Add media files with their subtitles and run every algorithm over them."""
        return self._call(
            lambda: self._inner.add(
                *paths,
                title=title,
                subtitles=subtitles,
                copy=copy,
                quality=quality,
                only=only,
                report=report,
            )
        )

    def write(
        self,
        schema_type: str | type[Record],
        rows: Rows,
        title: str,
        *,
        algorithm: str | None = None,
        version: str = "1.0.0",
        model: str | None = None,
        tolerance: float = 0.0,
    ) -> Written:
        """Write records of one schema type of a title, validated and published in this one call."""
        return self._call(
            lambda: self._inner.write(
                schema_type,
                rows,
                title,
                algorithm=algorithm,
                version=version,
                model=model,
                tolerance=tolerance,
            )
        )

    def records(
        self,
        schema_type: str,
        *,
        where: Filter = None,
        titles: Sequence[str] | None = None,
        entity: str | None = None,
        person: str | None = None,
        as_of: int | None = None,
        limit: int | None = None,
    ) -> list[Record]:
        """Return records of a type, or of all types that inherit from a base type, by title and time."""
        return self._call(
            lambda: self._inner.records(
                schema_type,
                where=where,
                titles=titles,
                entity=entity,
                person=person,
                as_of=as_of,
                limit=limit,
            )
        )

    def count(
        self,
        schema_type: str,
        *,
        where: Filter = None,
        titles: Sequence[str] | None = None,
        entity: str | None = None,
        person: str | None = None,
        as_of: int | None = None,
    ) -> int:
        """Return the number of records that `records` returns."""
        return self._call(
            lambda: self._inner.count(
                schema_type, where=where, titles=titles, entity=entity, person=person, as_of=as_of
            )
        )

    def facet(
        self,
        schema_type: str,
        field: str,
        *,
        where: Filter = None,
        titles: Sequence[str] | None = None,
        entity: str | None = None,
        person: str | None = None,
        as_of: int | None = None,
        limit: int = 100,
    ) -> list[tuple[Value, int]]:
        """Return the most frequent values of a field or attribute, each with its number of records."""
        return self._call(
            lambda: self._inner.facet(
                schema_type,
                field,
                where=where,
                titles=titles,
                entity=entity,
                person=person,
                as_of=as_of,
                limit=limit,
            )
        )

    def span(self, title: str, start: str, end: str | None = None) -> tuple[int, int]:
        """Return the nanoseconds of a range as people write it: time codes, `1:02.5`, seconds or `f100`."""
        return self._call(lambda: self._inner.span(title, start, end))

    def timecode(self, title: str, ns: int) -> str:
        """Return the time code of a title at a moment, in nanoseconds."""
        return self._call(lambda: self._inner.timecode(title, ns))

    def titles(self) -> list[Title]:
        """Return all titles by name."""
        return self._call(self._inner.titles)

    def import_titles(self, path: Place, *, dry_run: bool = False) -> Imported:
        """Import what titles are known by (metadata, casts, rights) from a CSV, JSON or JSON Lines file."""
        return self._call(lambda: self._inner.import_titles(path, dry_run=dry_run))

    def runs(self, title: str | None = None) -> list[RunSummary]:
        """Return the runs of a title, or all."""
        return self._call(lambda: self._inner.runs(title))

    def show(self, title: str, *, as_of: int | None = None) -> TitleSummary:
        """Return what exists of a title; with `as_of`, the records that an earlier epoch showed of it."""
        return self._call(lambda: self._inner.show(title, as_of=as_of))

    def thumbnail(self, key: str) -> bytes:
        """Return the picture of a hit's `thumbnail` key as JPEG."""
        return self._call(lambda: self._inner.thumbnail(key))

    def media(self, key: str) -> Path:
        """Return the file that a key lies in; a copy of it where the library's storage is no folder."""
        return self._call(lambda: self._inner.media(key))

    def link(self, key: str, seconds: int = 3600) -> str:
        """Return a URL of the file that a key lies in, good for so long, for whoever has it."""
        return self._call(lambda: self._inner.link(key, seconds))


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
    """Open a library by its folder or the file of its settings; `create` makes it. Use it in `with`."""
    portal, thread = _start_loop()
    try:
        inner = portal.call(lambda: open_async(path, create=create, algorithms=algorithms))
    except BaseException:
        portal.call(portal.stop)
        thread.join()
        raise
    return Library(portal, thread, inner)
