"""Corrections at work: what people said of single records, made again in whatever rows a run brings.

A correction finds its record by the type's key; where that has moved, by the greatest overlap in time.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from watchdown.catalogue.corrections import Correction
from watchdown_schemas.fields import fields
from watchdown_schemas.record import Record

SAME: Final = 0.5  # intersection over union from which two ranges are the same thing
MARK: Final = "corrected_by"
Row = Mapping[str, Any]


def own_values(row: Row, schema: type[Record]) -> dict[str, Any]:
    """Return the values of a row without what the runtime stamps, but with its asset."""
    own = [field.name for field in fields(schema) if not field.stamped or field.name == "asset"]
    return {name: row[name] for name in own if name in row}


def as_json(values: Row) -> dict[str, Any]:
    """Return values as the database keeps them; moments become text."""
    kept: dict[str, Any] = json.loads(json.dumps(values, default=str))
    return kept


def apply(
    corrections: Sequence[Correction], rows: Sequence[Row], schema: type[Record]
) -> list[dict[str, Any]]:
    """Return rows with corrections made, oldest first; a record that is gone comes back as corrected."""
    result = [dict(row) for row in rows]
    for correction in corrections:
        place = _find(correction.target, result, schema)
        if correction.changes is None:
            if place is not None:
                del result[place]
            continue
        found = result[place] if place is not None else {}
        changed = {**correction.target, **found, **correction.changes}
        changed["attributes"] = {**(changed.get("attributes") or {}), MARK: correction.author}
        if place is None:
            result.append(changed)
        else:
            result[place] = changed
    return result


def _find(target: Row, rows: Sequence[Row], schema: type[Record]) -> int | None:
    for place, row in enumerate(rows):
        if all(row.get(name) == target.get(name) for name in schema.key):
            return place
    overlaps = [(_overlap(target, row), -place) for place, row in enumerate(rows)]
    best = max(overlaps, default=(0.0, 0))
    return -best[1] if best[0] >= SAME else None


def _overlap(one: Row, other: Row) -> float:
    """Return the intersection of two ranges over their union."""
    start, end = one.get("start_ns"), one.get("end_ns")
    other_start, other_end = other.get("start_ns"), other.get("end_ns")
    if start is None or end is None or other_start is None or other_end is None:
        return 0.0
    shared = min(end, other_end) - max(start, other_start)
    return float(max(0, shared) / max(1, max(end, other_end) - min(start, other_start)))
