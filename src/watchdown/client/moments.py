"""Points in time as people write them: a time code, a clock, or seconds."""

from __future__ import annotations

from watchdown.catalogue.model import Timeline
from watchdown.client.services import Services
from watchdown_schemas.errors import QueryError
from watchdown_schemas.time import NS, frame_at, frame_start, from_seconds, from_timecode

FRAMES = 4  # parts of a time code
CLOCK = 3


def moment(text: str, timeline: Timeline) -> int:
    """Return nanoseconds of a time code `01:00:04;12`, a clock `1:04.5`, seconds `64.5` or a frame `f100`.

    Time code counts from the source's own start. Raises QueryError where the text is none of these, or
    lies outside the timeline.
    """
    try:
        ns = _read(text.strip(), timeline)
    except ValueError as error:
        remedy = "Write it as 62.5 (seconds), 1:02.5, 00:01:02:12 (time code) or f1500 (frame)"
        raise QueryError(text, f"is no point in time ({error})", remedy) from None
    if not 0 <= ns <= timeline.duration_ns:
        first, last = timeline.timecode(0), timeline.timecode(timeline.duration_ns)
        raise QueryError(text, "lies outside the title", f"It runs from {first} to {last}")
    return ns


def _read(text: str, timeline: Timeline) -> int:
    parts = text.replace(";", ":").split(":")
    if text.startswith("f"):
        return frame_start(int(text[1:]), timeline.rate)
    if len(parts) == FRAMES:
        return from_timecode(text, timeline.rate, start_frame=timeline.start_frame)
    if len(parts) > CLOCK or ";" in text:
        raise ValueError("too many parts")
    *larger, last = parts
    total = from_seconds(last)
    for power, part in enumerate(reversed(larger), start=1):
        total += int(part) * 60**power * NS
    return total


def span(services: Services, title: str, start: str, end: str | None) -> tuple[int, int]:
    """Return a range of a title in nanoseconds; without an end, the frame on screen at its start."""
    timeline = services.timeline(title)
    first = moment(start, timeline)
    if end is None:
        frame = frame_at(first, timeline.rate)
        return frame_start(frame, timeline.rate), frame_start(frame + 1, timeline.rate)
    last = moment(end, timeline)
    if last <= first:
        raise QueryError(f"{start} to {end}", "ends before it begins", "Swap them")
    return first, last
