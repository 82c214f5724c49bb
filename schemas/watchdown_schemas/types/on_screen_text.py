"""`OnScreenText`: words that are part of the picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from watchdown_schemas.record import AlgorithmOutput, TemporalSpatial
from watchdown_schemas.roles import Keyword, Language, Text, Time


class OnScreenText(TemporalSpatial, AlgorithmOutput):
    """Words that can be read in the picture: a sign, a title card, a name at the lower edge, credits.

    Text recognisers write them, a record for each piece of text as long as it stays. Subtitles that come
    as a file are DialogueLines.
    """

    key: ClassVar[tuple[str, ...]] = ("start_ns", "text", "geometry")
    example: ClassVar[Mapping[str, Any]] = {
        "start_ns": 12_000_000_000,
        "end_ns": 15_000_000_000,
        "text": "HARBOUR OFFICE",
        "language": "en",
        "kind": "sign",
        "geometry": "POLYGON ((0.1 0.2, 0.4 0.2, 0.4 0.3, 0.1 0.3, 0.1 0.2))",
        "confidence": 0.98,
    }

    start_ns: Annotated[int, Time()]
    """Where it can first be read."""
    end_ns: Annotated[int, Time(start="start_ns")]
    """Where it can no longer be read."""
    text: Annotated[str, Text(language="language")]
    """The words."""
    language: Annotated[str, Language()] = "und"
    """Language of the words."""
    kind: Annotated[str | None, Keyword()] = None
    """What it is written on, such as `sign`, `title`, `credit` or `lower third`."""
