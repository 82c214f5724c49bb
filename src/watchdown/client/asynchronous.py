"""The library, asynchronous: the one place where each call is written; the sync face wraps it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from os import PathLike, fspath
from pathlib import Path
from types import TracebackType
from typing import ParamSpec, Self, TypeVar

import anyio
from anyio.to_thread import run_sync

from watchdown.catalogue.model import Title
from watchdown.client import moments, pictures, records
from watchdown.client.guarding import needs_local
from watchdown.client.part_backfills import AsyncBackfills
from watchdown.client.part_budget import AsyncBudget
from watchdown.client.part_collection import AsyncCollection
from watchdown.client.part_dead_letters import AsyncDeadLetters
from watchdown.client.part_generations import AsyncGenerations
from watchdown.client.part_plan import AsyncPlan
from watchdown.client.part_publication import AsyncPublication
from watchdown.client.part_queries import AsyncQueries
from watchdown.client.part_repair import AsyncRepair
from watchdown.client.part_status import AsyncStatus
from watchdown.client.part_writes import AsyncWrites
from watchdown.client.parts_asynchronous import (
    AsyncCorrections,
    AsyncNotes,
    AsyncQuarantine,
    AsyncSchemas,
    quiet,
)
from watchdown.client.records import Ask, Filter
from watchdown.client.results import Added, Imported, Rows, RunSummary, TitleSummary, Written
from watchdown.client.services import Services
from watchdown.runs.progress import Progress
from watchdown.search.hit import Page
from watchdown.search.query import Description, Dialogue, Picture, Query, SimilarTo, Words
from watchdown.settings import Settings
from watchdown.where import Value
from watchdown_algos.catalogue import AlgorithmCatalogue
from watchdown_schemas.errors import QueryError, printable
from watchdown_schemas.record import Record

P = ParamSpec("P")
T = TypeVar("T")
Place = str | PathLike[str]


class AsyncLibrary:
    """One library. Calls may run at the same time; `add` waits for its turn."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.schemas = AsyncSchemas(services)
        self.notes = AsyncNotes(services)
        self.corrections = AsyncCorrections(services)
        self.quarantine = AsyncQuarantine(services)
        self.budget = AsyncBudget(services)
        self.writes = AsyncWrites(services)
        self.collection = AsyncCollection(services)
        self.repair = AsyncRepair(services)
        self.status = AsyncStatus(services)
        self.plan = AsyncPlan(services)
        self.dead_letters = AsyncDeadLetters(services)
        self.backfills = AsyncBackfills(services)
        self.publication = AsyncPublication(services)
        self.generations = AsyncGenerations(services)
        self.queries = AsyncQueries(services)

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
        schema_type: str | None = None,
        languages: Sequence[str] = (),
        titles: Sequence[str] | None = None,
        min_score: float | None = None,
        limit: int = 20,
        after: str | None = None,
        as_of: int | None = None,
    ) -> Page:
        """Search by a description, by spoken words (`dialogue`), by an image file or by a shot's id.

        With a `schema_type`, by words in the text of its records: `Note`, `Caption`, or one of your own.
        `titles` limits the search to titles by name or id; `after` is the cursor of an earlier page, `as_of`
        an earlier epoch. What scores less than `min_score` is no hit: the cosine of pictures, from 0 to 1 for
        words. Raises QueryError when the query cannot be answered as asked, CursorExpired for an old cursor
        or epoch.
        """
        spoken = "DialogueLine" if dialogue else schema_type
        leaf = await run_sync(partial(_leaf, text, image, shot, languages, schema_type=spoken))
        scope = (
            None
            if titles is None
            else tuple([(await run_sync(self._services.directory.title, name)).id for name in titles])
        )
        query = Query(leaf=leaf, titles=scope, min_score=min_score)
        page: Page = await run_sync(
            partial(self._services.search.answer, query, limit=limit, after=after, as_of=as_of)
        )
        if after is None and as_of is None:
            await run_sync(self._services.queries.note, query)
        return page

    @needs_local
    async def add(
        self,
        *paths: Place,
        title: str | None = None,
        subtitles: Sequence[Place | tuple[Place, str]] = (),
        copy: bool = False,
        quality: bool = False,
        only: Sequence[str] | None = None,
        report: Callable[[Progress], None] = quiet,
    ) -> list[Added]:
        """Add media files, or `s3://bucket/key`, with their subtitles and run every algorithm over them.

        Without `subtitles`, files beside the media (film.srt, film.es.srt) are taken. `copy` takes the
        files into the library; one in a bucket takes in files of this machine by itself. `quality` judges
        what was found as a whole, with Great Expectations, before it is seen (the report lies in the
        library's `reports`). `only` names the algorithms that are run, none with an empty list; `watchdown
        backfill` runs the others later. Returns what became of each file; a bad file does not stop the
        others. Raises StorageFull when the disk is full. Cancelling stops within a
        batch of frames and loses nothing that was finished.
        """
        from watchdown.client import adding

        def checked(progress: Progress) -> None:
            anyio.from_thread.check_cancelled()
            report(progress)

        pairs = [(fspath(s[0]), s[1]) if isinstance(s, tuple) else (fspath(s), None) for s in subtitles]
        if len(paths) > 1 and (title is not None or pairs):
            raise QueryError(f"{len(paths)} files", "share one title or subtitles", "Add them one by one.")
        wishes = adding.Wishes(name=title, subtitles=pairs, copy=copy, quality=quality, only=only)
        call = partial(adding.add, self._services, [fspath(path) for path in paths], wishes, checked)
        return await run_sync(call)

    @needs_local
    async def write(
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
        """Write records of one schema type of a title, validated and published in this one call.

        `rows` are records, mappings of fields, or Arrow (quicker by far for many). They are a run of the slot
        (algorithm, title), and take the place of what was written there before; without an `algorithm`, the
        slot is the type's own. Bad rows go to quarantine; more of them than `tolerance`, a share of all
        rows, hold the whole run back: see `error` of what is returned. Vectors need their `model`.
        """
        from watchdown.client import writing

        call = partial(
            writing.write,
            self._services,
            schema_type,
            rows,
            title,
            algorithm=algorithm,
            version=version,
            model=model,
            tolerance=tolerance,
            waiting=anyio.from_thread.check_cancelled,
        )
        return await run_sync(call)

    async def records(
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
        """Return records of a type, or of all types that inherit from a base type, by title and time.

        `where` is a filter: `{"label": "car"}`, or an expression of `watchdown.where.field`. `entity` is what
        records or their titles belong to (`season:one`), `person` one of a cast, by any name; `as_of` an
        earlier epoch.
        """
        ask = Ask(
            schema_type=schema_type, where=where, titles=titles, entity=entity, person=person, as_of=as_of
        )
        return await run_sync(records.records, self._services, ask, limit)

    async def count(
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
        ask = Ask(
            schema_type=schema_type, where=where, titles=titles, entity=entity, person=person, as_of=as_of
        )
        return await run_sync(records.count, self._services, ask)

    async def facet(
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
        ask = Ask(
            schema_type=schema_type, where=where, titles=titles, entity=entity, person=person, as_of=as_of
        )
        return await run_sync(records.facet, self._services, ask, field, limit)

    async def span(self, title: str, start: str, end: str | None = None) -> tuple[int, int]:
        """Return the nanoseconds of a range as people write it: time codes, `1:02.5`, seconds or `f100`.

        Without an end, the range is the frame on screen at `start`.
        """
        return await run_sync(moments.span, self._services, title, start, end)

    async def timecode(self, title: str, ns: int) -> str:
        """Return the time code of a title at a moment, in nanoseconds."""
        return (await run_sync(self._services.timeline, title)).timecode(ns)

    async def titles(self) -> list[Title]:
        """Return all titles by name."""
        return await run_sync(self._services.directory.titles)

    @needs_local
    async def import_titles(self, path: Place, *, dry_run: bool = False) -> Imported:
        """Import what titles are known by (metadata, casts, rights) from a CSV, JSON or JSON Lines file.

        With `dry_run` only says what would change. Nothing is computed, and nothing is taken of a file that
        has a fault. Raises ImportInvalid with all its `faults`.
        """
        from watchdown.client import importing

        call = partial(
            importing.import_titles,
            self._services,
            Path(path),
            dry_run=dry_run,
            waiting=anyio.from_thread.check_cancelled,
        )
        return await run_sync(call)

    @needs_local
    async def runs(self, title: str | None = None) -> list[RunSummary]:
        """Return the runs of a title, or all."""
        from watchdown.client import showing

        return await run_sync(showing.summaries, self._services, title)

    @needs_local
    async def show(self, title: str, *, as_of: int | None = None) -> TitleSummary:
        """Return what exists of a title; with `as_of`, the records that an earlier epoch showed of it."""
        from watchdown.client import showing

        return await run_sync(showing.show, self._services, title, as_of)

    async def thumbnail(self, key: str) -> bytes:
        """Return the picture of a hit's `thumbnail` key as JPEG."""
        return await run_sync(pictures.thumbnail, self._services.storage, key)

    async def media(self, key: str) -> Path:
        """Return the file that a key lies in; a copy of it where the library's storage is no folder."""
        return await run_sync(pictures.media, self._services.shelf, key)

    async def link(self, key: str, seconds: int = 3600) -> str:
        """Return a URL of the file that a key lies in, good for so long, for whoever has it."""
        return await run_sync(pictures.link, self._services.storage, key, seconds)


def _leaf(
    text: str | None,
    image: Place | bytes | None,
    shot: str | None,
    languages: Sequence[str],
    *,
    schema_type: str | None,
) -> Description | Dialogue | Words | Picture | SimilarTo:
    given = [name for name, value in (("text", text), ("image", image), ("shot", shot)) if value is not None]
    if len(given) != 1:
        raise QueryError(
            " and ".join(given) or "nothing", "is not one query", "Give text, an image or a shot."
        )
    if schema_type and text is None:
        raise QueryError(given[0], "cannot be searched in dialogue or text", "Give text.")
    if languages and not schema_type:
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
    if schema_type == "DialogueLine":
        return Dialogue(text=text, languages=tuple(languages))
    if schema_type:
        return Words(text=text, schema_type=schema_type, languages=tuple(languages))
    return Description(text=text)


async def open_async(
    path: Place, *, create: bool = False, algorithms: AlgorithmCatalogue | None = None
) -> AsyncLibrary:
    """Open a library by its folder or the file of its settings; with `create`, make it if there is none.

    Raises LibraryNotFound, SettingsInvalid for a wrong setting, LibraryError where it cannot be used.
    """

    def opened() -> Services:
        return Services(Settings.read(Path(path)), create=create, algorithms=algorithms)

    return AsyncLibrary(await run_sync(opened))
