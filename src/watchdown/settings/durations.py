"""Durations as people write them: `90s`, `30m`, `24h`, `7d`, `0`."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

WRITTEN: Final = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)\s*([smhd])")
SECONDS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
REMEDY: Final = "Write it as 90s, 30m, 24h or 7d"


def duration(text: object) -> timedelta:
    """Return a duration; ValueError where the text is none."""
    if isinstance(text, timedelta):
        return text
    if text in ("0", 0):
        return timedelta(0)
    found = WRITTEN.fullmatch(str(text).strip().lower())
    if found is None:
        raise ValueError("is no duration")  # nothing of a setting is ever shown
    return timedelta(seconds=float(found[1]) * SECONDS[found[2]])


def written(given: timedelta) -> str:
    """Return a duration in the largest unit that it is a whole number of: `24h`, `1h`, `90s`."""
    seconds = given.total_seconds()
    for unit in ("d", "h", "m"):
        # A day reads as 24h, two days as 2d.
        if seconds and seconds % SECONDS[unit] == 0 and (unit != "d" or seconds > SECONDS["d"]):
            return f"{int(seconds // SECONDS[unit])}{unit}"
    return f"{seconds:g}s" if seconds else "0"
