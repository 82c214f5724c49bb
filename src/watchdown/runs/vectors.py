"""How long the vectors of rows are, where their type leaves it to the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Sized
from typing import Any

from watchdown_schemas.fields import vector_field
from watchdown_schemas.record import Record
from watchdown_schemas.roles import Vector


def length_in(rows: Sequence[Record | Mapping[str, Any]], schema: type[Record]) -> int | None:
    """Return the commonest length of the vectors of rows; None where there is none, or the type has none."""
    field = vector_field(schema)
    if field is None:
        return None
    values = [row.get(field.name) if isinstance(row, Mapping) else getattr(row, field.name) for row in rows]
    lengths = [len(value) for value in values if isinstance(value, Sized) and len(value)]
    return max(sorted(set(lengths)), key=lengths.count) if lengths else None


def open_length(schema: type[Record]) -> bool:
    """Whether rows of a type hold vectors whose length it leaves to the model."""
    field = vector_field(schema)
    role = field.role(Vector) if field else None
    return role is not None and not role.dimension
