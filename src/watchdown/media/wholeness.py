"""Whether a file is all there: its packets against what it says of itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from av.container import InputContainer

from watchdown.media.opening import COPY_AGAIN
from watchdown.media.place import Place
from watchdown.media.tracks import Track
from watchdown_schemas.errors import MediaInvalid
from watchdown_schemas.time import NS, from_pts, seconds

# The others are made to be cut anywhere, and their duration is a guess.
STATES_LENGTH: Final = frozenset(
    {"mov", "matroska", "avi", "mxf", "flv", "asf", "wav", "w64", "aiff", "caf", "flac"}
)


def kind_of(container: InputContainer) -> str:
    """Return the short name of the container format."""
    return container.format.name.split(",")[0]


def check_whole(
    path: Place, container: InputContainer, tracks: Sequence[Track], expected: Sequence[int]
) -> None:
    """Raise MediaInvalid where the packets end before the file's own index or length does.

    Args:
        path: Names the file in the error.
        container: The open file, read to its end.
        tracks: What its packets said, stream by stream.
        expected: How many packets the index listed for each stream when the file was opened.
    """
    kind = kind_of(container)
    if kind not in STATES_LENGTH:
        return
    seen = [track for track in tracks if track.first is not None]
    begin = min((from_pts(track.first or 0, track.time_base) for track in seen), default=0)
    reached = max((track.end_ns for track in seen), default=0) - min(begin, 0)
    stated = _stated_ns(container)
    missing = [
        track
        for track, count in zip(tracks, expected, strict=True)
        if track.stream.type in {"video", "audio"}
        and (track.cut or (kind == "mov" and track.packets < count))
    ]
    if missing or stated - reached > max(NS, stated // 50):
        there = min((track.end_ns for track in missing), default=reached)
        cause = f"truncated: {seconds(there):.1f} of {seconds(max(stated, there)):.1f} seconds are there"
        raise MediaInvalid(str(path), cause, COPY_AGAIN)


def _stated_ns(container: InputContainer) -> int:
    """Return how long the file says it is."""
    stated = (container.duration or 0) * 1000
    if kind_of(container) == "avi":  # where the duration is reckoned from what is left of the file
        films = [(stream.frames, stream.average_rate) for stream in container.streams.video]
        stated = max([stated, *(int(frames * NS / rate) for frames, rate in films if rate)])
    return stated
