"""Dead letters: rows that a store refused for good, kept whole with the reason."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from watchdown.storage import keys
from watchdown.storage.protocol import Storage
from watchdown.stores.protocol import DeadRow
from watchdown_schemas.digest import Digest, digest

ID: Final = "id"
REASON: Final = "_reason"
AT_ONCE: Final = 100_000  # rows that are looked for in one pass over what was staged


def keep(
    run: int, schema: str, staged: str, dead: Iterable[DeadRow], storage: Storage, *, at_once: int = AT_ONCE
) -> str:
    """Copy the rows refused from a run's staged file to the dead letters; return their key.

    Memory does not grow with their number.
    """
    key = keys.dead_letters(run, schema)
    with storage.open(staged) as file, storage.create(key) as target:
        source = pq.ParquetFile(file)
        with pq.ParquetWriter(target, source.schema_arrow.append(pa.field(REASON, pa.string()))) as writer:
            for reasons in _some(iter(dead), at_once):
                for batch in _found(source, reasons):
                    writer.write_batch(batch)
    return key


def _some(dead: Iterator[DeadRow], at_once: int) -> Iterator[dict[str, str]]:
    """Yield the reasons of so many rows after another, by id."""
    while reasons := {row.id: row.reason for row in islice(dead, at_once)}:
        yield reasons


def _found(source: pq.ParquetFile, reasons: dict[str, str]) -> Iterator[pa.RecordBatch]:
    ids = pa.array(sorted(reasons))
    for batch in source.iter_batches():
        if (found := batch.filter(pc.is_in(batch.column(ID), ids))).num_rows:
            told = pa.array([reasons[one] for one in found.column(ID).to_pylist()], pa.string())
            yield found.append_column(pa.field(REASON, pa.string()), told)


def refused_ids(run: int, schema: str, storage: Storage) -> pa.Array | None:
    """Return the ids of a run's rows of one schema type that the store refused; None where it took all."""
    key = keys.dead_letters(run, schema)
    if not storage.exists(key):
        return None
    with storage.open(key) as file:
        ids: pa.Array = pq.read_table(file, columns=[ID])[ID].combine_chunks()
    return ids


def digest_of(run: int, schema: str, storage: Storage) -> Digest:
    """Return what a run's rows of one schema type that the store refused hash to."""
    key, found = keys.dead_letters(run, schema), Digest()
    if storage.exists(key):
        with storage.open(key) as file:
            for batch in pq.ParquetFile(file).iter_batches():
                found += digest(batch.drop_columns([REASON]))
    return found


def move(storage: Storage, old: int, new: int, schema: str, handed_back: Collection[str]) -> None:
    """Leave the dead letters of a run to the one that takes its place, but for those handed back, by id."""
    source, target = keys.dead_letters(old, schema), keys.dead_letters(new, schema)
    if not storage.exists(source):
        return
    left = _table(storage, source)
    left = left.filter(pc.invert(pc.is_in(left[ID], pa.array(sorted(handed_back), pa.string()))))
    if left.num_rows:
        parts = [left, _table(storage, target)] if storage.exists(target) else [left]
        with storage.create(target) as file:
            pq.write_table(pa.concat_tables(parts, promote_options="permissive"), file)
    storage.delete([source])


def _table(storage: Storage, key: str) -> pa.Table:
    with storage.open(key) as file:
        return pq.ParquetFile(file).read()
