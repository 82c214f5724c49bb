"""How long the vectors of rows are, where their type leaves it to the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Sized
from typing import Any

from watchdown_schemas.fields import vector_field
from watchdown_schemas.record import Record


def length_in(rows: Sequence[Record | Mapping[str, Any]], schema: type[Record]) -> int | None:
    """Return the commonest length of the vectors of rows; None where there is none, or the type has none."""
    field = vector_field(schema)
    if field is None:
        return None
    values = [row.get(field.name) if isinstance(row, Mapping) else getattr(row, field.name) for row in rows]
    lengths = [len(value) for value in values if isinstance(value, Sized) and len(value)]
    return max(sorted(set(lengths)), key=lengths.count) if lengths else None
