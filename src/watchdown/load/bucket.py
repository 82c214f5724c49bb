"""A bucket of tokens that fills at a rate, for as long as the lease on that rate lasts."""

from __future__ import annotations

from math import inf
from typing import Final

DUST: Final = 1e-6  # of a token: less than what adding up may lose
BURST_S: Final = 1.0  # a loader that was busy elsewhere may make up for this much time


class Bucket:
    """Tokens of one kind. Whoever takes may run into debt, and the next waits until it is paid.

    So a batch of any size can be taken, and over time no more is taken than the rate allows.
    """

    def __init__(self) -> None:
        self.rate: float | None = 0.0
        self._level = 0.0
        self._at = 0.0
        self._until = 0.0

    def grant(self, now: float, rate: float | None, until: float) -> None:
        """Fill at another rate from now on, without limit if it is None, until the lease ends."""
        self._fill(now)
        self.rate, self._until = rate, until

    def wait(self, now: float) -> float:
        """Return the seconds until something may be taken: 0 for now, inf without another lease."""
        self._fill(now)
        if now >= self._until:
            return inf
        if self.rate is None or (self._level > -DUST and self.rate > 0):
            return 0.0
        return -self._level / self.rate if self.rate > 0 else inf

    def take(self, amount: float) -> None:
        """Take tokens, those that are not there yet as well."""
        if self.rate is not None:
            self._level -= amount

    def _fill(self, now: float) -> None:
        seconds = max(0.0, min(now, self._until) - self._at)
        self._at = max(now, self._at)
        if self.rate is not None:
            self._level = min(self._level + self.rate * seconds, self.rate * BURST_S)
