"""Merging: the parts of a run made one attempt at it, from where it goes on as every run does."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from watchdown.runs.correct import own_values
from watchdown.runs.memo import Types
from watchdown.runs.parts import Opened, Part, Parts
from watchdown.runs.staging import Manifest, Staging, refused_files, staged_files
from watchdown.storage.protocol import Storage
from watchdown.validation.check import ROW, Check, Checked, refused_schema
from watchdown_schemas.arrow import arrow_schema
from watchdown_schemas.reading import to_rows
from watchdown_schemas.record import Record
from watchdown_schemas.rows import from_rows

BATCH: Final = 10_000
Change = Callable[[Sequence[Mapping[str, Any]], type[Record]], Sequence[Mapping[str, Any]]]
Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Corrections:
    """What people said of the records of a slot: of which schema types, and what makes rows of one so."""

    types: Collection[str]
    apply: Change


def merge(
    run: int,
    opened: Opened,
    parts: Sequence[Part],
    *,
    storage: Storage,
    types: Types,
    corrections: Corrections,
    progress: Callable[[int], None],
) -> Manifest:
    """Copy the rows of all parts into one attempt at their run, and enter it; return what counts.

    A row whose id is that of one in another part is refused: the first part that has it keeps it.
    Raises StorageNotFound where parts are gone.
    """
    staging = Staging(storage, run)
    try:
        for name in sorted({*opened.types, *(part.schema_type for part in parts)}):
            own = [part for part in parts if part.schema_type == name]
            merging = _Merging(run, opened, types[name], storage, staging)
            if name in corrections.types or any(part.version != types[name].schema_version for part in own):
                merging.changed(own, corrections.apply)
            else:
                merging.plain(own, progress)
        return staging.commit()
    except BaseException:
        staging.discard()
        raise


class _Merging:
    """The rows of one schema type on their way from parts into a run.

    Refused rows keep the places that they had among all rows of the type, part after part.
    """

    def __init__(
        self, run: int, opened: Opened, schema: type[Record], storage: Storage, staging: Staging
    ) -> None:
        self._schema = schema
        self._stamp = opened.stamp(run)
        self._storage = storage
        self._staging = staging
        self._check = Check(schema, opened.duration_ns)
        self._length = Parts(storage, run).length(schema.__name__)
        self._target: pa.Schema = refused_schema(arrow_schema(schema, self._length))
        staging.expect(schema.__name__)

    def plain(self, parts: Sequence[Part], progress: Callable[[int], None]) -> None:
        """Take the rows as they are; memory does not grow with them."""
        first = taken = 0
        for part in parts:
            gaps = self._take_refused(part, first)
            begun = taken
            for batch in self._batches(staged_files(part.manifest)):
                checked = self._check(batch)
                found = checked.refused.column(ROW).to_numpy() - begun
                self._write(checked, first + _places(gaps, found))
                taken += batch.num_rows
                progress(taken)
            first += part.rows + part.refused

    def changed(self, parts: Sequence[Part], change: Change) -> None:
        """Take the rows as people corrected them, in the newest version of their type: all at once."""
        first = 0
        rows: list[dict[str, Any]] = []
        for part in parts:
            self._take_refused(part, first)
            batches = self._batches(staged_files(part.manifest))
            rows += [own_values(row, self._schema) for row in to_rows(batches, self._schema)]
            first += part.rows + part.refused
        converted = from_rows(self._schema, change(rows, self._schema), self._stamp, self._length)
        checked = self._check(converted.batch, converted.faults)
        self._write(checked, first + checked.refused.column(ROW).to_numpy())

    def _take_refused(self, part: Part, first: int) -> Places:
        """Take the rows of a part that were refused when they came; return their places in it."""
        found: list[Places] = [np.empty(0, np.int64)]
        for batch in self._batches(refused_files(part.manifest)):
            places = batch.column(ROW).to_numpy()
            found.append(places)
            fitting = _fitted(batch, self._target)
            self._write(Checked(fitting.slice(0, 0), fitting, ()), first + places)
        return np.sort(np.concatenate(found))

    def _write(self, checked: Checked, places: Places) -> None:
        refused = checked.refused
        if refused.num_rows:
            at = refused.schema.get_field_index(ROW)
            refused = _fitted(
                refused.set_column(at, refused.schema.field(at), pa.array(places)), self._target
            )
        self._staging.write(self._schema.__name__, Checked(checked.good, refused, ()))

    def _batches(self, files: Mapping[str, str]) -> Iterator[pa.RecordBatch]:
        for key in files.values():
            with self._storage.open(key) as file:
                yield from pq.ParquetFile(file).iter_batches(BATCH)


def _places(gaps: Places, found: Places) -> Places:
    """Return the places in a part of its good rows, given by their number among these; gaps are the bad."""
    return found + np.searchsorted(gaps - np.arange(len(gaps)), found, side="right")


def _fitted(batch: pa.RecordBatch, target: pa.Schema) -> pa.RecordBatch:
    """Return refused rows as their run keeps them: what a part of an older version lacks is null."""
    columns = []
    for field in target:
        at = batch.schema.get_field_index(field.name)
        same = at >= 0 and batch.schema.field(at).type == field.type
        columns.append(batch.column(at) if same else pa.nulls(batch.num_rows, field.type))
    return pa.RecordBatch.from_arrays(columns, schema=target)
