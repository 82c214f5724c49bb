"""Portions: rows that come at their own pace, gathered so that each write of them is short."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Final

import pyarrow as pa

LARGEST: Final = 64 * 2**20  # bytes; of so many, a commit is a small part of the write
LONGEST_S: Final = 2.0  # so that a small rate makes few small files


def portions(
    batches: Iterable[pa.RecordBatch], elapsed: Callable[[], float] = time.monotonic
) -> Iterator[list[pa.RecordBatch]]:
    """Yield batches in lists: up to LARGEST bytes, or what has come in LONGEST_S seconds."""
    held: list[pa.RecordBatch] = []
    size, begun = 0, elapsed()
    for batch in batches:
        held.append(batch)
        size += batch.nbytes
        if size >= LARGEST or elapsed() - begun >= LONGEST_S:
            yield held
            held, size, begun = [], 0, elapsed()
    if held:
        yield held
