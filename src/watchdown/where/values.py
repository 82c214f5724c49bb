"""The values that a filter compares with: text, numbers, truth and moments, each safe in JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from watchdown_schemas.errors import QueryError
from watchdown_schemas.faults import shown

ValueKind: TypeAlias = Literal["text", "number", "moment"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def value_kind(value: str | float | datetime) -> ValueKind:
    """Return what a value compares with; truth counts as the numbers 0 and 1, as in Python."""
    if isinstance(value, str):
        return "text"
    return "moment" if isinstance(value, datetime) else "number"


def moment_ns(moment: datetime) -> int:
    """Return a moment in nanoseconds since 1970, exactly."""
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 10**9 + since.microseconds * 1000


def _checked(value: Any) -> str | float | datetime:
    """Return a value that a filter may hold; numpy's numbers become Python's."""
    if isinstance(value, Mapping) and value.keys() == {"time"} and isinstance(value["time"], str):
        try:
            value = datetime.fromisoformat(value["time"])
        except ValueError:
            raise QueryError(
                shown(value["time"]), "is no moment", "Write 2026-01-31T12:00:00+00:00"
            ) from None
    if type(value).__module__ == "numpy":
        value = getattr(value, "item", lambda: value)()
    if isinstance(value, bool | int):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    if isinstance(value, str) and not any("\ud800" <= letter <= "\udfff" for letter in value):
        return str(value)
    remedy = "Give text, a finite number, True or False, or a datetime with its time zone"
    raise QueryError(shown(value), "is no value to compare with", remedy)


def _jsonable(value: str | float | datetime) -> Any:
    return {"time": value.isoformat()} if isinstance(value, datetime) else value


Value: TypeAlias = Annotated[
    str | bool | int | float | datetime,
    PlainValidator(_checked),
    PlainSerializer(_jsonable),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string"},
                {"type": "number"},
                {"type": "boolean"},
                {
                    "type": "object",
                    "properties": {"time": {"type": "string", "format": "date-time"}},
                    "required": ["time"],
                    "additionalProperties": False,
                },
            ]
        }
    ),
]
