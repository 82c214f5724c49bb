"""Dead letters for people: rows that a store refused, listed, shown with the reason, and written again."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from watchdown.client.results_dead_letters import DeadLetters, Replayed
from watchdown.client.services import Services
from watchdown.load.dead_letters import ID, REASON, move
from watchdown.runs.correct import own_values
from watchdown.runs.derive import dimension_of
from watchdown.runs.faults import expected
from watchdown.runs.ledger import Run
from watchdown.runs.memo import mended as mended_key
from watchdown.runs.restaging import restage
from watchdown.runs.staged_records import StagedRecords
from watchdown.runs.stages import model_of
from watchdown.runs.states import State
from watchdown.runs.vectors import length_in
from watchdown.storage import keys
from watchdown.validation.policy import Tolerance
from watchdown.validation.quarantine import mended, read_file, rows_as_json
from watchdown_schemas.columns import Converted, Stamp
from watchdown_schemas.errors import NotFound, RecordInvalid, RunError
from watchdown_schemas.faults import shown
from watchdown_schemas.reading import to_rows
from watchdown_schemas.rows import from_rows

FILE: Final = re.compile(r"(\d+)-([A-Z][A-Za-z0-9]*)\.parquet")
SEE: Final = "See: watchdown dead-letters list"
BATCH: Final = 1_000


def letters(services: Services) -> list[DeadLetters]:
    """Return what stores have refused, by run and schema type."""
    found = []
    for number, name in _files(services):
        run = services.ledger.get(number)
        key = keys.dead_letters(number, name)
        with services.storage.open(key) as file:
            reasons = Counter(pq.read_table(file, columns=[REASON])[REASON].to_pylist())
        found.append(
            DeadLetters(
                run=number,
                schema_type=name,
                title=run.title,
                title_name=services.catalogue.title_by_id(run.title).name,
                algorithm=run.algorithm,
                state=run.state,
                rows=reasons.total(),
                reason=str(reasons.most_common(1)[0][0]) if reasons else "",
                path=services.storage.place(key),
            )
        )
    return found


def _files(services: Services, run: int | None = None) -> list[tuple[int, str]]:
    """Return the dead letters that there are, of one run or of all, by number and schema type."""
    beginning = keys.DEAD_LETTERS if run is None else f"{keys.DEAD_LETTERS}{run}-"
    names = (one.key.removeprefix(keys.DEAD_LETTERS) for one in services.storage.list(beginning))
    return sorted((int(named[1]), named[2]) for named in map(FILE.fullmatch, names) if named)


def rows(services: Services, run: int, schema_type: str | None = None) -> Iterator[dict[str, Any]]:
    """Yield the dead letters of a run as JSON has them, each with its `_reason`; NotFound without any."""
    for name in _types(services, run, schema_type):
        with services.storage.open(keys.dead_letters(run, name)) as file:
            for batch in pq.ParquetFile(file).iter_batches(BATCH):
                yield from rows_as_json(batch)


def _types(services: Services, run: int, schema_type: str | None) -> list[str]:
    found = [name for _, name in _files(services, run) if schema_type in (None, name)]
    if not found:
        what = f"{schema_type} rows" if schema_type else "rows"
        raise NotFound(f"run {run}", f"has no {what} that the store refused", SEE)
    return found


def save(services: Services, run: int, schema_type: str | None, out: Path) -> int:
    """Write the dead letters of a run as JSONL, to be mended and replayed; return how many."""
    count = 0
    with out.open("w", encoding="utf-8", newline="\n") as file:
        for row in rows(services, run, schema_type):
            file.write(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n")
            count += 1
    return count


def replay(
    services: Services,
    number: int,
    given: Sequence[Mapping[str, Any]] | Path | None,
    *,
    waiting: Callable[[], None],
) -> Replayed:
    """Write the dead letters of a run that readers see, with its other rows, as the next run of its slot.

    `given` are rows that `rows()` gave, mended, or a file of them (JSONL or Parquet); those that are not
    among them, by `id`, stay dead letters. None hands all of them back as they are. Raises RunError where
    readers do not see the run: then there are no other rows to write them with.
    """
    with services.writing(waiting):
        run = services.ledger.get(number)
        names = _types(services, number, None)
        _is_seen(services, run)
        back: dict[str, list[Mapping[str, Any]]] = {}
        for row in _handed_back(services, number, given):
            back.setdefault(_type_of(row, names, run), []).append(row)
        repaired = {name: mended(some, services.registry[name]) for name, some in back.items()}
        made = services.writer.write(
            services.catalogue.title_by_id(run.title),
            {name: _source(services, run, name, repaired.get(name, [])) for name in run.counts},
            algorithm=run.algorithm,
            version=run.version,
            memo_key=mended_key(run.memo_key, repr(repaired)),
            model=run.model,
            tolerance=Tolerance(1),  # readers lose nothing that they see now
        )
        if made.state is State.ACTIVE and made.number != number:
            _follow(services, number, made, {name: _ids(some) for name, some in back.items()})
    return _outcome(run, made, {name: len(some) for name, some in repaired.items()})


def _handed_back(
    services: Services, number: int, given: Sequence[Mapping[str, Any]] | Path | None
) -> Iterable[Mapping[str, Any]]:
    if given is None:
        return rows(services, number)
    return read_file(given) if isinstance(given, Path) else given


def _is_seen(services: Services, run: Run) -> None:
    """Check that readers see a run, whose other rows can be written once more."""
    active = services.ledger.active(run.title, run.algorithm)
    if active is not None and active.number == run.number:
        return
    if active is not None and active.number > run.number:
        cause, remedy = f"has been followed by run {active.number}", "See the dead letters of that one"
    elif run.state is State.FAILED:
        cause = "has failed, so that its other rows are gone"
        remedy = f"Compute it again: watchdown backfill {run.algorithm}, with --tolerance for rows refused"
    else:
        cause, remedy = f"is {run.state}, not seen by readers", "Publish it first"
    raise RunError(f"run {run.number}", cause, remedy)


def _type_of(row: Any, names: Sequence[str], run: Run) -> str:
    """Return the schema type of a row that is handed back: as it says, or the only one there is."""
    if not isinstance(row, Mapping):
        raise RecordInvalid(f"run {run.number}", f"is given {shown(row)} for a row", "Give mappings")
    said = str(row.get("type") or "").partition(".")[0] or (names[0] if len(names) == 1 else "")
    if said not in names:
        cause = f"has no {said or 'such'} rows that the store refused"
        raise RecordInvalid(f"run {run.number}", cause, f"Give each row its `type`: {', '.join(names)}")
    return said


def _source(
    services: Services, run: Run, name: str, repaired: list[dict[str, Any]]
) -> Callable[[Stamp], Iterator[Converted]]:
    schema = services.registry[name]

    def source(stamp: Stamp) -> Iterator[Converted]:
        batches: list[pa.RecordBatch] = list(
            services.read_run(name, run.number, model_of(run, name, services.registry))
        )
        kept = [own_values(row, schema) for row in to_rows(batches, schema)]
        if kept or repaired:
            size = dimension_of(batches, schema) or length_in(repaired, schema)
            yield from_rows(schema, [*kept, *repaired], stamp, size)

    return source


def _ids(some: Sequence[Mapping[str, Any]]) -> set[str]:
    return {str(row[ID]) for row in some if row.get(ID) is not None}


def _follow(services: Services, old: int, made: Run, handed_back: Mapping[str, set[str]]) -> None:
    """Leave what is refused still to the run that took the other's place."""
    if services.stages.keeps_staged:  # nothing tells any more which of what it has staged was refused
        run, record = services.ledger.get(old), StagedRecords(services.storage)
        restage(expected(run), services.storage, lambda name: record.read_run(name, old))
    for name in made.counts:
        services.writer.move_refused(old, made.number, name)
        move(services.storage, old, made.number, name, handed_back.get(name, ()))


def _outcome(run: Run, made: Run, replayed: Mapping[str, int]) -> Replayed:
    """Return what became of the rows: seen are those by which the new run has more than the old."""
    handed = sum(replayed.values())
    refused = handed - (sum(made.counts.values()) - sum(run.counts.values()))
    error = made.error
    if made.state is State.ACTIVE and refused > 0:
        error = f"{refused} of {handed} rows are refused still: {'; '.join(made.warnings)}"
    return Replayed(
        run=made.number,
        title=made.title,
        state=made.state,
        counts=dict(made.counts),
        replayed=handed,
        refused=max(0, refused) if made.state is State.ACTIVE else handed,
        error=error,
    )
