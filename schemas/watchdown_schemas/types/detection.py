"""`Detection`: a thing at its place in the picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from watchdown_schemas.record import AlgorithmOutput, TemporalSpatial
from watchdown_schemas.roles import Geometry, Keyword, Time


class Detection(TemporalSpatial, AlgorithmOutput):
    """A thing at one place in the picture: a box or outline, for a frame or as long as it stands still.

    Object, logo and face detectors write them. A tracker gives the detections of one thing, from frame to
    frame, the same `track`.
    """

    key: ClassVar[tuple[str, ...]] = ("start_ns", "label", "geometry")
    example: ClassVar[Mapping[str, Any]] = {
        "start_ns": 5_000_000_000,
        "end_ns": 5_041_666_667,
        "label": "car",
        "geometry": "POLYGON ((0.25 0.5, 0.5 0.5, 0.5 0.75, 0.25 0.75, 0.25 0.5))",
        "frame_width": 1920,
        "frame_height": 1080,
        "track": "car-3",
        "confidence": 0.88,
    }

    start_ns: Annotated[int, Time()]
    """Begin of the first frame in which it is there."""
    end_ns: Annotated[int, Time(start="start_ns")]
    """End of the last frame in which it is there."""
    label: Annotated[str, Keyword()]
    """What was detected."""
    geometry: Annotated[str, Geometry()]
    """Its box or outline: WKT in fractions of the frame, origin top left."""
    track: Annotated[str | None, Keyword()] = None
    """The same for all detections of one thing in a title."""
