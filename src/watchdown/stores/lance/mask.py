"""The row-id mask that hides runs: Lance applies it before ranking, at any number of runs.

The form is Lance's treemap: a count, then per high word of the row ids a portable roaring bitmap.
"""

from __future__ import annotations

import struct
import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap

from watchdown.view import View


def treemap(row_ids: NDArray[np.uint64]) -> bytes:
    """Return sorted row ids, uint64 [n], as a serialised treemap."""
    high, low = (row_ids >> np.uint64(32)).astype(np.uint32), row_ids.astype(np.uint32)
    parts = []
    for word in np.unique(high):
        bitmap = BitMap(low[high == word])
        bitmap.run_optimize()
        data = bitmap.serialize()
        parts.append(struct.pack("<II", word, len(data)) + data)
    return struct.pack("<I", len(parts)) + b"".join(parts)


class Masks:
    """Masks of a few table versions and epochs; making one reads the `run` column of its table."""

    def __init__(self, keep: int = 8) -> None:
        self._keep = keep
        self._masks: dict[tuple[str, int, int], bytes | None] = {}
        self._lock = threading.Lock()  # searches run at the same time

    def get(self, name: str, dataset: Any, view: View) -> bytes | None:
        """Return the mask for a pinned dataset and a view; None when nothing in it is hidden."""
        key = (name, dataset.version, view.epoch)
        with self._lock:
            if key not in self._masks:
                while len(self._masks) >= self._keep:
                    del self._masks[next(iter(self._masks))]
                rows = dataset.scanner(columns=["run"], with_row_id=True).to_table()
                hidden = view.hides(rows["run"].to_numpy())
                row_ids = rows["_rowid"].to_numpy()[hidden]
                self._masks[key] = treemap(np.sort(row_ids).astype(np.uint64)) if len(row_ids) else None
            return self._masks[key]
