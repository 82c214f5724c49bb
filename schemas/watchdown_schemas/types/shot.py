"""`Shot`: frames between two cuts; the canonical list that other records refer to."""

from __future__ import annotations

from typing import Annotated

from watchdown_schemas.record import AlgorithmOutput, TemporalSpatial
from watchdown_schemas.roles import Time


class Shot(TemporalSpatial, AlgorithmOutput):
    """A continuous take. The shots of a title cover it without gap or overlap."""

    start_ns: Annotated[int, Time()]
    end_ns: Annotated[int, Time()]
    number: int
