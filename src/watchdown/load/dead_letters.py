"""Dead letters: rows that a store refused for good, kept whole with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from watchdown.storage import keys
from watchdown.storage.protocol import Storage
from watchdown.stores.protocol import DeadRow

ID: Final = "id"
REASON: Final = "_reason"


def keep(run: int, schema: str, staged: str, dead: Sequence[DeadRow], storage: Storage) -> str:
    """Copy the rows refused from a run's staged file to the dead letters; return their key."""
    reasons = {row.id: row.reason for row in dead}
    ids, key = pa.array(sorted(reasons)), keys.dead_letters(run, schema)
    with storage.open(staged) as file, storage.create(key) as target:
        source = pq.ParquetFile(file)
        with pq.ParquetWriter(target, source.schema_arrow.append(pa.field(REASON, pa.string()))) as writer:
            for batch in source.iter_batches():
                found = batch.filter(pc.is_in(batch.column(ID), ids))
                told = pa.array([reasons[one] for one in found.column(ID).to_pylist()], pa.string())
                writer.write_batch(found.append_column(pa.field(REASON, pa.string()), told))
    return key


def refused_ids(run: int, schema: str, storage: Storage) -> pa.Array | None:
    """Return the ids of a run's rows of one schema type that the store refused; None where it took all."""
    key = keys.dead_letters(run, schema)
    if not storage.exists(key):
        return None
    with storage.open(key) as file:
        ids: pa.Array = pq.read_table(file, columns=[ID])[ID].combine_chunks()
    return ids
