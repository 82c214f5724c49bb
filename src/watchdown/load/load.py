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
from watchdown.stores.protocol import DeadRow, Sink
from watchdown_schemas.record import Record

ROWS: Final = 250  # taken from the budget at once: few, so that a small rate is a steady one
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
) -> Loaded:
    """Write staged rows into the sink; rows that it refuses go to the dead letters, with the reason.

    `take` asks the budget for so many rows and bytes, and waits until it has them.
    """
    tables: dict[tuple[str, str | None], list[Staged]] = defaultdict(list)
    for part in staged:
        tables[part.schema, part.model].append(part)
    loaded = Loaded()
    for (schema, model), parts in tables.items():
        with storage.open(parts[0].key) as file:
            rows = pq.read_schema(file)
        reader = pa.RecordBatchReader.from_batches(rows, _batches(parts, storage, take))
        outcome = sink.write([part.run for part in parts], types[schema], reader, model=model)
        loaded.refused |= outcome.refused
        dead: dict[int, list[DeadRow]] = defaultdict(list)
        for row in outcome.dead:
            dead[row.run].append(row)
        for part in parts:
            if part.run in dead:
                _note(loaded, part, dead[part.run], storage)
        # An interrupted load may have left some of rows that the store has taken by now.
        storage.delete(keys.dead_letters(part.run, part.schema) for part in parts if part.run not in dead)
    return loaded


def _note(loaded: Loaded, part: Staged, dead: Sequence[DeadRow], storage: Storage) -> None:
    place = keep(part.run, part.schema, part.key, dead, storage)
    loaded.dead[part.run][part.schema] = len(dead)
    add("watchdown_dead_rows_total", len(dead), schema_type=part.schema)
    rows = f"{len(dead)} {part.schema} row{'s' * (len(dead) > 1)}"
    loaded.warnings[part.run].append(
        f"{rows} refused by the store, with reasons in {place} ({dead[0].reason})"
    )


def _batches(parts: Sequence[Staged], storage: Storage, take: Take) -> Iterator[pa.RecordBatch]:
    for part in parts:
        with storage.open(part.key) as file:
            for batch in pq.ParquetFile(file).iter_batches(batch_size=ROWS):
                begun = time.monotonic()
                take(batch.num_rows, batch.nbytes)
                add("watchdown_budget_wait_seconds_total", time.monotonic() - begun)
                add("watchdown_loaded_rows_total", batch.num_rows, schema_type=part.schema)
                add("watchdown_loaded_bytes_total", batch.nbytes, schema_type=part.schema)
                yield batch
