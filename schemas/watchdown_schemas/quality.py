"""What a title's records of one schema type look like as a whole; Great Expectations judges batches by it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from watchdown_schemas.errors import SchemaInvalid

Bounds: TypeAlias = tuple[float | None, float | None]
Severity: TypeAlias = Literal["critical", "warning", "info"]

_BOUNDS: Final = ("rows_per_minute", "coverage", "confidence")
_HIGHEST: Final[Mapping[str, float]] = {
    "coverage": 1,
    "confidence": 1,
    "empty_share_max": 1,
    "vector_variance_min": 1,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Quality:
    """Bounds over the profile of each title of a batch; None is not judged.

    A title without any row counts in `empty_share_max` and `drift_max` alone. `severity` is what
    breaking a bound means, in the words of Great Expectations.
    """

    rows_per_minute: Bounds | None = None
    """Rows per minute of the title: least and most; None leaves a side open."""
    coverage: Bounds | None = None
    """Share of the title's duration that is inside the range of some row: least and most."""
    confidence: Bounds | None = None
    """Mean confidence: least and most."""
    empty_share_max: float | None = None
    """Share of the batch's titles that may be without any row."""
    vector_variance_min: float | None = None
    """Least variance of a title's unit vectors: 0 when all are equal, near 1 when they point everywhere."""
    drift_max: float | None = None
    """Most that the number of rows may differ from that of the active run, as a share of it."""
    severity: Severity = "critical"

    def __post_init__(self) -> None:
        for name in _BOUNDS:
            bounds = getattr(self, name)
            if bounds is not None:
                object.__setattr__(self, name, _bounds(name, bounds))
        for name in ("empty_share_max", "vector_variance_min", "drift_max"):
            value = getattr(self, name)
            if value is not None:
                _check(name, [value])


def _bounds(name: str, bounds: Bounds) -> Bounds:
    """Return bounds with each infinite side left open."""
    low, high = bounds
    low = None if low == -math.inf else low
    high = None if high == math.inf else high
    given = [side for side in (low, high) if side is not None]
    _check(name, given)
    if not given:
        raise _fault(name, "bounds nothing", "Leave it out, or say None.")
    if given != sorted(given):
        raise _fault(name, f"has its least, {low}, above its most, {high}", "Swap them.")
    return low, high


def _check(name: str, values: Iterable[float]) -> None:
    highest = _HIGHEST.get(name, math.inf)
    for value in values:
        if not (0 <= value <= highest and math.isfinite(value)):
            limit = f"between 0 and {highest:g}" if math.isfinite(highest) else "that is not below 0"
            raise _fault(name, f"is {value}", f"Give a number {limit}.")


def _fault(name: str, cause: str, remedy: str) -> SchemaInvalid:
    return SchemaInvalid(f"quality.{name}", cause, remedy)


def _unless_false(value: Any) -> Any:
    """TOML has no null: `coverage = false` says that it is not judged."""
    return None if value is False else value


_Float: TypeAlias = Annotated[float, Field(strict=True)]
_Number: TypeAlias = Annotated[_Float | None, BeforeValidator(_unless_false)]
_Pair: TypeAlias = Annotated[tuple[_Float | None, _Float | None] | None, BeforeValidator(_unless_false)]


class QualityOverride(BaseModel):
    """What an algorithm says otherwise than the schema type: `[quality.Shot]` with `coverage = [0.9, 1.0]`.

    Keys left out stay as the type has them; `false` turns one off; `[0.5, inf]` leaves a side open.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows_per_minute: _Pair = None
    coverage: _Pair = None
    confidence: _Pair = None
    empty_share_max: _Number = None
    vector_variance_min: _Number = None
    drift_max: _Number = None
    severity: Severity = "critical"

    @model_validator(mode="after")
    def _sound(self) -> QualityOverride:
        try:
            self.over(Quality())
        except SchemaInvalid as error:
            fault = f"{error.subject.removeprefix('quality.')} {error.cause}. {error.remedy}"
            raise ValueError(fault) from error
        return self

    def over(self, quality: Quality) -> Quality:
        """Return a type's quality with what is said here in its place."""
        return dataclasses.replace(quality, **{name: getattr(self, name) for name in self.model_fields_set})
