"""`library.write`: rows of one schema type as a run of their own, validated and published in one call."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pyarrow as pa

from watchdown.client.notes import ALGORITHM as NOTES
from watchdown.client.quarantine import written
from watchdown.client.results import Rows, Written
from watchdown.client.row_batches import in_batches, source_of
from watchdown.client.services import Services
from watchdown.runs.correct import apply, own_values
from watchdown.runs.memo import corrected
from watchdown.runs.writing import Rows as Source
from watchdown.runs.writing import new_key
from watchdown.validation.policy import Tolerance
from watchdown_schemas.columns import Converted, Stamp
from watchdown_schemas.errors import RecordInvalid
from watchdown_schemas.fields import vector_field
from watchdown_schemas.reading import to_rows
from watchdown_schemas.record import Record
from watchdown_schemas.rows import from_rows

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
    check_names(schema.schema_label(), algorithm, version, model)
    length, batches = in_batches(schema, rows)
    check_model(schema, model)
    dimension = services.searcher.vector_length(schema, model) or length or 1
    name = algorithm or f"written-{schema.__name__}"
    with services.writing(waiting):
        found = services.catalogue.title(title)
        source = source_of(schema, batches, dimension)
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


def check_model(schema: type[Record], model: str | None) -> None:
    """Check that vectors are said to be some model's."""
    if vector_field(schema) and model is None:
        remedy = "Say which one made them: --model NAME, or model= in Python"
        raise RecordInvalid(schema.schema_label(), "holds vectors, but no model is named", remedy)


def check_names(subject: str, algorithm: str | None, version: str, model: str | None) -> None:
    """Check what becomes part of file names and slots; RecordInvalid names the one that cannot be."""
    for what, name in (("algorithm", algorithm), ("version", version), ("model", model)):
        if name is not None and not NAME.fullmatch(name):
            remedy = "Use up to 100 letters, digits, points, hyphens and underscores"
            raise RecordInvalid(subject, f"names the {what} {name!r}", remedy)
    if algorithm == NOTES:
        raise RecordInvalid(subject, "names the slot of people's notes", "Use library.notes.save")


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
