"""Staged files that were lost, written again from what the store has, where they are the system of record."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from watchdown.runs.faults import Expected
from watchdown.runs.staging import Manifest, staged_files
from watchdown.storage import keys
from watchdown.storage.protocol import Storage
from watchdown_schemas.digest import Digest, digest

Read = Callable[[str], Iterator[pa.RecordBatch]]


def restage(run: Expected, storage: Storage, read: Read) -> bool:
    """Write the staged files of a run again; return whether its rows are those that it had staged.

    Where they are not, or nobody can tell, what was there stays as it is. Rows that the store refused are
    no more among those that are staged: they are dead letters.
    """
    if run.digests is None:
        return False
    attempt = f"again-{uuid.uuid4().hex[:6]}"
    digests: dict[str, Digest] = {}
    manifest = Manifest(run=run.number, attempt=attempt, counts=run.counts)
    for name, key in staged_files(manifest).items():
        found = list(read(name))
        digests[name] = sum(map(digest, found), Digest())
        if not found or str(digests[name]) != run.digests.get(name):
            storage.delete_all(keys.attempt(run.number, attempt))
            return False
        with storage.create(key) as file:
            pq.write_table(_in_order(pa.Table.from_batches(found)), file)
    told = manifest.model_copy(update={"digests": {name: str(one) for name, one in digests.items()}})
    storage.put(keys.manifest(run.number), told.model_dump_json().encode())
    return True


def _in_order(rows: pa.Table) -> pa.Table:
    names = [name for name in ("start_ns", "id") if name in rows.column_names]
    return rows.take(pc.sort_indices(rows, sort_keys=[(name, "ascending") for name in names]))
