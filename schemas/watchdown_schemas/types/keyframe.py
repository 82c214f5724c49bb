"""`Keyframe`: the picture that stands for a shot."""

from __future__ import annotations

from typing import Annotated

from watchdown_schemas.record import AlgorithmOutput, TemporalSpatial
from watchdown_schemas.roles import Blob, Time


class Keyframe(TemporalSpatial, AlgorithmOutput):
    """One frame of a shot, `[start, end)` being that frame's own time, with its picture."""

    start_ns: Annotated[int, Time()]
    end_ns: Annotated[int, Time()]
    shot_start_ns: Annotated[int, Time()]
    shot_end_ns: Annotated[int, Time()]
    thumbnail: Annotated[str, Blob()]
