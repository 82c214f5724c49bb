"""Embeddings in clusters, as models make them, spread over titles of a run each."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from watchdown.view import View
from watchdown_schemas.columns import Stamp, from_columns
from watchdown_schemas.time import NS
from watchdown_schemas.types import Embedding

DIMENSION, MODEL = 512, "bench"
CLUSTERS, NOISE = 200, 0.8
Vectors = NDArray[np.float32]


def clustered(
    rows: int,
    queries: int,
    dice: np.random.Generator,
    *,
    clusters: int = CLUSTERS,
    dimension: int = DIMENSION,
) -> tuple[Vectors, Vectors]:
    """Return unit vectors, and queries from the same clusters, float32 [n, dimension]."""
    centres = dice.standard_normal((clusters, dimension))

    def drawn(count: int) -> Vectors:
        found = centres[dice.integers(0, clusters, count)] + NOISE * dice.standard_normal((count, dimension))
        return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)

    return drawn(rows), drawn(queries)


def batch(vectors: Vectors, run: int, starts: NDArray[np.int64]) -> pa.RecordBatch:
    """Return the embeddings of one run of the title `title-<run>`, each of the second that it starts at."""
    title = f"title-{run:06}"
    stamp = Stamp(run=run, title=title, timeline=f"{title}.1", asset="a", algorithm="bench", version="1.0.0")
    times = starts * NS
    columns = {"start_ns": times, "end_ns": times + NS, "vector": vectors}
    return from_columns(Embedding, columns, stamp, DIMENSION).batch


def batches(vectors: Vectors, per_run: int, starts: NDArray[np.int64]) -> Iterator[pa.RecordBatch]:
    """Yield the batches of runs 1, 2, ... of so many rows each."""
    for run, first in enumerate(range(0, len(vectors), per_run), 1):
        yield batch(vectors[first : first + per_run], run, starts[first : first + per_run])


def view(runs: int, *, epoch: int = 1) -> View:
    """Return the view of runs 1, 2, ..., all of them visible."""
    return View(epoch=epoch, last_run=runs, visible=frozenset(range(1, runs + 1)))
