"""Exact time: integer nanoseconds, rational frame rates and SMPTE time code.

Frame n begins at the smallest integer nanosecond that is not before n / rate, so
`frame_at(frame_start(n)) == n` holds for every n at every rate.
Time code follows SMPTE ST 12-1, drop frame at 30000/1001 and 60000/1001. It begins anew after 24 hours of its
own clock, which drop frame reaches 86.4 ms early: within that day each frame has one code, beyond it the day
must be known from elsewhere.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal
from fractions import Fraction
from typing import Final

NS: Final = 1_000_000_000
DROP_FRAME_RATES: Final = frozenset({Fraction(30000, 1001), Fraction(60000, 1001)})

_FLOAT_ERROR: Final = Fraction(1, 100)  # of a nanosecond; float seconds of a day are off by less
_SECONDS: Final = re.compile(r"[-+]?(?:\d+(?:\.\d*)?|\.\d+|\d+/0*[1-9]\d*)", re.ASCII)
_TIMECODE: Final = re.compile(r"(\d+):(\d+):(\d+)([:;])(\d+)", re.ASCII)


def frame_start(frame: int, rate: Fraction) -> int:
    """Return the first nanosecond of a frame at `rate` frames per second."""
    return -(-frame * NS * rate.denominator // rate.numerator)


def frame_at(ns: int, rate: Fraction) -> int:
    """Return the number of the frame on screen at `ns`."""
    return ns * rate.numerator // (NS * rate.denominator)


def range_of_frames(first: int, last: int, rate: Fraction) -> tuple[int, int]:
    """Return the nanoseconds [start, end) of the frames from `first` to `last`, both included."""
    return frame_start(first, rate), frame_start(last + 1, rate)


def frames_of_range(start_ns: int, end_ns: int, rate: Fraction) -> range:
    """Return the numbers of the frames that are on screen at some time of [start, end)."""
    if start_ns >= end_ns:
        return range(0)
    return range(frame_at(start_ns, rate), frame_at(end_ns - 1, rate) + 1)


def seconds(ns: int) -> float:
    """Return nanoseconds as float seconds, for people and libraries that count so."""
    return ns / NS


def seconds_text(ns: int) -> str:
    """Return nanoseconds as exact seconds in nine decimals, such as `4.170833334`."""
    whole, rest = divmod(abs(ns), NS)
    return f"{'-' * (ns < 0)}{whole}.{rest:09}"


def from_seconds(value: float | Fraction | Decimal | str) -> int:
    """Return seconds as nanoseconds, rounded up as `frame_start` does.

    So n / rate becomes the start of frame n, and what `seconds` or `seconds_text` made comes back unchanged.
    Text is decimal, `4.17`, or a fraction, `1001/240`. A float of a day or less stands for the nanosecond, or
    the start of a frame, that it was rounded from.

    Raises:
        ValueError: if that is no finite number.
    """
    if isinstance(value, str) and not _SECONDS.fullmatch(value):
        raise ValueError(f"{value!r} is no number of seconds such as 4.17 or 1001/240")
    try:
        ns = Fraction(value) * NS
    except (ValueError, OverflowError):
        raise ValueError(f"{value} is no finite number of seconds") from None
    return math.ceil(ns - _FLOAT_ERROR if isinstance(value, float) else ns)


def from_pts(pts: int, time_base: Fraction) -> int:
    """Return a media time stamp in `time_base` units as nanoseconds, rounded up as `frame_start` does."""
    return -(-pts * NS * time_base.numerator // time_base.denominator)


def nominal_rate(rate: Fraction) -> int:
    """Return the whole number of frames that time code counts per second."""
    return max(1, round(rate))


def frames_per_day(rate: Fraction, *, drop_frame: bool | None = None) -> int:
    """Return how many frames have a time code, `drop_frame` being as for `timecode`."""
    minutes = 24 * 60
    dropped = _dropped(rate, drop_frame=drop_frame)
    return minutes * 60 * nominal_rate(rate) - dropped * (minutes - minutes // 10)


def _dropped(rate: Fraction, *, drop_frame: bool | None) -> int:
    """Return how many frame numbers are left out at the start of a minute, the tenth ones excepted."""
    drop = rate in DROP_FRAME_RATES and drop_frame is not False
    return nominal_rate(rate) // 15 if drop else 0


def timecode(ns: int, rate: Fraction, *, start_frame: int = 0, drop_frame: bool | None = None) -> str:
    """Return the SMPTE time code of the frame on screen at `ns`.

    `start_frame` is the source's own first frame number; `drop_frame` None means drop frame
    wherever the standard defines it.
    """
    dropped = _dropped(rate, drop_frame=drop_frame)
    number = frame_at(ns, rate) + start_frame
    per_second = nominal_rate(rate)
    if dropped:
        per_minute = per_second * 60 - dropped
        per_ten = per_minute * 10 + dropped
        tens, rest = divmod(number, per_ten)
        number += dropped * 9 * tens
        if rest >= per_second * 60:
            number += dropped * ((rest - per_second * 60) // per_minute + 1)
    second, frame = divmod(number, per_second)
    width = len(str(per_second - 1)) if per_second > 1 else 1
    separator = ";" if dropped else ":"
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
        dropped = _dropped(rate, drop_frame=True)
        if minutes % 10 and not secs and frames < dropped:
            raise ValueError(f"{code!r} is one of the frame numbers that drop frame leaves out")
        total_minutes = hours * 60 + minutes
        number -= dropped * (total_minutes - total_minutes // 10)
    return number


def from_timecode(code: str, rate: Fraction, *, start_frame: int = 0) -> int:
    """Return the nanosecond at which the frame with that SMPTE time code begins, within one day of time code.

    It undoes `timecode` with the same `start_frame`, also where the code passes midnight.

    Raises:
        ValueError: as `frame_number`.
    """
    day = frames_per_day(rate, drop_frame=";" in code)
    return frame_start((frame_number(code, rate) - start_frame) % day, rate)
