"""What the library's calls take and return, beside queries and pages of hits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeAlias

import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from watchdown_schemas.record import Record

Rows: TypeAlias = Iterable[Record | Mapping[str, Any]] | pa.Table | pa.RecordBatch | pa.RecordBatchReader
Outcome = Literal["added", "updated", "unchanged", "failed"]


class _Result(BaseModel):
    model_config = ConfigDict(frozen=True)


class Added(_Result):
    """What became of one file: `unchanged` means that nothing had to be computed.

    `models` says what the models that were used do not know.
    """

    path: str
    outcome: Outcome
    title: str | None = None
    title_name: str | None = None
    runs: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()


class Coverage(_Result):
    """The records of one active run of one schema type: how many, and where on the timeline."""

    schema_type: str
    algorithm: str
    version: str
    run: int
    count: int
    share: float
    ranges: tuple[tuple[int, int], ...]


class TitleSummary(_Result):
    """What exists of a title: `counts` are the records per schema type, `coverage` where they lie.

    `status` says in one line what is ready of it. `metadata`, `cast` and `rights` are what was imported;
    without `rights` everyone may see the title.
    """

    id: str
    name: str
    duration_ns: int
    rate: str
    start_timecode: str
    assets: tuple[dict[str, str | None], ...]
    counts: dict[str, int]
    coverage: tuple[Coverage, ...]
    notes: tuple[str, ...]
    status: str
    metadata: dict[str, Any]
    cast: tuple[dict[str, Any], ...]
    rights: tuple[str, ...]


class ImportedChange(_Result):
    """One change by an import: of a title's metadata, cast or rights, or of a person.

    `id` and `of` are the id and name of the title or person, `name` is what changes. None is nothing.
    """

    part: Literal["metadata", "cast", "rights", "person"]
    id: str
    of: str
    name: str
    before: Any
    after: Any


class Imported(_Result):
    """What a file changed, or with `dry_run` would change.

    `titles` counts the titles that the file names. `replaced` is a file to import, as JSON, that puts back
    what was there before.
    """

    file: str
    dry_run: bool
    titles: int
    changes: tuple[ImportedChange, ...]
    replaced: dict[str, Any]


class RunSummary(_Result):
    """A run as the ledger has it."""

    number: int
    title: str
    title_name: str
    algorithm: str
    version: str
    state: str
    visible_from: int | None
    visible_to: int | None
    counts: dict[str, int]
    warnings: tuple[str, ...]
    error: str | None
    created_at: str
    updated_at: str


class Written(_Result):
    """What became of rows that were written: how many are seen, why not all, and where the others lie.

    `quarantine` is the path of a file, or the address of an object.
    """

    run: int
    title: str
    schema_type: str
    state: str
    written: int
    warnings: tuple[str, ...] = ()
    error: str | None = None
    quarantine: str | None = None


class Refused(_Result):
    """Rows of one schema type of a run that are in quarantine: `rows` were refused, `held` are good.

    Good rows are held where their run was held back as a whole; else they are seen. `path` is that of a
    file, or the address of an object.
    """

    run: int
    schema_type: str
    title: str
    title_name: str
    algorithm: str
    state: str
    rows: int
    held: int
    path: str
