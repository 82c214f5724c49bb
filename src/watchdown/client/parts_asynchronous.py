"""The parts of a library with calls of their own, asynchronous: schemas, notes, corrections and others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import anyio
from anyio.to_thread import run_sync

from watchdown.catalogue.model import Correction
from watchdown.client.guarding import needs_local
from watchdown.client.results import Refused, RunSummary, Written
from watchdown.client.services import Services
from watchdown.runs.progress import Progress
from watchdown_schemas.declaration import Declaration
from watchdown_schemas.evolution import Difference
from watchdown_schemas.record import Record
from watchdown_schemas.registry import Registry
from watchdown_schemas.types import Note


def quiet(_progress: Progress) -> None:
    """Report nothing."""


class _Part:
    def __init__(self, services: Services) -> None:
        self._services = services


class AsyncSchemas(_Part):
    """The schema types that this library knows."""

    @property
    def registry(self) -> Registry:
        """All types by name, in their newest version."""
        return self._services.registry

    async def register(self, schema: type[Record] | Declaration) -> Difference | None:
        """Keep a type, or its next version, with the library; return what changed, None if nothing did.

        Every process that has the library open knows it within a second. Raises SchemaIncompatible, which
        names both versions, where readers of the version before would break.
        """
        return await run_sync(self._services.registry.register, schema)

    @needs_local
    async def upgrade(self, schema_type: str, report: Callable[[Progress], None] = quiet) -> list[RunSummary]:
        """Write stored records of older versions anew in the newest; return the runs that were written."""
        from watchdown.client import upgrading

        def checked(progress: Progress) -> None:
            anyio.from_thread.check_cancelled()
            report(progress)

        return await run_sync(upgrading.upgrade, self._services, schema_type, checked)


class AsyncNotes(_Part):
    """What people noted on titles; every save is kept as a version."""

    @needs_local
    async def save(
        self,
        title: str,
        text: str | None = None,
        *,
        note: str | None = None,
        author: str | None = None,
        start_ns: int | None = None,
        end_ns: int | None = None,
        geometry: str | None = None,
        colour: str | None = None,
        language: str | None = None,
        entities: Sequence[str] | None = None,
    ) -> Note:
        """Add a note to a title; with `note`, change that one: what is left out stays as it was.

        Times are nanoseconds on the title's timeline, the whole of it unless said; `geometry` is WKT in
        fractions of the frame.
        """
        from watchdown.client import notes

        given = {
            "text": text,
            "note": note,
            "author": author,
            "start_ns": start_ns,
            "end_ns": end_ns,
            "geometry": geometry,
            "colour": colour,
            "language": language,
            "entities": entities,
        }
        values = {name: value for name, value in given.items() if value is not None}
        return await run_sync(
            partial(notes.save, self._services, title, values, anyio.from_thread.check_cancelled)
        )

    @needs_local
    async def list(self, title: str) -> Sequence[Note]:
        """Return the notes of a title in time order, each in its newest version."""
        from watchdown.client import notes

        return await run_sync(notes.of, self._services, title)

    @needs_local
    async def history(self, title: str, note: str) -> Sequence[Note]:
        """Return every version of a note, oldest first."""
        from watchdown.client import notes

        return await run_sync(notes.history, self._services, title, note)

    @needs_local
    async def remove(self, title: str, note: str) -> None:
        """Take a note off a title; its versions stay in the history."""
        from watchdown.client import notes

        await run_sync(partial(notes.remove, self._services, title, note, anyio.from_thread.check_cancelled))


class AsyncCorrections(_Part):
    """What people corrected in the records of algorithms."""

    async def change(
        self, schema_type: str, record: str, changes: Mapping[str, Any], *, author: str
    ) -> Correction:
        """Give fields of a visible record other values, now and after the algorithm's next runs."""
        return await self._correct(schema_type, record, changes, author)

    async def remove(self, schema_type: str, record: str, *, author: str) -> Correction:
        """Remove a visible record, now and after the algorithm's next runs."""
        return await self._correct(schema_type, record, None, author)

    @needs_local
    async def _correct(
        self, schema_type: str, record: str, changes: Mapping[str, Any] | None, author: str
    ) -> Correction:
        from watchdown.client import correcting

        call = partial(
            correcting.correct,
            self._services,
            schema_type,
            record,
            changes,
            author=author,
            waiting=anyio.from_thread.check_cancelled,
        )
        return await run_sync(call)

    async def list(self, title: str) -> Sequence[Correction]:
        """Return the corrections of a title, oldest first, those taken back among them."""
        found = await run_sync(self._services.catalogue.title, title)
        return await run_sync(self._services.corrections.list, found.id)

    @needs_local
    async def withdraw(self, correction: int) -> Correction:
        """Take a correction back: the record becomes what it was before."""
        from watchdown.client import correcting

        return await run_sync(
            correcting.withdraw, self._services, correction, anyio.from_thread.check_cancelled
        )


class AsyncQuarantine(_Part):
    """Rows that validation refused."""

    @needs_local
    async def list(self) -> Sequence[Refused]:
        """Return what lies in quarantine, by run and schema type."""
        from watchdown.client import quarantine

        return await run_sync(quarantine.refused, self._services)

    @needs_local
    async def rows(self, run: int, schema_type: str) -> Sequence[dict[str, Any]]:
        """Return the refused rows of a run, each with its `_faults`."""
        from watchdown.client import quarantine

        return await run_sync(quarantine.rows, self._services, run, schema_type)

    @needs_local
    async def save(self, run: int, schema_type: str, out: Path) -> int:
        """Write the refused rows of a run as JSONL, to be mended and replayed; return how many."""
        from watchdown.client import quarantine

        return await run_sync(quarantine.save, self._services, run, schema_type, out)

    @needs_local
    async def replay(
        self, run: int, schema_type: str, rows: Sequence[Mapping[str, Any]] | Path = ()
    ) -> Written:
        """Write mended rows with the good ones of their run as the next run of its slot, and publish it."""
        from watchdown.client import quarantine

        call = partial(
            quarantine.replay,
            self._services,
            run,
            schema_type,
            rows,
            waiting=anyio.from_thread.check_cancelled,
        )
        return await run_sync(call)
