"""`library.write`: rows of one schema type as a run of their own, validated and published in one call."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pyarrow as pa

from watchdown.client.notes import ALGORITHM as NOTES
from watchdown.client.quarantine import written
from watchdown.client.results import Rows, Written
from watchdown.client.services import Services
from watchdown.runs.correct import apply, own_values
from watchdown.runs.memo import corrected
from watchdown.runs.vectors import length_in
from watchdown.runs.writing import Rows as Source
from watchdown.runs.writing import new_key
from watchdown.validation.policy import Tolerance
from watchdown_schemas.columns import Converted, Stamp, from_columns
from watchdown_schemas.errors import RecordInvalid
from watchdown_schemas.fields import vector_field
from watchdown_schemas.reading import to_rows
from watchdown_schemas.record import Record
from watchdown_schemas.roles import Vector
from watchdown_schemas.rows import from_rows

BATCH: Final = 10_000
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def write(
    services: Services,
    schema_type: str | type[Record],
    rows: Rows,
    title: str,
    *,
    algorithm: str | None,
    version: str,
    model: str | None,
    tolerance: float,
    waiting: Callable[[], None],
) -> Written:
    """Write rows as the next run of the slot (algorithm, title) and publish it; what was there is superseded.

    Without an `algorithm`, the slot is the schema type's own. Rows that break a rule go to quarantine; more
    of them than `tolerance`, a share of all rows, hold back the whole run.
    """
    schema = services.registry[schema_type if isinstance(schema_type, str) else schema_type.__name__]
    _check_names(schema, algorithm, version, model)
    if not isinstance(rows, Iterable | pa.Table | pa.RecordBatch):
        raise RecordInvalid(schema.schema_label(), f"is given {type(rows).__name__}", "Give a list of rows")
    if isinstance(rows, Record | Mapping):
        raise RecordInvalid(schema.schema_label(), "is given one row, not several", "Give a list: [row]")
    dimension, batches = _batches(schema, rows)
    dimension = services.searcher.vector_length(schema, model) or dimension
    if vector_field(schema) and model is None:
        raise RecordInvalid(
            schema.schema_label(),
            "holds vectors, but no model is named",
            "Say which one made them: model=...",
        )
    name = algorithm or f"written-{schema.__name__}"
    with services.writing(waiting):
        found = services.catalogue.title(title)
        source = _source(schema, batches, dimension)
        said = services.corrections.of(found.id, name)
        if any(one.schema_type == schema.__name__ for one in said):
            source = _with_corrections(source, schema, lambda plain: apply(said, plain, schema), dimension)
        run = services.writer.write(
            found,
            {schema.__name__: source},
            algorithm=name,
            version=version,
            memo_key=corrected(new_key([schema.__name__], services.registry), said),
            model=model,
            tolerance=Tolerance(tolerance),
        )
    return written(services, run, schema.__name__)


def _check_names(schema: type[Record], algorithm: str | None, version: str, model: str | None) -> None:
    """Check what becomes part of file names and slots; RecordInvalid names the one that cannot be."""
    for what, name in (("algorithm", algorithm), ("version", version), ("model", model)):
        if name is not None and not NAME.fullmatch(name):
            remedy = "Use up to 100 letters, digits, points, hyphens and underscores"
            raise RecordInvalid(schema.schema_label(), f"names the {what} {name!r}", remedy)
    if algorithm == NOTES:
        raise RecordInvalid(
            schema.schema_label(), "names the slot of people's notes", "Use library.notes.save"
        )


def _batches(schema: type[Record], rows: Rows) -> tuple[int | None, Iterator[Any]]:
    """Return the length of the vectors, and the rows in batches: Arrow as it is, others in lists."""
    batches: Iterator[Any]
    if isinstance(rows, pa.Table | pa.RecordBatch):
        batches = iter(pa.table(rows).to_batches())
    elif isinstance(rows, pa.RecordBatchReader):
        batches = iter(rows)
    else:
        batches = _in_lists(rows)
    field = vector_field(schema)
    role = field.role(Vector) if field else None
    if field is None or role is None or role.dimension:
        return None, batches
    first = next(batches, None)
    if first is None:
        return 1, iter(())
    if isinstance(first, pa.RecordBatch):
        column = first.column(field.name) if field.name in first.schema.names else None
        if column is not None and pa.types.is_fixed_size_list(column.type):
            size = column.type.list_size
        else:
            values = [] if column is None else column.to_pylist()
            size = length_in([{field.name: value} for value in values], schema)
    else:
        size = length_in(first, schema)
    return size or 1, _again(first, batches)


def _in_lists(rows: Iterable[Record | Mapping[str, Any]]) -> Iterator[list[Any]]:
    held = []
    for row in rows:
        held.append(row)
        if len(held) == BATCH:
            yield held
            held = []
    if held:
        yield held


def _again(first: Any, rest: Iterator[Any]) -> Iterator[Any]:
    yield first
    yield from rest


def _source(schema: type[Record], batches: Iterator[Any], dimension: int | None) -> Source:
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


def _with_corrections(
    source: Source,
    schema: type[Record],
    change: Callable[[Sequence[Mapping[str, Any]]], Sequence[Mapping[str, Any]]],
    dimension: int | None,
) -> Source:
    """Return a source whose rows have the corrections of their slot made; faulty rows pass as they are."""

    def corrected(stamp: Stamp) -> Iterator[Converted]:
        good: list[dict[str, Any]] = []
        for converted in source(stamp):
            faulty = sorted({fault.row for fault in converted.faults})
            if faulty:
                places = {row: place for place, row in enumerate(faulty)}
                faults = [replace(fault, row=places[fault.row]) for fault in converted.faults]
                yield Converted(converted.batch.take(pa.array(faulty)), faults)
            sound = pa.array(np.isin(np.arange(converted.batch.num_rows), faulty, invert=True))
            batch = converted.batch.filter(sound)
            good += [own_values(row, schema) for row in to_rows([batch], schema)]
        yield from_rows(schema, change(good), stamp, dimension)

    return corrected
