"""The pace of one loader: a limit of its own, below its share of the budget."""

from __future__ import annotations

import time
from collections.abc import Callable
from math import inf
from typing import Final

from watchdown.load.bucket import Bucket
from watchdown.load.load import Take

LOOK_S: Final = 0.2


def paced(take: Take, rate: float, waiting: Callable[[], None] = lambda: None) -> Take:
    """Return what takes from the budget at no more than `rate` documents/s; `waiting` may end the wait."""
    bucket = Bucket()
    bucket.grant(time.monotonic(), rate, inf)

    def slowly(rows: int, size: int) -> None:
        while seconds := bucket.wait(time.monotonic()):
            waiting()
            time.sleep(min(seconds, LOOK_S))
        bucket.take(rows)
        take(rows, size)

    return slowly
