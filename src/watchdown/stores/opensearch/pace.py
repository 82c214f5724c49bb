"""How large batches are, as the server bears them."""

from __future__ import annotations

import threading
from typing import Final

START_BYTES: Final = 1 << 20
LEAST_BYTES: Final = 64 << 10
MOST_BYTES: Final = 8 << 20
SLOW_S, QUICK_S = 2.0, 0.5


class Pace:
    """How large batches are: halved when the server is slow or full, larger again while it is quick."""

    def __init__(self, start: int = START_BYTES) -> None:
        self.bytes: int = start
        self.rejected = 0  # times that the server has had too much, for whoever slows the load down
        self._lock = threading.Lock()

    def took(self, size: int, seconds: float) -> None:
        """Note how long the server took for so many bytes; only a full batch tells that it is quick."""
        with self._lock:
            if seconds > SLOW_S:
                self.bytes = max(LEAST_BYTES, self.bytes // 2)
            elif seconds < QUICK_S and 2 * size > self.bytes:
                self.bytes = min(MOST_BYTES, self.bytes * 3 // 2)

    def refused(self) -> None:
        """Note that the server has had too much."""
        self.too_large()
        with self._lock:
            self.rejected += 1

    def too_large(self) -> None:
        """Note that a batch was larger than the server takes."""
        with self._lock:
            self.bytes = max(LEAST_BYTES, self.bytes // 2)
