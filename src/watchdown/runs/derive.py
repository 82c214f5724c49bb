"""Derived runs: the rows of a run carried into the next one of its slot, changed on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from watchdown.catalogue.model import Title
from watchdown.runs.correct import own_values
from watchdown.runs.ledger import Run
from watchdown.runs.memo import Types
from watchdown.runs.stages import model_of
from watchdown.runs.states import State
from watchdown.runs.vectors import length_in
from watchdown.runs.writing import Writing
from watchdown_schemas.columns import Converted, Stamp
from watchdown_schemas.fields import vector_field
from watchdown_schemas.reading import to_rows
from watchdown_schemas.record import Record
from watchdown_schemas.rows import from_rows

ReadRun = Callable[[str, int, str | None], Iterator[pa.RecordBatch]]
Change = Callable[[Sequence[Mapping[str, Any]], type[Record]], Sequence[Mapping[str, Any]]]


def derive(
    run: Run, title: Title, *, change: Change, memo_key: str, writing: Writing, read: ReadRun, types: Types
) -> Run:
    """Write what `change` makes of a run's rows, type by type, as the next run of its slot; publish it.

    `change` gets the rows of one type in its newest version, without stamps but for the asset.
    """
    parts = {name: _rows(name, run, change, read, types) for name in run.counts}
    made = writing.write(
        title, parts, algorithm=run.algorithm, version=run.version, memo_key=memo_key, model=run.model
    )
    if made.state is State.ACTIVE and made.number != run.number:
        for name in run.counts:
            writing.move_refused(run.number, made.number, name)
    return made


def _rows(
    name: str, run: Run, change: Change, read: ReadRun, types: Types
) -> Callable[[Stamp], Iterable[Converted]]:
    schema = types[name]

    def rows(stamp: Stamp) -> Iterator[Converted]:
        batches = list(read(name, run.number, model_of(run, name, types)))
        carried = [own_values(row, schema) for row in to_rows(batches, schema)]
        changed = list(change(carried, schema))
        if changed:
            size = dimension_of(batches, schema) or length_in(changed, schema)
            yield from_rows(schema, changed, stamp, size)

    return rows


def dimension_of(batches: Sequence[pa.RecordBatch], schema: type[Record]) -> int | None:
    """Return the length of the vectors in batches of a type, None where it has none."""
    field = vector_field(schema)
    return batches[0].schema.field(field.name).type.list_size if field and batches else None
