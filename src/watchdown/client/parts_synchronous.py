"""The parts of a library that have calls of their own, synchronous; the asynchronous ones say more."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

from watchdown.catalogue.model import Correction
from watchdown.client.parts_asynchronous import (
    AsyncCorrections,
    AsyncNotes,
    AsyncQuarantine,
    AsyncSchemas,
    quiet,
)
from watchdown.client.results import Refused, RunSummary, Written
from watchdown.runs.progress import Progress
from watchdown_schemas.declaration import Declaration
from watchdown_schemas.evolution import Difference
from watchdown_schemas.record import Record
from watchdown_schemas.registry import Registry
from watchdown_schemas.types import Note

T = TypeVar("T")


class Call(Protocol):
    """Runs an asynchronous call to its end."""

    def __call__(self, call: Callable[[], Awaitable[T]], /) -> T:
        """Return what the call returns."""
        ...


class Schemas:
    """The schema types that this library knows."""

    def __init__(self, inner: AsyncSchemas, call: Call) -> None:
        self._inner = inner
        self._call = call

    @property
    def registry(self) -> Registry:
        """All types by name, in their newest version."""
        return self._inner.registry

    def register(self, schema: type[Record] | Declaration) -> Difference | None:
        """Keep a type, or its next version, with the library; return what changed, None if nothing did."""
        return self._call(lambda: self._inner.register(schema))

    def upgrade(self, schema_type: str, report: Callable[[Progress], None] = quiet) -> list[RunSummary]:
        """Write stored records of older versions anew in the newest; return the runs that were written."""
        return self._call(lambda: self._inner.upgrade(schema_type, report))


class Notes:
    """What people noted on titles; every save is kept as a version."""

    def __init__(self, inner: AsyncNotes, call: Call) -> None:
        self._inner = inner
        self._call = call

    def save(
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
        """Add a note to a title; with `note`, change that one: what is left out stays as it was."""
        return self._call(
            lambda: self._inner.save(
                title,
                text,
                note=note,
                author=author,
                start_ns=start_ns,
                end_ns=end_ns,
                geometry=geometry,
                colour=colour,
                language=language,
                entities=entities,
            )
        )

    def list(self, title: str) -> Sequence[Note]:
        """Return the notes of a title in time order, each in its newest version."""
        return self._call(lambda: self._inner.list(title))

    def history(self, title: str, note: str) -> Sequence[Note]:
        """Return every version of a note, oldest first."""
        return self._call(lambda: self._inner.history(title, note))

    def remove(self, title: str, note: str) -> None:
        """Take a note off a title; its versions stay in the history."""
        self._call(lambda: self._inner.remove(title, note))


class Corrections:
    """What people corrected in the records of algorithms."""

    def __init__(self, inner: AsyncCorrections, call: Call) -> None:
        self._inner = inner
        self._call = call

    def change(self, schema_type: str, record: str, changes: Mapping[str, Any], *, author: str) -> Correction:
        """Give fields of a visible record other values, now and after the algorithm's next runs."""
        return self._call(lambda: self._inner.change(schema_type, record, changes, author=author))

    def remove(self, schema_type: str, record: str, *, author: str) -> Correction:
        """Remove a visible record, now and after the algorithm's next runs."""
        return self._call(lambda: self._inner.remove(schema_type, record, author=author))

    def list(self, title: str) -> Sequence[Correction]:
        """Return the corrections of a title, oldest first, those taken back among them."""
        return self._call(lambda: self._inner.list(title))

    def withdraw(self, correction: int) -> Correction:
        """Take a correction back: the record becomes what it was before."""
        return self._call(lambda: self._inner.withdraw(correction))


class Quarantine:
    """Rows that validation refused."""

    def __init__(self, inner: AsyncQuarantine, call: Call) -> None:
        self._inner = inner
        self._call = call

    def list(self) -> Sequence[Refused]:
        """Return what lies in quarantine, by run and schema type."""
        return self._call(self._inner.list)

    def rows(self, run: int, schema_type: str) -> Sequence[dict[str, Any]]:
        """Return the refused rows of a run, each with its `_faults`."""
        return self._call(lambda: self._inner.rows(run, schema_type))

    def save(self, run: int, schema_type: str, out: Path) -> int:
        """Write the refused rows of a run as JSONL, to be mended and replayed; return how many."""
        return self._call(lambda: self._inner.save(run, schema_type, out))

    def replay(self, run: int, schema_type: str, rows: Sequence[Mapping[str, Any]] | Path = ()) -> Written:
        """Write mended rows with the good ones of their run as the next run of its slot, and publish it."""
        return self._call(lambda: self._inner.replay(run, schema_type, rows))
