"""Rows as people and programs give them, in batches: Arrow as it is, others in lists."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, Final

import pyarrow as pa

from watchdown.client.results import Rows
from watchdown.runs.vectors import length_in, open_length
from watchdown.runs.writing import Rows as Source
from watchdown_schemas.columns import Converted, Stamp, from_columns
from watchdown_schemas.errors import RecordInvalid
from watchdown_schemas.fields import vector_field
from watchdown_schemas.record import Record
from watchdown_schemas.rows import from_rows

BATCH: Final = 10_000


def in_batches(schema: type[Record], rows: Rows) -> tuple[int | None, Iterator[Any]]:
    """Return how long the vectors of rows are, None where none tells or the type does; and the rows.

    Raises RecordInvalid for what is not several rows.
    """
    if not isinstance(rows, Iterable | pa.Table | pa.RecordBatch) or isinstance(rows, str | bytes):
        raise RecordInvalid(schema.schema_label(), f"is given {type(rows).__name__}", "Give a list of rows")
    if isinstance(rows, Record | Mapping):
        raise RecordInvalid(schema.schema_label(), "is given one row, not several", "Give a list: [row]")
    batches: Iterator[Any]
    if isinstance(rows, pa.Table | pa.RecordBatch):
        batches = iter(pa.table(rows).to_batches(BATCH))
    elif isinstance(rows, pa.RecordBatchReader):
        batches = (part for batch in rows for part in pa.table(batch).to_batches(BATCH))
    else:
        batches = _in_lists(rows)
    return looked_at(schema, batches)


def looked_at(schema: type[Record], batches: Iterator[Any]) -> tuple[int | None, Iterator[Any]]:
    """Return how long the vectors of the first batch are, None where none tells or the type does; and all."""
    field = vector_field(schema)
    if field is None or not open_length(schema) or (first := next(batches, None)) is None:
        return None, batches
    if isinstance(first, pa.RecordBatch):
        column = first.column(field.name) if field.name in first.schema.names else None
        if column is not None and pa.types.is_fixed_size_list(column.type):
            size = column.type.list_size
        else:
            values = [] if column is None else column.to_pylist()
            size = length_in([{field.name: value} for value in values], schema)
    else:
        size = length_in(first, schema)
    return size, chain([first], batches)


def _in_lists(rows: Iterable[Record | Mapping[str, Any]]) -> Iterator[list[Any]]:
    held = []
    for row in rows:
        held.append(row)
        if len(held) == BATCH:
            yield held
            held = []
    if held:
        yield held


def source_of(schema: type[Record], batches: Iterator[Any], dimension: int | None) -> Source:
    """Return what converts batches of rows, once they are stamped."""

    def source(stamp: Stamp) -> Iterator[Converted]:
        for batch in batches:
            if isinstance(batch, pa.RecordBatch):
                names = batch.schema.names
                if len(set(names)) < len(names):
                    twice = sorted({name for name in names if names.count(name) > 1})
                    cause = f"has two columns of one name: {', '.join(twice)}"
                    raise RecordInvalid(schema.schema_label(), cause, "Rename or drop one")
                columns = dict(zip(names, batch.columns, strict=True))
                yield from_columns(schema, columns, stamp, dimension, rows=batch.num_rows)
            else:
                yield from_rows(schema, batch, stamp, dimension)

    return source
