"""Load staged runs into a sink: many runs per write, one write per table, streamed, within the budget."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from watchdown.load.dead_letters import keep
from watchdown.metrics.instruments import add
from watchdown.storage import keys
from watchdown.storage.protocol import Storage
from watchdown.stores.dead_rows import DeadRows
from watchdown.stores.protocol import Sink
from watchdown_schemas.record import Record

ROWS: Final = 250  # taken from the budget at once: few, so that a small rate is a steady one
MOST_ROWS: Final = 2_000  # as long as there is no wait for them
AT_ONCE_S: Final = 0.001  # what takes less was no wait
Take = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Staged:
    """One run's rows of one schema type, as they wait in staging."""

    run: int
    schema: str
    model: str | None
    key: str


@dataclass(slots=True)
class Loaded:
    """What became of runs: by number why a store refused one, and how many rows of each type it refused."""

    refused: dict[int, str] = field(default_factory=dict)
    dead: dict[int, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))
    warnings: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))


def unlimited(_rows: int, _bytes: int) -> None:
    """Let everything pass."""


def load(
    staged: Sequence[Staged],
    sink: Sink,
    types: Mapping[str, type[Record]],
    storage: Storage,
    take: Take = unlimited,
    *,
    elapsed: Callable[[], float] = time.monotonic,
) -> Loaded:
    """Write staged rows into the sink; rows that it refuses go to the dead letters, with the reason.

    `take` asks the budget for so many rows and bytes, and waits until it has them; `elapsed` tells by the
    second whether it did.
    """
    tables: dict[tuple[str, str | None], list[Staged]] = defaultdict(list)
    for part in staged:
        tables[part.schema, part.model].append(part)
    loaded = Loaded()
    for (schema, model), parts in tables.items():
        with storage.open(parts[0].key) as file:
            rows = pq.read_schema(file)
        reader = pa.RecordBatchReader.from_batches(rows, _batches(parts, storage, take, elapsed))
        outcome = sink.write([part.run for part in parts], types[schema], reader, model=model)
        loaded.refused |= outcome.refused
        dead = outcome.dead if isinstance(outcome.dead, DeadRows) else DeadRows(outcome.dead)
        for part in parts:
            if part.run in dead.by_run:
                _note(loaded, part, dead, storage)
        # An interrupted load may have left some of rows that the store has taken by now.
        taken = (part for part in parts if part.run not in dead.by_run)
        storage.delete(keys.dead_letters(part.run, part.schema) for part in taken)
    return loaded


def _note(loaded: Loaded, part: Staged, dead: DeadRows, storage: Storage) -> None:
    place, count = keep(part.run, part.schema, part.key, dead.of(part.run), storage), dead.by_run[part.run]
    loaded.dead[part.run][part.schema] = count
    add("watchdown_dead_rows_total", count, schema_type=part.schema)
    rows, reason = f"{count} {part.schema} row{'s' * (count > 1)}", next(dead.of(part.run)).reason
    loaded.warnings[part.run].append(f"{rows} refused by the store, with reasons in {place} ({reason})")


def _batches(
    parts: Sequence[Staged], storage: Storage, take: Take, elapsed: Callable[[], float]
) -> Iterator[pa.RecordBatch]:
    rows = ROWS
    for part in parts:
        with storage.open(part.key) as file:
            for batch in pq.ParquetFile(file).iter_batches(batch_size=MOST_ROWS):
                start = 0
                while start < batch.num_rows:
                    some = batch.slice(start, rows)
                    asked = elapsed()
                    take(some.num_rows, some.nbytes)
                    add("watchdown_budget_wait_seconds_total", elapsed() - asked)
                    add("watchdown_loaded_rows_total", some.num_rows, schema_type=part.schema)
                    add("watchdown_loaded_bytes_total", some.nbytes, schema_type=part.schema)
                    rows = ROWS if elapsed() - asked > AT_ONCE_S else min(2 * rows, MOST_ROWS)
                    start += some.num_rows
                    yield some
