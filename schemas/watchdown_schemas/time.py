"""Exact time: integer nanoseconds, rational frame rates and SMPTE time code.

Frame n begins at the smallest integer nanosecond that is not before n / rate, so
`frame_at(frame_start(n)) == n` holds for every n at every rate.
Time code follows SMPTE ST 12-1, drop frame at 30000/1001 and 60000/1001.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

NS: Final = 1_000_000_000
DROP_FRAME_RATES: Final = frozenset({Fraction(30000, 1001), Fraction(60000, 1001)})


_TIMECODE: Final = re.compile(r"(\d+):(\d+):(\d+)([:;])(\d+)", re.ASCII)


def frame_start(frame: int, rate: Fraction) -> int:
    """Return the first nanosecond of a frame at `rate` frames per second."""
    return -(-frame * NS * rate.denominator // rate.numerator)


def frame_at(ns: int, rate: Fraction) -> int:
    """Return the number of the frame on screen at `ns`."""
    return ns * rate.numerator // (NS * rate.denominator)


def seconds(ns: int) -> float:
    """Return nanoseconds as float seconds, for people and libraries that count so."""
    return ns / NS


def from_pts(pts: int, time_base: Fraction) -> int:
    """Return a media time stamp in `time_base` units as nanoseconds, rounded up as `frame_start` does."""
    return -(-pts * NS * time_base.numerator // time_base.denominator)


def nominal_rate(rate: Fraction) -> int:
    """Return the whole number of frames that time code counts per second."""
    return max(1, round(rate))


def timecode(ns: int, rate: Fraction, *, start_frame: int = 0, drop_frame: bool | None = None) -> str:
    """Return the SMPTE time code of the frame on screen at `ns`.

    `start_frame` is the source's own first frame number; `drop_frame` None means drop frame
    wherever the standard defines it.
    """
    drop = rate in DROP_FRAME_RATES if drop_frame is None else drop_frame and rate in DROP_FRAME_RATES
    number = frame_at(ns, rate) + start_frame
    per_second = nominal_rate(rate)
    if drop:
        dropped = per_second // 15
        per_minute = per_second * 60 - dropped
        per_ten = per_minute * 10 + dropped
        tens, rest = divmod(number, per_ten)
        number += dropped * 9 * tens
        if rest >= per_second * 60:
            number += dropped * ((rest - per_second * 60) // per_minute + 1)
    second, frame = divmod(number, per_second)
    width = len(str(per_second - 1)) if per_second > 1 else 1
    separator = ";" if drop else ":"
    text = f"{second // 3600 % 24:02}:{second // 60 % 60:02}:{second % 60:02}"
    return f"{text}{separator}{frame:0{max(2, width)}}"


def frame_number(code: str, rate: Fraction) -> int:
    """Return the frame number of an SMPTE time code; ValueError when it is none at this rate."""
    parts = _TIMECODE.fullmatch(code)
    if parts is None:
        raise ValueError(f"{code!r} is not a time code hh:mm:ss:ff")
    drop = parts[4] == ";"
    hours, minutes, secs, frames = (int(parts[field]) for field in (1, 2, 3, 5))
    per_second = nominal_rate(rate)
    if drop and rate not in DROP_FRAME_RATES:
        raise ValueError(f"{code!r} is drop frame, which {rate} frames per second does not have")
    if hours > 23 or minutes > 59 or secs > 59 or frames >= per_second:  # noqa: PLR2004 - of a day
        raise ValueError(f"{code!r} has a field out of range at {rate} frames per second")
    number = ((hours * 60 + minutes) * 60 + secs) * per_second + frames
    if drop:
        dropped = per_second // 15
        if minutes % 10 and not secs and frames < dropped:
            raise ValueError(f"{code!r} is one of the frame numbers that drop frame leaves out")
        total_minutes = hours * 60 + minutes
        number -= dropped * (total_minutes - total_minutes // 10)
    return number
