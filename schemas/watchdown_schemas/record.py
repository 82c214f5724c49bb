"""The base types that every schema type inherits, several at once."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict

from watchdown_schemas.roles import Confidence, Geometry, Keyword, Stamped, Time


class Record(BaseModel):
    """One immutable row that belongs to a timeline of a title.

    A schema type is a subclass; `key` names the fields that, within one run, tell its records apart,
    and `schema_version` rises with each change of the fields.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: ClassVar[int] = 1
    key: ClassVar[tuple[str, ...]] = ("start_ns",)

    id: Annotated[str, Keyword(), Stamped()] = ""
    run: Annotated[int, Stamped()] = 0
    title: Annotated[str, Keyword(), Stamped()] = ""
    timeline: Annotated[str, Keyword(), Stamped()] = ""
    asset: Annotated[str, Keyword(), Stamped()] = ""

    @classmethod
    def schema_label(cls) -> str:
        """Return the versioned name, such as `Shot.1`."""
        return f"{cls.__name__}.{cls.schema_version}"


class TemporalSpatial(Record):
    """Something with a place in time, in the picture, or both."""

    start_ns: Annotated[int | None, Time()] = None
    end_ns: Annotated[int | None, Time()] = None
    geometry: Annotated[str | None, Geometry()] = None


class AlgorithmOutput(Record):
    """Something an algorithm found."""

    label: Annotated[str | None, Keyword()] = None
    confidence: Annotated[float | None, Confidence()] = None
    algorithm: Annotated[str, Keyword(), Stamped()] = ""
    version: Annotated[str, Keyword(), Stamped()] = ""
