"""The profile of a run's records of one schema type: one row per title, for the judgement of a batch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import pyarrow as pa
import pyarrow.parquet as pq

from watchdown.validation.measures import Mean, Union, Variance
from watchdown_schemas.fields import fields, vector_field
from watchdown_schemas.record import Record
from watchdown_schemas.roles import Confidence, Vector
from watchdown_schemas.time import NS

_RANGE: Final = ("start_ns", "end_ns")
_MINUTE: Final = 60 * NS
_BATCH: Final = 8192  # of 512 numbers each: 16 MiB


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """What a run's records of one type look like as a whole; a measure is None where there is none.

    Attributes:
        algorithm: Name of the algorithm.
        schema: Versioned name of the schema type, such as `Shot.1`.
        title: Id of the title.
        name: What people call the title.
        run: Number of the run.
        duration_ns: Length of the title's timeline.
        rows: How many records the run has.
        rows_per_minute: Per minute of the title; None without rows or without duration.
        covered_ns: Length of the union of the records' ranges inside the timeline; None without any range.
        coverage: That as a share of the duration.
        vector_variance: Total variance of the vectors about their mean, 1 - |mean|^2 for unit vectors: 0 when
            all are equal, near 1 when they point everywhere. None for fewer than two.
        confidence: Mean of the confidences that are given.
        drift: Rows more or fewer than the active run has, as a share of its rows (of one row where it
            has none); None without an active run.
    """

    algorithm: str
    schema: str
    title: str
    name: str
    run: int
    duration_ns: int
    rows: int
    rows_per_minute: float | None
    covered_ns: int | None
    coverage: float | None
    vector_variance: float | None
    confidence: float | None
    drift: float | None


def profile(
    batches: Iterable[pa.RecordBatch],
    schema: type[Record],
    *,
    algorithm: str,
    title: str,
    name: str,
    run: int,
    duration_ns: int,
    active_rows: int | None = None,
) -> Profile:
    """Profile a run's records of one type, holding one batch at a time.

    Args:
        batches: Good rows in Arrow with at least the `measured_columns`; none for an empty run.
        schema: The schema type.
        algorithm: Name of the algorithm.
        title: Id of the title.
        name: What people call the title.
        run: Number of the run.
        duration_ns: Length of the title's timeline.
        active_rows: How many rows of this type the run has that is active now; None without one.

    Returns:
        The profile.
    """
    measured = measured_columns(schema)
    confidences = [field.name for field in fields(schema) if field.role(Confidence)]
    vector = vector_field(schema)
    confidence, variance, union = Mean(), Variance(), Union(duration_ns)
    rows = 0
    for batch in batches:
        rows += batch.num_rows
        if set(_RANGE) <= set(measured):
            union.add(*(batch[column] for column in _RANGE))
        for column in confidences:
            confidence.add(batch[column])
        if vector is not None:
            variance.add(batch[vector.name])
    covered = union.value()
    timed = duration_ns > 0
    return Profile(
        algorithm=algorithm,
        schema=schema.schema_label(),
        title=title,
        name=name,
        run=run,
        duration_ns=duration_ns,
        rows=rows,
        rows_per_minute=rows * _MINUTE / duration_ns if rows and timed else None,
        covered_ns=covered,
        coverage=covered / duration_ns if covered is not None and timed else None,
        vector_variance=variance.value(),
        confidence=confidence.value(),
        drift=None if active_rows is None else (rows - active_rows) / max(active_rows, 1),
    )


def measured_columns(schema: type[Record]) -> list[str]:
    """Return the columns of a schema type that its profile reads."""
    return [
        field.name
        for field in fields(schema)
        if field.name in _RANGE or field.role(Confidence) or field.role(Vector)
    ]


def staged_batches(file: Path | BinaryIO | None, schema: type[Record]) -> Iterator[pa.RecordBatch]:
    """Stream from a Parquet file what a profile reads; nothing where an empty run wrote no file."""
    if file is not None:
        with pq.ParquetFile(file) as parquet:
            yield from parquet.iter_batches(_BATCH, columns=measured_columns(schema))
