"""What a profile measures over the columns of a run, batch by batch, holding little."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

_WAITING: Final = 65_536


class Mean:
    """The mean of the finite numbers of a column."""

    def __init__(self) -> None:
        self._count, self._sum = 0, 0.0

    def add(self, column: pa.Array) -> None:
        """Take the next batch; nulls are left out."""
        values = _numpy(column.drop_null())
        values = values[np.isfinite(values)]
        self._count += len(values)
        self._sum += float(values.sum(dtype=np.float64))

    def value(self) -> float | None:
        """Return the mean; None when there was no number."""
        return self._sum / self._count if self._count else None


class Variance:
    """The total variance of vectors about their mean; one with a number that is not finite is left out."""

    def __init__(self) -> None:
        self._count, self._squares = 0, 0.0
        self._sum: NDArray[np.float64] | float = 0.0

    def add(self, column: pa.Array) -> None:
        """Take the next batch, a fixed-size list array; nulls are left out."""
        matrix = _numpy(column.drop_null().flatten()).reshape(-1, column.type.list_size)
        squares = np.einsum("ij,ij->i", matrix, matrix, dtype=np.float64)  # float32 squares overflow
        finite = np.isfinite(squares)
        if not finite.all():
            matrix, squares = matrix[finite], squares[finite]
        self._count += len(matrix)
        self._squares += float(squares.sum())
        self._sum = self._sum + matrix.sum(axis=0, dtype=np.float64)

    def value(self) -> float | None:
        """Return the mean square less the square of the mean; None for fewer than two vectors."""
        if self._count < 2:  # noqa: PLR2004 - one vector varies from nothing
            return None
        mean = np.asarray(self._sum) / self._count
        return max(0.0, self._squares / self._count - float(mean @ mean))


class Union:
    """The union of half-open ranges inside `[0, duration_ns)`; holds 16 bytes per range apart from others."""

    def __init__(self, duration_ns: int) -> None:
        self._duration = max(duration_ns, 0)
        self._apart: NDArray[np.int64] = np.empty((0, 2), np.int64)
        self._new: list[NDArray[np.int64]] = []
        self._waiting, self._any = 0, False

    def add(self, starts: pa.Array, ends: pa.Array) -> None:
        """Take the next batch; a row without start or end has no range."""
        given = _numpy(starts.is_valid()) & _numpy(ends.is_valid())
        self._any = self._any or bool(given.any())
        ranges = np.stack([_numpy(column.fill_null(0))[given] for column in (starts, ends)], axis=1)
        ranges = ranges.clip(0, self._duration)
        self._new.append(ranges[ranges[:, 0] < ranges[:, 1]])
        self._waiting += len(self._new[-1])
        # Waiting for as many new ones as there are old sorts each range only a few times.
        if self._waiting > max(_WAITING, len(self._apart)):
            self._merge()

    def _merge(self) -> None:
        ranges = np.concatenate([self._apart, *self._new])
        ranges = ranges[np.argsort(ranges[:, 0], kind="stable")]
        starts, reach = ranges[:, 0], np.maximum.accumulate(ranges[:, 1])
        first = np.ones(len(ranges), np.bool_)
        first[1:] = starts[1:] > reach[:-1]
        last = np.roll(first, -1)
        self._apart = np.stack([starts[first], reach[last]], axis=1)
        self._new, self._waiting = [], 0

    def value(self) -> int | None:
        """Return the length in nanoseconds; None when no row had a range."""
        if not self._any:
            return None
        self._merge()
        return int((self._apart[:, 1] - self._apart[:, 0]).sum())


def _numpy(column: pa.Array) -> NDArray[Any]:
    values: NDArray[Any] = column.to_numpy(zero_copy_only=False)
    return values
