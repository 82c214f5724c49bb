"""The words in a packet of an embedded subtitle track: SubRip, WebVTT, SSA and MP4 timed text."""

from __future__ import annotations

import re
from typing import Final

from av.packet import Packet
from av.subtitles.stream import SubtitleStream
from av.subtitles.subtitle import AssSubtitle

# These carry the same text as their side-car file; all others are decoded to SSA events.
PLAIN_CODECS: Final = frozenset({"subrip", "webvtt", "text"})
TEXT_CODECS: Final = PLAIN_CODECS | {"ass", "ssa", "mov_text"}
# ReadOrder, Layer, Style, Name, MarginL, MarginR, MarginV, Effect, Text
_FIELDS_BEFORE_TEXT: Final = 8
_NAME: Final = 3
_DRAWING: Final = re.compile(r"\{[^{}]*\\p[1-9]")
_LINE_END: Final = re.compile(r"\\[Nn]")


def packet_texts(packet: Packet[SubtitleStream], codec: str) -> list[tuple[str | None, str]]:
    """Return speaker, where the format names one, and text with its mark-up; none for pauses and drawings."""
    if codec in PLAIN_CODECS:
        return [(None, bytes(packet).decode("utf-8", "replace"))]
    events = [subtitle.ass for subtitle in packet.decode() if isinstance(subtitle, AssSubtitle)]
    texts = [_event(event.decode("utf-8", "replace")) for event in events]
    return [(name, text) for name, text in texts if text and not _DRAWING.search(text)]


def _event(line: str) -> tuple[str | None, str]:
    *fields, text = line.split(",", _FIELDS_BEFORE_TEXT)
    speaker = fields[_NAME].strip() if len(fields) > _NAME else ""
    return speaker or None, _LINE_END.sub("\n", text).replace(r"\h", " ")
