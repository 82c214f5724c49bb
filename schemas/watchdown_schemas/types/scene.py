"""`Scene`: shots that belong together because they play at one place and time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from watchdown_schemas.quality import Quality
from watchdown_schemas.record import AlgorithmOutput, TemporalSpatial
from watchdown_schemas.roles import Keyword, Language, Text, Time


class Scene(TemporalSpatial, AlgorithmOutput):
    """Consecutive shots that play at one place and time and tell one thing.

    A scene detector writes them from shots, dialogue and sound, or a script is aligned to the film. The
    scenes of a title do not overlap; what is no scene, such as credits, may be left out.
    """

    quality: ClassVar[Quality] = Quality(coverage=(0.5, 1), severity="warning")
    example: ClassVar[Mapping[str, Any]] = {
        "start_ns": 60_000_000_000,
        "end_ns": 154_000_000_000,
        "number": 1,
        "place": "INT. HARBOUR OFFICE - NIGHT",
        "summary": "Ada finds the log book and hides it from the harbour master.",
        "language": "en",
        "confidence": 0.8,
    }

    start_ns: Annotated[int, Time()]
    """Begin of the first shot."""
    end_ns: Annotated[int, Time(start="start_ns")]
    """End of the last shot."""
    number: int
    """Place in the title's list of scenes, from zero."""
    place: Annotated[str | None, Keyword()] = None
    """Where and when it plays, as the head of a scene in a script says it."""
    summary: Annotated[str | None, Text(language="language")] = None
    """What happens, in a sentence or two."""
    language: Annotated[str, Language()] = "und"
    """Language of the summary."""
