"""Load staged runs into a sink: many runs per write, one write per table, streamed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from watchdown.storage.protocol import Storage
from watchdown.stores.protocol import Sink
from watchdown_schemas.record import Record


@dataclass(frozen=True, slots=True)
class Staged:
    """One run's rows of one schema type, as they wait in staging."""

    run: int
    schema: str
    model: str | None
    key: str


def load(
    staged: Sequence[Staged], sink: Sink, types: Mapping[str, type[Record]], storage: Storage
) -> dict[int, str]:
    """Write staged rows into the sink; return the runs that it refused, with the reason."""
    tables: dict[tuple[str, str | None], list[Staged]] = defaultdict(list)
    for part in staged:
        tables[part.schema, part.model].append(part)
    refused: dict[int, str] = {}
    for (schema, model), parts in tables.items():
        with storage.open(parts[0].key) as file:
            rows = pq.read_schema(file)
        reader = pa.RecordBatchReader.from_batches(rows, _batches(parts, storage))
        outcome = sink.write([part.run for part in parts], types[schema], reader, model=model)
        refused |= outcome.refused
    return refused


def _batches(parts: Sequence[Staged], storage: Storage) -> Iterator[pa.RecordBatch]:
    for part in parts:
        with storage.open(part.key) as file:
            yield from pq.ParquetFile(file).iter_batches()
