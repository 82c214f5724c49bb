"""Loaders of one budget, simulated: each asks for its next batch as soon as it may, by a test's clock."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field

from load.conftest import HandClock
from watchdown.catalogue.database import Database
from watchdown.load.budget import Budget
from watchdown.load.claim import NOBODY, Claim
from watchdown.stores.feedback import Feedback

BATCH, SIZE = 25, 100  # documents, and the bytes of each


@dataclass
class Loader:
    """One loader: its own pace in documents a second, what it took and when."""

    budget: Budget
    pace: float
    until: float
    took: list[tuple[float, int]] = field(default_factory=list)


class Simulation:
    """Many loaders on one database and one clock."""

    def __init__(self, database: Database, clock: HandClock) -> None:
        self.database = database
        self.clock = clock
        self.loaders: list[Loader] = []
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0

    def at(self, when: float, what: Callable[[], None]) -> None:
        """Let something happen at a time."""
        self._count += 1
        heapq.heappush(self._events, (when, self._count, what))

    def load(
        self,
        begin: float,
        *,
        pace: float = 1e6,
        until: float = 1e9,
        batch: int = BATCH,
        claim: Claim = NOBODY,
        feedback: Feedback | None = None,
    ) -> None:
        """Let a loader begin at a time; at `until`, it dies without a word."""

        def start() -> None:
            budget = Budget(self.database, clock=self.clock, claim=claim, feedback=feedback)
            loader = Loader(budget, pace, until)
            self.loaders.append(loader)
            step(loader)

        def step(loader: Loader) -> None:
            if self.clock.at >= loader.until:
                return
            wait = loader.budget.attempt(batch, batch * SIZE)
            if not wait:
                loader.took.append((self.clock.at, batch))
                wait = batch / loader.pace
            self.at(self.clock.at + wait, lambda: step(loader))

        self.at(begin, start)

    def run(self, until: float) -> None:
        """Let all happen up to a time."""
        while self._events and self._events[0][0] <= until:
            self.clock.at, _, what = heapq.heappop(self._events)
            what()
        self.clock.at = until

    def rate(self, begin: float, end: float, loader: int | None = None) -> float:
        """Return the documents in a second over a time, of one loader or of all."""
        chosen = self.loaders if loader is None else [self.loaders[loader]]
        total = sum(count for one in chosen for when, count in one.took if begin <= when < end)
        return total / (end - begin)
