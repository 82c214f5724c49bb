"""`Label`: a named property of a time range."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from watchdown_schemas.record import AlgorithmOutput, TemporalSpatial
from watchdown_schemas.roles import Keyword, Time


class Label(TemporalSpatial, AlgorithmOutput):
    """Something that holds throughout a range, such as `bright`, `indoor` or `slow zoom`.

    Classifiers of any kind write them. What has a place in the picture is a Detection, what is heard an
    AudioEvent.
    """

    schema_version: ClassVar[int] = 2
    key: ClassVar[tuple[str, ...]] = ("start_ns", "label")
    example: ClassVar[Mapping[str, Any]] = {
        "start_ns": 5_000_000_000,
        "end_ns": 7_500_000_000,
        "label": "indoor",
        "confidence": 0.91,
    }

    start_ns: Annotated[int, Time()]
    """Where it begins to hold."""
    end_ns: Annotated[int, Time(start="start_ns")]
    """Where it ceases to hold."""
    label: Annotated[str, Keyword()]
    """What holds."""
