"""Frame rates from time stamps: exact, and told apart from variable ones."""

from __future__ import annotations

import heapq
from fractions import Fraction
from typing import Final

WHOLE: Final = (5, 6, 8, 10, 12, 15, 16, 18, 20, 24, 25, 30, 48, 50, 60, 100, 120)
SLOWED: Final = (12, 15, 24, 30, 48, 60, 120)  # by 1000/1001, for colour television
STANDARD: Final = tuple(Fraction(n) for n in WHOLE) + tuple(Fraction(n * 1000, 1001) for n in SLOWED)
ROUNDED: Final = Fraction(2, 10_000)  # 23.98 for 24000/1001 is 1.6 parts in 10,000 off, 24 is 10
REORDER: Final = 32  # no codec presents a frame further from its place in the file
JITTER: Final = Fraction(2, 1000)  # seconds; what containers that round to milliseconds add up to


def snap(rate: Fraction) -> Fraction:
    """Return the standard rate that a rounded one means, else the rate itself."""
    nearest = min(STANDARD, key=lambda standard: abs(standard - rate))
    return nearest if abs(nearest - rate) <= nearest * ROUNDED else rate


class RateMeter:
    """Takes presentation time stamps in file order and measures their steps, in constant memory."""

    def __init__(self, time_base: Fraction) -> None:
        self.frames = 0
        self.first = self.last = 0
        self._time_base = time_base
        self._waiting: list[int] = []
        self._least: int | None = None
        self._most = 0

    def add(self, pts: int) -> None:
        """Take the time stamp of one frame."""
        heapq.heappush(self._waiting, pts)
        if len(self._waiting) > REORDER:
            self._present(heapq.heappop(self._waiting))

    def finish(self) -> None:
        """Take it that no more frames come."""
        while self._waiting:
            self._present(heapq.heappop(self._waiting))

    def _present(self, pts: int) -> None:
        step = pts - self.last
        if not self.frames:
            self.first = pts
        elif step <= 0:
            return  # a second picture for the same time is never seen
        else:
            self._least = step if self._least is None else min(self._least, step)
            self._most = max(self._most, step)
        self.last = pts
        self.frames += 1

    @property
    def variable(self) -> bool:
        """Whether the steps differ by more than the rounding of the container."""
        spread = self._most - (self._most if self._least is None else self._least)
        return spread > max(Fraction(2), JITTER / self._time_base)

    @property
    def step(self) -> Fraction | None:
        """The mean step in time stamp units; None for a single frame."""
        return Fraction(self.last - self.first, self.frames - 1) if self.frames > 1 else None

    def rate(self, stated: Fraction | None) -> Fraction | None:
        """Return frames per second: what the container states if the steps bear it out, else their mean."""
        step = self.step
        if step is None:
            return snap(stated) if stated else None
        measured = 1 / (step * self._time_base)
        slack = measured / (step * (self.frames - 1))  # one unit over the whole length
        if stated and abs(snap(stated) - measured) <= slack:
            return snap(stated)
        return snap(measured)
