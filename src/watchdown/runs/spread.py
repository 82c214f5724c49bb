"""How far the vectors of a run lie apart, measured while its rows are staged, in bounded memory."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict


class Spread(BaseModel):
    """How many vectors there are, and the mean square of how far they lie from their mean."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: int
    variance: float


class Spreading:
    """Takes vectors batch by batch, and knows their spread.

    All is measured from the first vector, so that vectors which are the same have a variance of just 0.
    """

    def __init__(self) -> None:
        self._first: NDArray[np.float64] | None = None
        self._rows = 0
        self._sum: NDArray[np.float64] | float = 0.0
        self._squares = 0.0

    def take(self, vectors: pa.Array) -> None:
        """Take vectors as lists of one length; those that are null count for nothing."""
        present = vectors.drop_null()
        if not len(present):
            return
        found = present.flatten().to_numpy(zero_copy_only=False).reshape(len(present), -1)
        if self._first is None:
            self._first = found[0].astype(np.float64)
        apart = found - self._first
        self._rows += len(present)
        self._sum = self._sum + apart.sum(axis=0)
        self._squares += float(np.einsum("ij,ij->", apart, apart))

    @property
    def spread(self) -> Spread:
        """The spread of what was taken so far."""
        rows = max(self._rows, 1)
        mean = np.asarray(self._sum) / rows
        return Spread(rows=self._rows, variance=max(0.0, self._squares / rows - float(np.sum(mean * mean))))


def vectors_of(batch: pa.RecordBatch) -> pa.Array | None:
    """Return the column of vectors of a batch of rows; None where they have none."""
    for column in batch.columns:
        if pa.types.is_fixed_size_list(column.type):
            return column
    return None
