"""The pace of one loader: a limit of its own, below its share of the budget."""

from __future__ import annotations

import time
from math import inf

from watchdown.load.bucket import Bucket
from watchdown.load.load import Take


def paced(take: Take, rate: float) -> Take:
    """Return what takes from the budget at no more than `rate` documents/s."""
    bucket = Bucket()
    bucket.grant(time.monotonic(), rate, inf)

    def slowly(rows: int, size: int) -> None:
        while seconds := bucket.wait(time.monotonic()):
            time.sleep(seconds)
        bucket.take(rows)
        take(rows, size)

    return slowly
