"""What people say of a backfill while it is at work: pause, resume, cancel, as whoever works it hears it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from threading import Event, Lock
from typing import Final

from watchdown.runs.backfills import Backfill, BackfillState
from watchdown_schemas.errors import BackfillCancelled

LOOK_S: Final = 1.0
_REMEDY: Final = "Begin it again with the same command: watchdown backfill"


class Stopped(Exception):
    """Whoever works a backfill was told to stop, by nobody but itself."""


class Control:
    """Looks at backfills once a second at most; any number of threads may ask."""

    def __init__(
        self, look: Callable[[], Sequence[Backfill]], elapsed: Callable[[], float] = time.monotonic
    ) -> None:
        """Make it; `look` returns the backfills that one works for: it waits where all are paused."""
        self._look = look
        self._elapsed = elapsed
        self._looked: float | None = None
        self._stop = Event()
        self._lock = Lock()
        self._found: Sequence[Backfill] = ()
        self.rows = 0  # that were taken from the budget

    def stop(self) -> None:
        """End what is at work here."""
        self._stop.set()

    @property
    def paused(self) -> bool:
        """Whether to wait."""
        return _are(self._now(), BackfillState.PAUSED)

    def check(self) -> bool:
        """Return whether to wait; raise where the work must end: Stopped, or BackfillCancelled."""
        if self._stop.is_set():
            raise Stopped
        found = self._now()
        if _are(found, BackfillState.CANCELLED):
            raise BackfillCancelled(f"backfill {found[0].number}", "was cancelled", _REMEDY)
        return _are(found, BackfillState.PAUSED)

    def gate(self, rows: int = 0) -> None:
        """Wait while it is paused; raise where the work must end. `rows` are those that are about to pass."""
        while self.check():
            self._stop.wait(LOOK_S)
        with self._lock:
            self.rows += rows

    def _now(self) -> Sequence[Backfill]:
        with self._lock:
            at = self._elapsed()
            if self._looked is None or at - self._looked >= LOOK_S:
                self._found, self._looked = self._look(), at
            return self._found


def _are(found: Sequence[Backfill], state: BackfillState) -> bool:
    return bool(found) and all(one.state is state for one in found)
