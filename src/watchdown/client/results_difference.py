"""What the comparison of two runs returns."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict


class _Result(BaseModel):
    model_config = ConfigDict(frozen=True)


class RecordDifference(_Result):
    """One record that differs, as an example. Times in ns, with time codes; None where there are none.

    `before_` is where it was in the first run, where it was in it; `fields` has values of before and after.
    """

    what: Literal["appeared", "vanished", "moved", "changed"]
    says: str
    start_ns: int | None = None
    end_ns: int | None = None
    timecode: str | None = None
    before_start_ns: int | None = None
    before_end_ns: int | None = None
    before_timecode: str | None = None
    fields: dict[str, tuple[Any, Any]] = {}


class VectorDifference(_Result):
    """How far vectors of the same records turned: cosines over so many pairs."""

    mean: float
    least: float
    pairs: int


class TypeDifference(_Result):
    """How the records of one schema type differ; `fields` counts the records in which each has changed."""

    schema_type: str
    before: int
    after: int
    same: int
    appeared: int
    vanished: int
    moved: int
    changed: int
    fields: dict[str, int]
    vectors: VectorDifference | None
    examples: tuple[RecordDifference, ...]


class RunDifference(_Result):
    """What changed from one run to another of the same title and algorithm."""

    before: int
    before_version: str
    after: int
    after_version: str
    title: str
    title_name: str
    algorithm: str
    types: tuple[TypeDifference, ...]
    notes: tuple[str, ...]
