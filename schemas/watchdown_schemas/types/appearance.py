"""`Appearance`: a character or person on screen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from watchdown_schemas.record import AlgorithmOutput, TemporalSpatial
from watchdown_schemas.roles import Entity, Keyword, Time


class Appearance(TemporalSpatial, AlgorithmOutput):
    """A range in which somebody is on screen: a person, the character they play, or a face without a name.

    Face recognisers write them, with the `track` of each face; the title's cast list ties character and
    person together.
    """

    key: ClassVar[tuple[str, ...]] = ("start_ns", "person", "character", "track")
    example: ClassVar[Mapping[str, Any]] = {
        "start_ns": 61_000_000_000,
        "end_ns": 66_000_000_000,
        "person": "mina-rao",
        "character": "Ada",
        "track": "face-12",
        "geometry": "POLYGON ((0.4 0.1, 0.6 0.1, 0.6 0.5, 0.4 0.5, 0.4 0.1))",
        "confidence": 0.93,
    }

    start_ns: Annotated[int, Time()]
    """Where they come into the picture."""
    end_ns: Annotated[int, Time(start="start_ns")]
    """Where they leave it."""
    person: Annotated[str | None, Entity("person")] = None
    """Id of the person, as in the cast list."""
    character: Annotated[str | None, Keyword()] = None
    """The character, by the name in the cast list."""
    track: Annotated[str | None, Keyword()] = None
    """The same for all appearances of one face in a title, named or not."""
