"""The blocks of an SRT or VTT text: times, and what stands under them untouched.

ttconv reads blocks and times; its mark-up is hidden from it, because it drops speakers.
"""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from watchdown_schemas.time import NS

# What these skip is counted here and told as a warning of the track.
for _name in ("ttconv", "srt"):
    logging.getLogger(_name).setLevel(logging.CRITICAL + 1)

ARROW: Final = "-->"
LATEST_NS: Final = 10_000 * 3600 * NS
_TIMING_LINE: Final = re.compile(f"^.*{ARROW}.*$", re.MULTILINE)
_STAMP: Final = r"((?:\d{1,4}:)?\d{1,2}:\d{1,2}[.,]\d{3})"
_TIMES: Final = re.compile(rf"\s*{_STAMP}\s*{ARROW}\s*{_STAMP}", re.ASCII)
_HEADER_FIELD: Final = re.compile(r"^(kind|lang|language)[ \t]*:[ \t]*(\S+)", re.MULTILINE | re.IGNORECASE)
_WITH_HOURS: Final = len("00:00:00.000")
_WITHOUT_HOURS: Final = len("00:00.000")


@dataclass(frozen=True, slots=True)
class Block:
    """One cue as the file has it, in nanoseconds of the file's own clock."""

    start_ns: int
    end_ns: int
    raw: str


def srt_blocks(text: str) -> list[Block]:
    """Return the blocks of an SRT text; malformed ones are read as far as they make sense."""
    from ttconv.srt.reader import to_model

    strict = _through_ttconv(to_model, text)
    if len(strict) == count_timings(text):
        return strict
    return max(strict, _tolerant_srt_blocks(text), key=len)


def vtt_blocks(text: str) -> list[Block]:
    """Return the blocks of a VTT text, which begins with `WEBVTT`."""
    from ttconv.vtt.reader import to_model

    return _through_ttconv(to_model, _TIMING_LINE.sub(_plain_vtt_times, text))


def vtt_header(text: str) -> dict[str, str]:
    """Return `kind` and `language` of a VTT text, where its header says them."""
    fields = _HEADER_FIELD.findall(text.partition("\n\n")[0])
    return {"kind" if name.lower() == "kind" else "language": value for name, value in fields}


def count_timings(text: str) -> int:
    """Return how many cues a text seems to have."""
    return text.count(ARROW)


def _through_ttconv(read: Callable[[io.StringIO], Any], text: str) -> list[Block]:
    from ttconv import model

    document = read(io.StringIO(text.replace("&", "&amp;").replace("<", "&lt;")))
    if document is None:
        return []
    return [
        Block(_nanoseconds(element.get_begin()), _nanoseconds(element.get_end()), _text(element))
        for element in document.get_body().dfs_iterator()
        if isinstance(element, model.P)
    ]


def _text(paragraph: Any) -> str:
    from ttconv import model

    parts = (
        "\n" if isinstance(element, model.Br) else element.get_text()
        for element in paragraph.dfs_iterator()
        if isinstance(element, model.Br | model.Text)
    )
    return "".join(parts)


def _tolerant_srt_blocks(text: str) -> list[Block]:
    import srt

    blocks: list[Block] = []
    with suppress(OverflowError, ValueError):  # hours without end
        blocks.extend(
            Block(_whole(cue.start), _whole(cue.end), cue.content.strip("\n"))
            for cue in srt.parse(text, ignore_errors=True)
        )
    return [block for block in blocks if max(block.start_ns, block.end_ns) <= LATEST_NS]


def _nanoseconds(seconds: float) -> int:
    """Return ttconv's seconds exactly: both formats count milliseconds."""
    return round(seconds * 1000) * (NS // 1000)


def _whole(time: timedelta) -> int:
    return (time // timedelta(microseconds=1)) * 1000


def _plain_vtt_times(line: re.Match[str]) -> str:
    """Return a timing line on its own, as strict as ttconv wants it, without settings of place."""
    times = _TIMES.match(line[0])
    return f"\n{_strict_stamp(times[1])} {ARROW} {_strict_stamp(times[2])}" if times else ""


def _strict_stamp(stamp: str) -> str:
    """Return a time stamp with the point and the leading zeros that files forget."""
    return stamp.replace(",", ".").zfill(_WITH_HOURS if stamp.count(":") > 1 else _WITHOUT_HOURS)
