"""What a store tells of how it bears a load: what it refused, what waits, and what a search takes now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """One look at a store: milliseconds of a small search, and writes that wait for each thread that writes.

    None for what cannot be told: there is nothing to search yet, or the store has no queue.
    """

    searched_ms: float | None = None
    queued: float | None = None


class Feedback(Protocol):
    """Looks at a store that is loaded into."""

    @property
    def rejected(self) -> int:
        """How often the store has had too much of what this process wrote; asks nobody."""
        ...

    def look(self) -> Look:
        """Search once, and look at the queue; may take as long as a search does. Raises LibraryError."""
        ...
