"""`DialogueLine`: words spoken or shown as a subtitle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from watchdown_schemas.record import AlgorithmOutput, TemporalSpatial
from watchdown_schemas.roles import Keyword, Language, Text, Time


class DialogueLine(TemporalSpatial, AlgorithmOutput):
    """One line of dialogue in one language.

    Readers of subtitle files and speech recognisers write them; search by spoken words reads them. The
    title's cast list adds character and talent.
    """

    schema_version: ClassVar[int] = 2
    key: ClassVar[tuple[str, ...]] = ("asset", "line")
    example: ClassVar[Mapping[str, Any]] = {
        "start_ns": 61_500_000_000,
        "end_ns": 63_250_000_000,
        "line": 17,
        "text": "Nobody sails past the black rocks.",
        "language": "en",
        "kind": "dialogue",
        "speaker": "ADA",
        "character": "Ada",
        "talent": "Mina Rao",
        "raw": "<i>Nobody sails past the black rocks.</i>",
    }

    start_ns: Annotated[int, Time()]
    """Begin of the line."""
    end_ns: Annotated[int, Time(start="start_ns")]
    """End of the line."""
    line: int
    """Place in its track, from zero."""
    text: Annotated[str, Text(language="language")]
    """The words, without markup."""
    language: Annotated[str, Language()] = "und"
    """Language of the words."""
    kind: Annotated[str, Keyword()] = "dialogue"
    """What the line is: `dialogue`, `sound`, `description`, `chapter`, or what its source says."""
    speaker: Annotated[str | None, Keyword()] = None
    """Who speaks, as the source writes it."""
    character: Annotated[str | None, Keyword()] = None
    """The character who speaks, by the name in the cast list."""
    talent: Annotated[str | None, Keyword()] = None
    """The person who plays the character, by the name in the cast list."""
    raw: str | None = None
    """The line as its source has it, markup included."""
