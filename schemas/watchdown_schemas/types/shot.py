"""`Shot`: frames between two cuts; the canonical list that other records refer to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from watchdown_schemas.quality import Quality
from watchdown_schemas.record import AlgorithmOutput, TemporalSpatial
from watchdown_schemas.roles import Time


class Shot(TemporalSpatial, AlgorithmOutput):
    """A continuous take, from one cut to the next.

    The shots of a title cover it without gap or overlap. A shot boundary detector writes them, once per
    title; hits, pictures and scenes are told in shots.
    """

    schema_version: ClassVar[int] = 2
    quality: ClassVar[Quality] = Quality(coverage=(0.99, 1), empty_share_max=0)
    example: ClassVar[Mapping[str, Any]] = {
        "start_ns": 5_000_000_000,
        "end_ns": 7_500_000_000,
        "number": 2,
        "confidence": 0.97,
    }

    start_ns: Annotated[int, Time()]
    """Begin of the first frame."""
    end_ns: Annotated[int, Time(start="start_ns")]
    """End of the last frame, where the next shot begins."""
    number: int
    """Place in the title's list of shots, from zero."""
