"""`Embedding`: a vector that a model gave to a frame, a shot or a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import SkipValidation

from watchdown_schemas.quality import Quality
from watchdown_schemas.record import AlgorithmOutput, TemporalSpatial
from watchdown_schemas.roles import Keyword, Time, Vector


class Embedding(TemporalSpatial, AlgorithmOutput):
    """A vector of unit length that stands for what is seen or said over a range.

    An embedding model writes them; search by description, picture or clip compares its query with them.
    Dimension and model are part of where they are stored: one table per model fingerprint.
    """

    schema_version: ClassVar[int] = 2
    key: ClassVar[tuple[str, ...]] = ("start_ns", "of")
    # A model that gives every frame the same vector is broken.
    quality: ClassVar[Quality] = Quality(vector_variance_min=1e-5)
    example: ClassVar[Mapping[str, Any]] = {
        "start_ns": 5_500_000_000,
        "end_ns": 6_000_000_000,
        "of": "frame",
        "vector": [0.6, 0.0, -0.8],
    }

    start_ns: Annotated[int, Time()]
    """Begin of what the vector stands for."""
    end_ns: Annotated[int, Time(start="start_ns")]
    """End of what the vector stands for."""
    of: Annotated[Literal["frame", "shot", "line"], Keyword()] = "frame"
    """What it is a vector of: a sampled frame, a whole shot, or a line of dialogue."""
    # Unchecked here because rows are checked by the batch, in Arrow.
    vector: Annotated[SkipValidation[Sequence[float]], Vector()]
    """The numbers, as many as the model has dimensions."""
