"""Corrections at work: what people said of single records, made again in whatever rows a run brings.

A correction finds its record by the type's key. Where that has moved, it is the record of the same name and
language, at the same place of the picture, that shares most of its time; none is better than a wrong one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import pyarrow as pa

from watchdown.catalogue.model import Correction
from watchdown_schemas.errors import RecordInvalid
from watchdown_schemas.fields import fields
from watchdown_schemas.geometry import intersects
from watchdown_schemas.record import Record
from watchdown_schemas.roles import Entity, Geometry, Keyword, Language

SAME: Final = 0.5  # intersection over union from which two ranges are the same thing
MARK: Final = "corrected_by"
Row = Mapping[str, Any]


def own_values(row: Row, schema: type[Record]) -> dict[str, Any]:
    """Return the values of a row without what the runtime stamps, but with its asset."""
    own = [field.name for field in fields(schema) if not field.stamped or field.name == "asset"]
    return {name: row[name] for name in own if name in row}


def as_json(values: Row) -> dict[str, Any]:
    """Return values as the database keeps them; RecordInvalid for one that JSON cannot hold."""

    def moment(value: object) -> dict[str, str]:
        if isinstance(value, datetime):
            return {"time": value.isoformat()}
        raise RecordInvalid("a correction", f"holds {type(value).__name__}", "Give text, numbers or moments")

    kept: dict[str, Any] = json.loads(json.dumps(values, default=moment))
    return kept


def from_json(values: Row, schema: type[Record]) -> dict[str, Any]:
    """Return values as records have them, of those fields that the type still has."""
    found = {field.name: values[field.name] for field in fields(schema) if field.name in values}
    if isinstance(held := found.get("attributes"), Mapping):
        found["attributes"] = {name: _attribute(value) for name, value in held.items()}
    return found


def _attribute(value: Any) -> Any:
    return datetime.fromisoformat(value["time"]) if isinstance(value, Mapping) else value


def apply(
    corrections: Sequence[Correction], rows: Sequence[Row], schema: type[Record]
) -> list[dict[str, Any]]:
    """Return rows with the corrections of their type made, oldest first; a record that is gone comes back."""
    result = [dict(row) for row in rows]
    for correction in (one for one in corrections if one.schema_type == schema.__name__):
        target = from_json(correction.target, schema)
        place = find(target, result, schema)
        if correction.changes is None:
            if place is not None:
                del result[place]
            continue
        found = result[place] if place is not None else {}
        changed = {**target, **found, **from_json(correction.changes, schema)}
        changed["attributes"] = {**(changed.get("attributes") or {}), MARK: correction.author}
        if place is None:
            result.append(changed)
        else:
            result[place] = changed
    return result


def find(target: Row, rows: Sequence[Row], schema: type[Record]) -> int | None:
    """Return the place of the record that is meant, None where no row is it for sure."""
    for place, row in enumerate(rows):
        if all(row.get(name) == target.get(name) for name in schema.key):
            return place
    alike = [place for place, row in enumerate(rows) if _alike(target, row, schema)]
    best = max(((_overlap(target, rows[place]), -place) for place in alike), default=(0.0, 0))
    return -best[1] if best[0] >= SAME else None


def _alike(target: Row, row: Row, schema: type[Record]) -> bool:
    """Whether two rows say the same of what they are, and share a place in the picture."""
    for field in fields(schema):
        one, other = target.get(field.name), row.get(field.name)
        named = field.role(Keyword) or field.role(Language) or field.role(Entity)
        if named and not field.stamped and one != other:
            return False
        if field.role(Geometry) and (one is None) != (other is None):
            return False
        if field.role(Geometry) and one is not None and not intersects(pa.array([other]), one)[0]:
            return False
    return True


def _overlap(one: Row, other: Row) -> float:
    """Return the intersection of two ranges over their union."""
    start, end = one.get("start_ns"), one.get("end_ns")
    other_start, other_end = other.get("start_ns"), other.get("end_ns")
    if start is None or end is None or other_start is None or other_end is None:
        return 0.0
    shared = min(end, other_end) - max(start, other_start)
    return float(max(0, shared) / max(1, max(end, other_end) - min(start, other_start)))
