"""The ids of the rows that have passed, so that none passes twice."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from watchdown_schemas.ids import ID_LENGTH
from watchdown_schemas.letters import letters

_MIX: Final = np.uint64(0x9E37_79B9_7F4A_7C15)  # odd, its bits without a pattern


class Passed:
    """Remembers ids: as numbers of 64 bits as long as these all differ, as themselves once they may not.

    That is as quick as what Arrow and numpy offer for it, and quicker than a set of texts from the start.
    """

    def __init__(self) -> None:
        self._marks: set[int] = set()
        self._columns: list[pa.Array] = []
        self._ids: set[str] | None = None

    def enter(self, ids: pa.Array) -> bool:
        """Enter a column of ids and return True; where one may be there already, enter none, return False."""
        marks = _marks(ids) if self._ids is None else None
        if marks is None:
            return False
        expected = len(self._marks) + len(ids)
        self._marks.update(marks.tolist())
        if len(self._marks) < expected:
            self.exact()  # the marks may no longer be those of the columns
            return False
        self._columns.append(ids)
        return True

    def exact(self) -> set[str]:
        """Return the ids themselves, to be asked and added to from now on."""
        if self._ids is None:
            self._ids = {one for column in self._columns for one in column.to_pylist()}
            self._columns, self._marks = [], set()
        return self._ids


def _marks(ids: pa.Array) -> NDArray[np.uint64] | None:
    """Return a number per id, by far most often another for another id; None for ids not made by us."""
    if not len(ids):
        return np.empty(0, np.uint64)
    found = letters(ids)
    if ids.null_count or len(found) != ID_LENGTH * len(ids):
        return None
    ends = np.frombuffer(ids.buffers()[1], np.int32)[ids.offset : ids.offset + len(ids) + 1]
    if (np.diff(ends) != ID_LENGTH).any():
        return None
    first, second, third = found.view(np.uint64).reshape(-1, 3).T
    return (first * _MIX + second) * _MIX + third
