"""What is known of a media file before it is decoded, and how its time stamps become timeline time."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from watchdown_schemas.time import NS, frame_start, from_pts


@dataclass(frozen=True, kw_only=True, slots=True)
class VideoFacts:
    """The primary video stream.

    Attributes:
        width: Pixels of the upright picture, as stored.
        height: Pixels of the upright picture, as stored.
        pixel_aspect: Width of one upright pixel over its height.
        rotation: Degrees counterclockwise that turn the stored picture upright: 0, 90, 180 or 270.
        rate: Exact frames per second; the mean where `variable_rate`.
        frames: Frames that are presented.
        time_base: Seconds per unit of the stream's time stamps.
        first_pts: Time stamp of the first presented frame, which is the timeline's zero.
        duration_ns: From zero to the end of the last frame.
    """

    index: int
    codec: str
    width: int
    height: int
    pixel_aspect: Fraction
    rotation: int
    rate: Fraction
    variable_rate: bool
    frames: int
    time_base: Fraction
    first_pts: int
    duration_ns: int

    @property
    def start_ns(self) -> int:
        """The container's own time of the first presented frame."""
        return from_pts(self.first_pts, self.time_base)

    def time_of(self, pts: int) -> int:
        """Return the timeline time of a frame's time stamp, negative before zero.

        Containers that count in milliseconds round; at a constant rate the true time is recovered.
        """
        told = from_pts(pts - self.first_pts, self.time_base)
        if self.variable_rate:
            return told
        # Whole numbers only: this runs for every frame, and fractions are slow.
        above = (pts - self.first_pts) * self.time_base.numerator * self.rate.numerator
        below = self.time_base.denominator * self.rate.denominator
        true = frame_start((2 * above + below) // (2 * below), self.rate)
        return true if abs(true - told) <= from_pts(1, self.time_base) else told

    def pts_at(self, time_ns: int) -> int:
        """Return the last time stamp that is not after a timeline time."""
        return self.first_pts + int(time_ns // (NS * self.time_base))

    @property
    def upright_width(self) -> int:
        """The even width of the upright picture in square pixels."""
        return max(2, 2 * round(self.width * self.pixel_aspect / 2))

    def height_for(self, width: int) -> int:
        """Return the even height that keeps the picture's shape at `width` square pixels."""
        return max(2, 2 * round(width * self.height / (self.width * self.pixel_aspect * 2)))


@dataclass(frozen=True, kw_only=True, slots=True)
class AudioFacts:
    """A sound track; `language` as the container tags it, `und` when it does not."""

    index: int
    codec: str
    rate: int
    channels: int
    language: str


@dataclass(frozen=True, kw_only=True, slots=True)
class TextFacts:
    """An embedded subtitle track; `language` as the container tags it, `und` when it does not."""

    index: int
    codec: str
    language: str


@dataclass(frozen=True, kw_only=True, slots=True)
class MediaFacts:
    """A media file, times on its timeline.

    Attributes:
        container: Short name of the container format, such as `mov` (also MP4), `matroska`, `mpegts`.
        size: Bytes.
        zero_ns: The container's own time at which the timeline begins.
        duration_ns: Length of the timeline.
        audio: Sound tracks, the main one first.
        start_timecode: SMPTE time code of the first frame, as the source states it.
    """

    container: str
    size: int
    zero_ns: int
    duration_ns: int
    video: VideoFacts | None
    audio: tuple[AudioFacts, ...]
    text: tuple[TextFacts, ...]
    start_timecode: str | None

    def to_json(self) -> dict[str, Any]:
        """Return the facts as plain JSON values."""
        plain: dict[str, Any] = _adapter().dump_python(self, mode="json")
        return plain

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> MediaFacts:
        """Return the facts that `to_json` gave."""
        return _adapter().validate_python(plain)


@cache
def _adapter() -> TypeAdapter[MediaFacts]:
    return TypeAdapter(MediaFacts)
