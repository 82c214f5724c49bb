"""`AudioEvent`: something that is heard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from watchdown_schemas.record import AlgorithmOutput, TemporalSpatial
from watchdown_schemas.roles import Keyword, Time


class AudioEvent(TemporalSpatial, AlgorithmOutput):
    """Something that is heard over a range: a dog, applause, a siren, music, or nothing at all.

    Sound taggers and detectors of speech, music and silence write them. The words that are spoken are
    DialogueLines.
    """

    key: ClassVar[tuple[str, ...]] = ("asset", "start_ns", "label")
    example: ClassVar[Mapping[str, Any]] = {
        "start_ns": 20_000_000_000,
        "end_ns": 21_500_000_000,
        "label": "ship horn",
        "kind": "effect",
        "confidence": 0.77,
    }

    start_ns: Annotated[int, Time()]
    """Where it begins to sound."""
    end_ns: Annotated[int, Time(start="start_ns")]
    """Where it ends."""
    label: Annotated[str, Keyword()]
    """What is heard."""
    kind: Annotated[Literal["speech", "music", "effect", "ambience", "silence"] | None, Keyword()] = None
    """What sort of sound it is."""
