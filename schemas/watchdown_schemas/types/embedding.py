"""`Embedding`: a vector that a model gave to a frame, a shot or a line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import SkipValidation

from watchdown_schemas.record import AlgorithmOutput, TemporalSpatial
from watchdown_schemas.roles import Keyword, Time, Vector


class Embedding(TemporalSpatial, AlgorithmOutput):
    """A unit vector over a time range.

    Its dimension and model are part of where it is stored: one table per model fingerprint.
    """

    key: ClassVar[tuple[str, ...]] = ("start_ns", "of")

    start_ns: Annotated[int, Time()]
    end_ns: Annotated[int, Time()]
    of: Annotated[Literal["frame", "shot", "line"], Keyword()] = "frame"
    # Unchecked here because rows are checked by the batch, in Arrow.
    vector: Annotated[SkipValidation[Sequence[float]], Vector()]
