"""`Note`: a person's own mark."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from watchdown_schemas.record import AlgorithmOutput, TemporalSpatial
from watchdown_schemas.roles import Keyword, Language, Text, Time

# Those of OpenTimelineIO's markers, so that notes keep their colour on the way into an edit.
Colour: TypeAlias = Literal[
    "red", "pink", "orange", "yellow", "green", "cyan", "blue", "purple", "magenta", "black", "white"
]


class Note(TemporalSpatial, AlgorithmOutput):
    """What a person marks in a title: a range, words about it, and a shape drawn on the frame if they like.

    Editors write them, not algorithms. Each save is a run of its own, so that every earlier revision can
    be had; search finds the newest.
    """

    key: ClassVar[tuple[str, ...]] = ("note",)
    example: ClassVar[Mapping[str, Any]] = {
        "start_ns": 61_000_000_000,
        "end_ns": 66_000_000_000,
        "note": "k3v7q2",
        "revision": 1,
        "author": "june",
        "text": "Best take of the harbour at night. Mind the boom at the top.",
        "language": "en",
        "colour": "green",
        "geometry": "POLYGON ((0.4 0, 0.6 0, 0.6 0.1, 0.4 0.1, 0.4 0))",
        "entities": ["person:mina-rao"],
    }

    start_ns: Annotated[int, Time()]
    """Begin of what is marked."""
    end_ns: Annotated[int, Time(start="start_ns")]
    """End of what is marked."""
    note: Annotated[str, Keyword()]
    """Id of the note, the same in all its revisions."""
    revision: int = 0
    """How often it was changed."""
    author: Annotated[str, Keyword()]
    """Who wrote this revision."""
    text: Annotated[str, Text(language="language")] = ""
    """The words; empty where the mark or the shape says it all."""
    language: Annotated[str, Language()] = "und"
    """Language of the words."""
    colour: Annotated[Colour | None, Keyword()] = None
    """Colour of the mark on a time line."""
