"""The lookout of a loader: it watches how the store bears the load, in a thread of its own."""

from __future__ import annotations

from threading import Event, Lock, Thread
from typing import Final

from watchdown.load.clock import Clock
from watchdown.load.governor import KEPT, Seen
from watchdown.stores.feedback import Feedback
from watchdown_schemas.errors import LibraryError

LOOK_S: Final = 1.0  # between two looks
REST_S: Final = 2.0  # for all looks before a load begins


class Lookout:
    """Counts what the store rejects; looks at it once a second while it is this loader's turn."""

    def __init__(self, feedback: Feedback, clock: Clock) -> None:
        self._feedback = feedback
        self._clock = clock
        self._rejected = feedback.rejected
        self._lock = Lock()
        self._searched: list[float] = []
        self._queued: float | None = None
        self._turn = False
        self._ended = Event()
        self._thread: Thread | None = None

    def rest(self) -> bool:
        """Look a few times before anything is loaded; return whether there was something to search."""
        begin = self._clock.elapsed()
        self.look()  # the first opens and reads what later ones find open
        with self._lock:
            if not self._searched:
                return False
            self._searched.clear()
        for _ in range(KEPT):
            self.look()
            if self._clock.elapsed() - begin >= REST_S:
                break
        return True

    def begin(self) -> None:
        """Go on looking, once a second, while it is this loader's turn."""
        self._thread = Thread(target=self._watch, name="load lookout", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Look no more."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()

    def told(self, *, looks: bool) -> None:
        """Take the turn, or leave it to another loader."""
        self._turn = looks

    def look(self) -> None:
        """Look once; a store that does not answer tells by that nothing of a search."""
        try:
            found = self._feedback.look()
        except LibraryError:
            return
        with self._lock:
            self._queued = found.queued
            if found.searched_ms is not None:
                self._searched.append(found.searched_ms)

    def seen(self) -> Seen:
        """Return what was seen since the last call."""
        with self._lock:
            rejected = self._feedback.rejected
            seen = Seen(
                rejected=rejected - self._rejected, searched_ms=tuple(self._searched), queued=self._queued
            )
            self._rejected, self._queued = rejected, None
            self._searched.clear()
        return seen

    def _watch(self) -> None:
        while not self._ended.wait(LOOK_S):
            if self._turn:
                self.look()
