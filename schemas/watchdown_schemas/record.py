"""The base types that every schema type inherits, several at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar, Final, TypeAlias

from pydantic import BaseModel, ConfigDict

from watchdown_schemas.quality import Quality
from watchdown_schemas.roles import Attributes, Confidence, Entity, Geometry, Keyword, Stamped, Time

AttributeValue: TypeAlias = str | float | datetime
Upgrade: TypeAlias = Callable[[Mapping[str, Any]], Mapping[str, Any]]


class Record(BaseModel):
    """One immutable row that belongs to a timeline of a title.

    A schema type is a subclass. `key` names the fields that, within one run, tell its records apart;
    `schema_version` rises with each change of the fields, and `upgrades` has, by version, the step that
    turns a row of that version into one of the next; without a step, new fields take their defaults.
    `quality` says what a title's records of the type look like as a whole, `example` shows one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    schema_version: ClassVar[int] = 1
    key: ClassVar[tuple[str, ...]] = ("start_ns",)
    upgrades: ClassVar[Mapping[int, Upgrade]] = {}
    quality: ClassVar[Quality] = Quality()
    example: ClassVar[Mapping[str, Any]] = {}

    id: Annotated[str, Keyword(), Stamped()] = ""
    """Hash of run, schema type and key: the same record has the same id, however often it is written."""
    type: Annotated[str, Keyword(), Stamped()] = ""
    """The versioned name of the record's schema type, such as `Shot.2`."""
    run: Annotated[int, Stamped()] = 0
    """Number of the run that wrote the record."""
    title: Annotated[str, Keyword(), Stamped()] = ""
    """Id of the title."""
    timeline: Annotated[str, Keyword(), Stamped()] = ""
    """Id of the timeline on which times are counted."""
    asset: Annotated[str, Keyword(), Stamped()] = ""
    """Id of the asset that the record was made from."""
    entities: Annotated[tuple[str, ...], Entity()] = ()
    """What else the record belongs to, each as `kind:id`: `person:ada`, `season:s1`, `image:poster`."""
    attributes: Annotated[dict[str, AttributeValue], Attributes()] = {}
    """Named values beyond the fields of the type."""

    @classmethod
    def schema_label(cls) -> str:
        """Return the versioned name, such as `Shot.1`."""
        return f"{cls.__name__}.{cls.schema_version}"


class TemporalSpatial(Record):
    """Something with a place in time, in the picture, or both."""

    start_ns: Annotated[int | None, Time()] = None
    """Begin on the timeline, in nanoseconds."""
    end_ns: Annotated[int | None, Time(start="start_ns")] = None
    """End on the timeline in nanoseconds, itself no longer part of the range."""
    geometry: Annotated[str | None, Geometry()] = None
    """Place in the picture: WKT in fractions of the frame, origin top left."""
    frame_width: int | None = None
    """Width in pixels of the frame that the geometry was normalised to."""
    frame_height: int | None = None
    """Height in pixels of the frame that the geometry was normalised to."""


class AlgorithmOutput(Record):
    """Something an algorithm found."""

    label: Annotated[str | None, Keyword()] = None
    """What was found."""
    confidence: Annotated[float | None, Confidence()] = None
    """How sure the algorithm is, in [0, 1]."""
    algorithm: Annotated[str, Keyword(), Stamped()] = ""
    """Name of the algorithm."""
    version: Annotated[str, Keyword(), Stamped()] = ""
    """Version of the algorithm."""


BASE_TYPES: Final[Mapping[str, type[Record]]] = {
    cls.__name__: cls for cls in (Record, TemporalSpatial, AlgorithmOutput)
}
