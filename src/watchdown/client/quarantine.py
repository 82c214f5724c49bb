"""Quarantine: rows that validation refused, listed, shown with their faults, and written again."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final

import pyarrow as pa
import pyarrow.parquet as pq

from watchdown.client.results import Refused, Written
from watchdown.client.services import Services
from watchdown.runs.correct import own_values
from watchdown.runs.derive import dimension_of
from watchdown.runs.ledger import Run
from watchdown.runs.memo import mended as mended_key
from watchdown.runs.stages import as_manifests_say, model_of
from watchdown.runs.states import State
from watchdown.runs.vectors import length_in
from watchdown.storage import keys
from watchdown.storage.protocol import Storage
from watchdown.validation.policy import Tolerance
from watchdown.validation.quarantine import mended, read_file, read_rows, to_jsonl
from watchdown_schemas.columns import Converted, Stamp
from watchdown_schemas.errors import NotFound, RecordInvalid, RunError, StorageKeyInvalid, StorageNotFound
from watchdown_schemas.faults import shown
from watchdown_schemas.reading import to_rows
from watchdown_schemas.rows import from_rows

FILE: Final = re.compile(r"(\d+)-([A-Z][A-Za-z0-9]*)(?:\.good)?\.parquet")


def refused(services: Services) -> list[Refused]:
    """Return what lies in quarantine, by run and schema type."""
    found_keys = [
        stored.key.removeprefix(keys.QUARANTINE) for stored in services.storage.list(keys.QUARANTINE)
    ]
    files = [named for key in found_keys if (named := FILE.fullmatch(key))]
    found = []
    for number, name in sorted({(int(named[1]), named[2]) for named in files}):
        run = services.ledger.get(number)
        bad, good = keys.refused(number, name), keys.held(number, name)
        is_bad = services.storage.exists(bad)
        found.append(
            Refused(
                run=number,
                schema_type=name,
                title=run.title,
                title_name=services.catalogue.title_by_id(run.title).name,
                algorithm=run.algorithm,
                state=run.state,
                rows=_count(services.storage, bad),
                held=_count(services.storage, good),
                path=services.storage.place(bad if is_bad else good),
            )
        )
    return found


def _count(storage: Storage, key: str) -> int:
    if not storage.exists(key):
        return 0
    with storage.open(key) as file:
        return int(pq.read_metadata(file).num_rows)


def rows(services: Services, run: int, schema_type: str) -> list[dict[str, Any]]:
    """Return the refused rows of a run, each with its `_faults`; NotFound when there are none."""
    with _open(services, run, schema_type) as file:
        return read_rows(file)


def save(services: Services, run: int, schema_type: str, out: Path) -> int:
    """Write the refused rows of a run as JSONL, to be mended and replayed; return how many."""
    with _open(services, run, schema_type) as file:
        return to_jsonl(file, out)


def _open(services: Services, run: int, schema_type: str) -> BinaryIO:
    try:
        return services.storage.open(keys.refused(run, schema_type))
    except (StorageNotFound, StorageKeyInvalid):
        cause = f"has no refused {schema_type} rows"
        raise NotFound(f"run {run}", cause, "See: watchdown quarantine list") from None


def replay(
    services: Services,
    number: int,
    schema_type: str,
    rows: Sequence[Any] | Path,
    *,
    waiting: Callable[[], None],
) -> Written:
    """Write the good rows of a run and the mended ones as the next run of its slot, and publish it.

    `rows` are those that `rows()` gave, mended, or a file of them (JSONL or Parquet); none lets the good
    ones of a run go on that was held back as a whole.
    Raises RunError where a later run of the slot is active: what was refused is history then.
    """
    schema = services.registry[schema_type]
    given = list(read_file(rows) if isinstance(rows, Path) else rows)
    if strange := [row for row in given if not isinstance(row, Mapping)]:
        raise RecordInvalid(schema.schema_label(), f"is given {shown(strange[0])} for a row", "Give mappings")
    handed_back = {row["row"] for row in given if isinstance(row.get("row"), int)}
    repaired = mended(given, schema)
    with services.writing(waiting):
        run = services.ledger.get(number)
        _still_counts(services, run)
        kept = (keys.refused(number, schema_type), keys.held(number, schema_type))
        if not any(services.storage.exists(key) for key in kept):
            cause = f"has no {schema_type} rows in quarantine"
            raise NotFound(f"run {number}", cause, "See: watchdown quarantine list")
        parts = {
            name: _source(services, run, name, repaired if name == schema_type else []) for name in run.counts
        }
        made = services.writer.write(
            services.catalogue.title_by_id(run.title),
            parts,
            algorithm=run.algorithm,
            version=run.version,
            memo_key=mended_key(run.memo_key, repr(repaired)),
            model=run.model,
            tolerance=_tolerance(services, run),
        )
        outcome = written(services, made, schema_type)
        for name in run.counts:
            if made.state is State.ACTIVE:  # what was not handed back stays in quarantine
                back = handed_back if name == schema_type else ()
                services.writer.move_refused(number, made.number, name, back)
            else:
                services.storage.delete([keys.refused(made.number, name), keys.held(made.number, name)])
    if made.state is State.ACTIVE:
        return outcome
    remedy = f"Mend them in the rows of run {number}, and replay that run again"
    return outcome.model_copy(update={"error": f"{outcome.error}. {remedy}", "quarantine": None})


def _still_counts(services: Services, run: Run) -> None:
    """Check that no later run has taken the place of one whose rows are to be mended."""
    active = services.ledger.active(run.title, run.algorithm)
    later = active is not None and active.number > run.number
    if run.state not in (State.ACTIVE, State.QUARANTINED) or later:
        cause = f"has been followed by run {active.number}" if active and later else f"is {run.state}"
        raise RunError(
            f"run {run.number}", cause, "Mend the rows of the run that counts now, or write them anew"
        )


def _tolerance(services: Services, run: Run) -> Tolerance:
    """Return how many bad rows may be left: of a run that is seen all of them, else as its maker says."""
    if run.state is State.ACTIVE:
        return Tolerance(1)
    if run.algorithm in services.algorithms:
        return as_manifests_say(services.algorithms)(run)
    return Tolerance(0)


def _source(
    services: Services, run: Run, name: str, repaired: list[dict[str, Any]]
) -> Callable[[Stamp], Iterator[Converted]]:
    schema = services.registry[name]

    def source(stamp: Stamp) -> Iterator[Converted]:
        batches = list(_good(services, run, name))
        kept = [own_values(row, schema) for row in to_rows(batches, schema)]
        size = (
            dimension_of(batches, schema)
            or services.searcher.vector_length(schema, run.model)
            or length_in(repaired, schema)
        )
        yield from_rows(schema, [*kept, *repaired], stamp, size)

    return source


def _good(services: Services, run: Run, name: str) -> Iterator[pa.RecordBatch]:
    held_back = keys.held(run.number, name)
    if run.state is State.ACTIVE:
        yield from services.read_run(name, run.number, model_of(run, name, services.registry))
    elif services.storage.exists(held_back):
        with services.storage.open(held_back) as file:
            yield from pq.ParquetFile(file).iter_batches()


def written(services: Services, run: Run, schema_type: str) -> Written:
    """Return what became of a run that was written."""
    key = keys.refused(run.number, schema_type)
    return Written(
        run=run.number,
        title=run.title,
        schema_type=services.registry[schema_type].schema_label(),
        state=run.state,
        written=run.counts.get(schema_type, 0) if run.state is State.ACTIVE else 0,
        warnings=tuple(run.warnings),
        error="; ".join([run.error, *run.warnings]) if run.error else None,
        quarantine=services.storage.place(key) if services.storage.exists(key) else None,
    )
