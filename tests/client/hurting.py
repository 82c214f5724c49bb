"""Ways in which libraries of both kinds are hurt, as servers, disks and people hurt them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from sqlalchemy import update

from client.libraries import services
from watchdown.catalogue.tables import runs
from watchdown.client import Library
from watchdown.storage import keys
from watchdown_schemas.columns import Stamp
from watchdown_schemas.rows import to_arrow
from watchdown_schemas.types import Note

LONG_AGO = "2020-01-01T00:00:00.000+00:00"


def note(at: int, text: str) -> Note:
    return Note(start_ns=at, end_ns=at + 1, note=f"n{at}", text=text, author="ada")


def notes(version: int, count: int = 30) -> list[Note]:
    return [note(at, f"Lantern {at} of version {version}") for at in range(count)]


def write(library: Library, title: str, version: int = 1, count: int = 30) -> int:
    """Write a run of notes, which takes the place of the one before."""
    rows = notes(version, count)
    return library.write("Note", rows, title, algorithm="hand", version=f"{version}.0.0").run


def answers(library: Library) -> list[Any]:
    """Return what readers are answered."""
    found = library.search("lantern", schema_type="Note", limit=100)
    return [
        sorted((hit.text, hit.title, round(hit.score, 4), hit.run) for hit in found.hits),
        library.count("Note"),
        library.facet("Note", "author"),
        sorted((one.start_ns, one.text) for one in library.records("Note")),  # type: ignore[attr-defined]
    ]


def staged(library: Library, run: int) -> list[str]:
    """Return the keys of what a run staged."""
    return [one.key for one in services(library).storage.list(keys.staged(run))]


def table_of(library: Library) -> str:
    """Return the table that notes lie in."""
    parts = services(library)
    return parts.store.holdings.table(parts.registry["Note"], None)


def lose(library: Library, *numbers: int) -> None:
    """Let the store lose the notes of runs."""
    services(library).store.holdings.remove("Note", numbers, table_of(library))


def batch(run: int, title: str, rows: Sequence[Note]) -> pa.RecordBatch:
    stamp = Stamp(run=run, title=title, timeline=f"{title}.1", asset="a", algorithm="hand", version="1.0.0")
    return to_arrow(rows, Note, stamp, None)


def put(library: Library, run: int, title: str, rows: Sequence[Note]) -> None:
    """Let the store have these notes of a run and no others, whatever the ledger says."""
    given = batch(run, title, rows)
    reader = pa.RecordBatchReader.from_batches(given.schema, [given])
    services(library).store.sink.write([run], Note, reader, model=None)


def note_in_ledger(library: Library, run: int, **values: Any) -> None:
    """Change what the ledger has of a run."""
    with services(library).database.writing() as connection:
        connection.execute(update(runs).where(runs.c.number == run).values(values))
