"""`Keyframe`: the picture that stands for a shot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from watchdown_schemas.quality import Quality
from watchdown_schemas.record import AlgorithmOutput, TemporalSpatial
from watchdown_schemas.roles import Blob, Time


class Keyframe(TemporalSpatial, AlgorithmOutput):
    """One frame that stands for its shot, with its picture.

    Its range is that frame's own time; the shot's lies beside it. A later pass over the shot list writes
    one or more per shot; result pages show them.
    """

    schema_version: ClassVar[int] = 2
    quality: ClassVar[Quality] = Quality(empty_share_max=0)
    example: ClassVar[Mapping[str, Any]] = {
        "start_ns": 6_250_000_000,
        "end_ns": 6_291_666_667,
        "shot_start_ns": 5_000_000_000,
        "shot_end_ns": 7_500_000_000,
        "thumbnail": "4f2a7c/3/sprites-0000.jpg#xywh=320,0,160,90",
    }

    start_ns: Annotated[int, Time()]
    """Begin of the frame."""
    end_ns: Annotated[int, Time(start="start_ns")]
    """End of the frame."""
    shot_start_ns: Annotated[int, Time()]
    """Begin of the shot that the frame stands for."""
    shot_end_ns: Annotated[int, Time(start="shot_start_ns")]
    """End of that shot."""
    thumbnail: Annotated[str, Blob()]
    """Key of the frame as a small picture."""
