"""`Caption`: what is seen, described in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from watchdown_schemas.record import AlgorithmOutput, TemporalSpatial
from watchdown_schemas.roles import Keyword, Language, Text, Time


class Caption(TemporalSpatial, AlgorithmOutput):
    """A sentence or two that say what is seen in a frame, a shot or a scene.

    Picture and video captioners write them, and authors of audio description. Words that are spoken are
    DialogueLines, words in the picture OnScreenText.
    """

    key: ClassVar[tuple[str, ...]] = ("start_ns", "of", "language", "rank")
    example: ClassVar[Mapping[str, Any]] = {
        "start_ns": 5_000_000_000,
        "end_ns": 7_500_000_000,
        "of": "shot",
        "text": "A red car drives along the quay while the sun goes down.",
        "language": "en",
        "rank": 0,
        "confidence": 0.7,
    }

    start_ns: Annotated[int, Time()]
    """Begin of what is described."""
    end_ns: Annotated[int, Time(start="start_ns")]
    """End of what is described."""
    of: Annotated[Literal["frame", "shot", "scene"], Keyword()] = "shot"
    """What is described."""
    text: Annotated[str, Text(language="language")]
    """The description."""
    language: Annotated[str, Language()] = "und"
    """Language of the description."""
    rank: int = 0
    """Place among several descriptions of the same, the best being zero."""
