"""How far the vectors of the same records have turned from one run to another."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from watchdown.runs.comparing import Ints, key_of, rows_of
from watchdown_schemas.fields import vector_field
from watchdown_schemas.record import Record

MOST: Final = 10_000  # pairs that are looked at, taken evenly: their vectors are held in memory


@dataclass(frozen=True, kw_only=True, slots=True)
class VectorShift:
    """Cosines between the vectors of the same records: their mean, the least, and of how many pairs."""

    mean: float
    least: float
    pairs: int


def vector_shift(
    before: Iterable[pa.RecordBatch],
    after: Iterable[pa.RecordBatch],
    schema: type[Record],
    keys_before: Ints,
    keys_after: Ints,
) -> VectorShift | None:
    """Compare vectors pair by pair, the n-th key with the n-th; None where their lengths differ."""
    step = -(-len(keys_before) // MOST)
    old = _vectors(before, schema, keys_before[::step])
    new = _vectors(after, schema, keys_after[::step])
    if old is None or new is None or old.shape != new.shape:
        return None
    lengths = np.linalg.norm(old, axis=1) * np.linalg.norm(new, axis=1)
    cosines = np.einsum("nd,nd->n", old, new)[lengths > 0] / lengths[lengths > 0]
    if not len(cosines):
        return None
    return VectorShift(mean=float(cosines.mean()), least=float(cosines.min()), pairs=len(cosines))


def _vectors(
    batches: Iterable[pa.RecordBatch], schema: type[Record], keys: Ints
) -> NDArray[np.float32] | None:
    """Return the vectors of records, float32 [keys, dimensions], in the order of their keys."""
    field = vector_field(schema)
    assert field is not None
    order = np.argsort(keys, kind="stable")
    found: NDArray[np.float32] | None = None
    for batch in batches:
        held = batch.column(field.name)
        values = held.flatten().to_numpy(zero_copy_only=False).reshape(len(held) - held.null_count, -1)
        if held.null_count:
            return None
        if found is None:
            found = np.zeros((len(keys), values.shape[1]), np.float32)
        these = np.fromiter((key_of(row, schema) for row in rows_of([batch], schema)), np.int64, len(held))
        at = np.searchsorted(keys, these, sorter=order)
        hit = (at < len(keys)) & (keys[order[np.minimum(at, len(keys) - 1)]] == these)
        found[order[at[hit]]] = values[hit]
    return found
