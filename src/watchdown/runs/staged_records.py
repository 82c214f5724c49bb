"""Staged records: the rows of a run read back from what it staged, where that is the system of record.

Rows that the store refused are not among them: readers do not see them either.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from watchdown.load.dead_letters import refused_ids
from watchdown.runs.staging import read_manifest, staged_files
from watchdown.storage.protocol import Storage


class StagedRecords:
    """Reads runs whose staged files are kept: see `Sink.of_record`."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def read_run(self, schema: str, run: int, model: str | None = None) -> Iterator[pa.RecordBatch]:  # noqa: ARG002 - a run has one model
        """Yield the rows of one schema type of a run, be it in view or not, in the order they were made.

        Raises StorageNotFound where the run was never finished, or its files are gone.
        """
        key = staged_files(read_manifest(self._storage, run)).get(schema)
        if key is not None:
            dead = refused_ids(run, schema, self._storage)
            with self._storage.open(key) as file:
                for batch in pq.ParquetFile(file).iter_batches():
                    good = batch.filter(pc.invert(pc.is_in(batch.column("id"), dead))) if dead else batch
                    if good.num_rows:
                        yield good
