"""Runs that programs write: started, appended to from many processes at once, finished or cancelled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from os import PathLike, fspath
from typing import Any, BinaryIO, Final, TypeAlias, cast

import pyarrow as pa

from watchdown.client import row_files
from watchdown.client.results import Rows
from watchdown.client.results_writes import Appended, WrittenRun
from watchdown.client.row_batches import in_batches, looked_at, source_of
from watchdown.client.services import Services
from watchdown.client.writing import NAME, check_model, check_names
from watchdown.runs.correct import apply
from watchdown.runs.ledger import Run
from watchdown.runs.memo import corrected
from watchdown.runs.merging import Corrections
from watchdown.runs.open_runs import ANEW, Slot, idle_since
from watchdown.runs.parts import Rows as Given
from watchdown.runs.states import OPEN, State
from watchdown.runs.vectors import open_length
from watchdown.storage import keys
from watchdown.validation.policy import Tolerance
from watchdown_schemas.errors import RecordInvalid, RunError, WatchdownError
from watchdown_schemas.record import Record

Source: TypeAlias = Rows | str | PathLike[str] | BinaryIO
"""Rows, the path or `s3://` address of a Parquet or JSON Lines file, or a stream of the latter."""
Waiting = Callable[[], None]
Progress = Callable[[str, int], None]
"""Is told what is being done, and with how many rows so far."""
VERSION: Final = "1.0.0"


@dataclass(frozen=True, kw_only=True, slots=True)
class Start:
    """What is said of a run at its start: its slot, the types to expect, how many rows may be bad."""

    algorithm: str
    title: str
    version: str = VERSION
    types: tuple[str | type[Record], ...] = ()
    model: str | None = None
    tolerance: float = 0.0


def start(services: Services, wished: Start) -> int:
    """Start a run and return its number; NotFound, SchemaNotFound or RecordInvalid where it cannot be."""
    check_names(wished.algorithm or "''", wished.algorithm, wished.version, wished.model)
    schemas = [_schema(services, given) for given in wished.types]
    for schema in schemas:
        check_model(schema, wished.model)
    slot = Slot(
        title=services.catalogue.title(wished.title),
        algorithm=wished.algorithm,
        version=wished.version,
        model=wished.model,
    )
    expected = sorted({schema.__name__ for schema in schemas})
    tolerance = Tolerance(wished.tolerance)
    for schema in schemas:
        services.registry.remember(schema)
    return services.open_runs.start(slot, expected=expected, tolerance=tolerance).number


def append(
    services: Services,
    run: int,
    schema_type: str | type[Record],
    rows: Source,
    *,
    part: str | None,
    progress: Progress,
) -> Appended:
    """Append rows of one schema type to a run, whole or not at all; a part that is there counts as it is."""
    if part is not None and not NAME.fullmatch(part):
        remedy = "Use up to 100 letters, digits, points, hyphens and underscores"
        raise RecordInvalid(f"run {run}", f"is given a part named {part!r}", remedy)
    schema = _schema(services, schema_type)
    found = services.open_runs.taking(run)
    check_model(schema, found.model)
    length, batches = _batches(services, schema, rows)
    if open_length(schema):
        length = services.searcher.vector_length(schema, found.model) or length
    given = Given(length, lambda stamp, agreed: source_of(schema, batches, agreed or 1)(stamp))
    services.registry.remember(schema)
    entered, ours = services.open_runs.append(
        run, schema, given, part=part, progress=lambda done: progress(f"appending {schema.__name__}", done)
    )
    return Appended(
        run=run,
        part=entered.name,
        schema_type=schema.schema_label(),
        rows=entered.rows,
        refused=entered.refused,
        faults=entered.faults,
        repeated=not ours,
    )


def finish(
    services: Services, run: int, *, publish: bool, waiting: Waiting, progress: Progress
) -> WrittenRun:
    """Take no more rows for a run, and bring it to readers, or with `publish` False to where they would be.

    A run that was finished before is returned as it stands, and published if that was all that it lacked.
    Raises RunError for a run that was cancelled or has failed.
    """
    found = services.open_runs.written(run)
    if found.state is State.PLANNED:
        raise RunError(f"run {run}", "was never started whole", f"{ANEW}, and cancel this one")

    def wait() -> None:
        waiting()
        progress("waiting for another process that finishes it", 0)

    with _lease(services, run, wait):  # also for one that has ended: whoever ended it may have died then
        _finish(services, found, publish=publish, progress=progress)
    ended = services.ledger.get(run)
    if ended.state in (State.CANCELLED, State.FAILED):
        cause = "was cancelled" if ended.state is State.CANCELLED else f"has failed: {ended.error}"
        raise RunError(f"run {run}", cause, ANEW)
    return _as_it_stands(services, ended)


def _finish(services: Services, run: Run, *, publish: bool, progress: Progress) -> None:
    said = services.corrections.of(run.title, run.algorithm)
    corrections = Corrections(
        {one.schema_type for one in said}, lambda rows, schema: apply(said, rows, schema)
    )
    merged = services.open_runs.merge(
        run.number,
        corrections,
        lambda key: corrected(key, said),
        lambda done: progress("gathering", done),
    )
    tolerance, stages = services.open_runs.tolerance(merged), services.stages
    stages.record([merged])
    stages.validate([merged], lambda _run: tolerance)
    progress("loading", sum(services.ledger.get(run.number).counts.values()))
    stages.load([merged], lambda _run: tolerance)
    if publish:
        stages.publish([merged])
    stages.clear([merged])


def cancel(services: Services, run: int, *, waiting: Waiting) -> WrittenRun:
    """End a run that is not seen yet, so that it never is, and remove all that there is of it."""
    if services.open_runs.cancel(run):
        with _lease(services, run, waiting):  # another process may be at its last steps with it
            services.store.sink.delete([run])
            for prefix in keys.left_by(run):
                services.storage.delete_all(prefix)
    return _as_it_stands(services, services.ledger.get(run))


def ingest(
    services: Services,
    rows: Source,
    wished: Start,
    *,
    publish: bool,
    waiting: Waiting,
    progress: Progress,
) -> WrittenRun:
    """Write rows, such as those of a file, whole as a run of the one type that `wished` names."""
    [schema_type] = wished.types
    run = start(services, wished)
    try:
        append(services, run, schema_type, rows, part=None, progress=progress)
        return finish(services, run, publish=publish, waiting=waiting, progress=progress)
    except BaseException:
        with suppress(WatchdownError):
            if services.ledger.get(run).state in OPEN:
                cancel(services, run, waiting=lambda: None)
        raise


def listed(services: Services) -> list[WrittenRun]:
    """Return the runs that programs have started and not ended, oldest first."""
    return [_as_it_stands(services, run) for run in services.open_runs.open()]


@contextmanager
def _lease(services: Services, run: int, waiting: Waiting) -> Iterator[None]:
    """Be the one process that brings a run to its end."""
    name = f"write-{run}"
    services.leases.enter(name)
    with services.leases.holding(name, waiting):
        yield


def _as_it_stands(services: Services, run: Run) -> WrittenRun:
    parts = services.open_runs.parts(run.number) if run.state is State.RUNNING else []
    counts, refused = Counter[str](), Counter[str]()
    for part in parts:
        counts[part.schema_type] += part.rows
        refused[part.schema_type] += part.refused
    return WrittenRun(
        run=run.number,
        title=run.title,
        title_name=services.catalogue.title_by_id(run.title).name,
        algorithm=run.algorithm,
        version=run.version,
        state=run.state,
        counts=dict(run.counts) or dict(counts),
        refused={name: count for name, count in refused.items() if count},
        parts=len(parts),
        warnings=tuple(run.warnings),
        error=run.error,
        started_at=run.created_at,
        idle_since=idle_since(run, parts),
    )


def _batches(services: Services, schema: type[Record], rows: Source) -> tuple[int | None, Iterator[Any]]:
    """Return how long the vectors of rows seem to be, and the rows in batches."""
    if isinstance(rows, str | PathLike):
        return looked_at(schema, row_files.batches(services.shelf.given(fspath(rows)), schema))
    if hasattr(rows, "read") and not isinstance(rows, pa.RecordBatchReader):
        return looked_at(schema, row_files.batches(cast("BinaryIO", rows), schema))
    return in_batches(schema, rows)


def _schema(services: Services, given: str | type[Record]) -> type[Record]:
    return services.registry[given if isinstance(given, str) else given.__name__]
