"""`DialogueLine`: words spoken or shown as a subtitle."""

from __future__ import annotations

from typing import Annotated, ClassVar

from watchdown_schemas.record import AlgorithmOutput, TemporalSpatial
from watchdown_schemas.roles import Keyword, Language, Text, Time


class DialogueLine(TemporalSpatial, AlgorithmOutput):
    """One line in one language; `line` counts the lines of its track."""

    key: ClassVar[tuple[str, ...]] = ("asset", "line")

    start_ns: Annotated[int, Time()]
    end_ns: Annotated[int, Time()]
    line: int
    text: Annotated[str, Text(language="language")]
    language: Annotated[str, Language()] = "und"
    kind: Annotated[str, Keyword()] = "dialogue"
    speaker: Annotated[str | None, Keyword()] = None
    character: Annotated[str | None, Keyword()] = None
    talent: Annotated[str | None, Keyword()] = None
    raw: str | None = None
