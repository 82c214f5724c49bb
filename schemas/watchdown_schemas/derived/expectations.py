"""The Great Expectations suite of a schema type, in that library's own JSON and made without it."""

from __future__ import annotations

import math
from typing import Any, Final, TypeAlias

from watchdown_schemas.quality import Bounds, Quality
from watchdown_schemas.record import Record

Suite: TypeAlias = dict[str, Any]

FORMAT: Final = "1.24.1"
"""The release of Great Expectations whose suite format this is; later 1.x read it too."""
_PARTS: Final = 10**12


def expectation_suite(schema: type[Record], quality: Quality) -> Suite:
    """Return the suite that judges the profile rows of a batch's titles, one row per title.

    The columns are those of `watchdown.validation.profile.Profile`. A measure is null for a title
    that has none, and passes then: Great Expectations judges what is there.
    """
    drift = quality.drift_max
    bounds: dict[str, Bounds | None] = {
        "rows_per_minute": quality.rows_per_minute,
        "coverage": quality.coverage,
        "confidence": quality.confidence,
        "vector_variance": _at_least(quality.vector_variance_min),
        "drift": None if drift is None else (0 - drift, drift),
    }
    judged = [_between(column, pair, quality) for column, pair in bounds.items() if pair is not None]
    if quality.empty_share_max is not None:
        judged.insert(0, _between("rows", (1, None), quality, mostly=_rest(quality.empty_share_max)))
    return {
        "name": schema.schema_label(),
        "id": None,
        "expectations": judged,
        "meta": {"great_expectations_version": FORMAT},
        "notes": None,
    }


def _at_least(low: float | None) -> Bounds | None:
    return None if low is None else (low, None)


def _rest(share: float) -> float:
    """Return 1 - share, never so much too high that a batch with exactly that share would fail."""
    return math.floor(round((1 - share) * _PARTS, 3)) / _PARTS


def _between(column: str, bounds: Bounds, quality: Quality, mostly: float = 1) -> dict[str, Any]:
    """Return the expectation that a share `mostly` of the titles has a column inside the bounds."""
    low, high = bounds
    kwargs: dict[str, Any] = {"column": column}
    if mostly < 1:
        kwargs["mostly"] = mostly
    if low is not None:
        kwargs["min_value"] = float(low)
    if high is not None:
        kwargs["max_value"] = float(high)
    return {
        "type": "expect_column_values_to_be_between",
        "kwargs": kwargs,
        "meta": {},
        "severity": quality.severity,
    }
