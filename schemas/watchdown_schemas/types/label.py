"""`Label`: a named property of a time range."""

from __future__ import annotations

from typing import Annotated, ClassVar

from watchdown_schemas.record import AlgorithmOutput, TemporalSpatial
from watchdown_schemas.roles import Keyword, Time


class Label(TemporalSpatial, AlgorithmOutput):
    """Something that holds throughout a range, such as `bright` or `indoor`."""

    key: ClassVar[tuple[str, ...]] = ("start_ns", "label")

    start_ns: Annotated[int, Time()]
    end_ns: Annotated[int, Time()]
    label: Annotated[str, Keyword()]
