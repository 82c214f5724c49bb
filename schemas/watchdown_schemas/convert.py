"""One column of values into Arrow: what does not fit is told row by row, never cut or guessed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
import pyarrow as pa

from watchdown_schemas.casting import cast
from watchdown_schemas.errors import RecordInvalid
from watchdown_schemas.faults import Fault, shown
from watchdown_schemas.fields import Field
from watchdown_schemas.roles import Attributes, Vector
from watchdown_schemas.vectors import vectors

Columns = tuple[pa.Array, list[Fault]]
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LARGEST: Final = 2**63
_NAMES: Final = {
    str: "text",
    int: "a whole number of 64 bits",
    float: "a number of 64 bits",
    bool: "true or false",
}
_PARTS: Final[Mapping[str, type]] = {"name": str, "keyword": str, "number": float, "time": int}


def convert(values: Any, field: Field, target: pa.DataType) -> Columns:
    """Return a column of a field as Arrow, with the faults of rows that do not fit; these are null.

    `values` is an Arrow array, a numpy array or a sequence.

    Raises:
        RecordInvalid: for an Arrow or numpy column of another type altogether, one whose buffers are
            broken, or one of more than 2 GiB.
    """
    column, faults = _converted(values, field, target)
    if isinstance(column, pa.ChunkedArray):
        raise RecordInvalid(field.name, "holds more than 2 GiB", "Write fewer rows at a time.")
    return column, faults


def _converted(values: Any, field: Field, target: pa.DataType) -> Columns:
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    if field.role(Vector):
        return vectors(values, field, target.list_size)
    if isinstance(values, np.ndarray) and values.dtype != object and values.ndim == 1:
        values = _from_numpy(values, field, target)
    if isinstance(values, pa.Array | pa.ChunkedArray):
        column, faults, rest = cast(values, field, target)
        if field.role(Attributes) and rest is None and column.flatten().flatten()[0].null_count:
            rest = column.to_pylist()  # an attribute has no name
        if rest is None:
            return column, faults
        column, further = _each(rest, field, target)
        return column, [*faults, *further]
    simple = not (field.many or field.role(Attributes))
    if simple and set(map(type, values)) <= {field.kind, type(None)}:
        try:
            return pa.array(values, target), []
        except (pa.ArrowInvalid, OverflowError, UnicodeError):
            pass  # told value by value below
    return _each(values, field, target)


def constant(value: Any, field: Field, target: pa.DataType, rows: int) -> pa.Array:
    """Return a column that has the same value in each row, such as a field's default."""
    if value is None:
        return pa.nulls(rows, target)
    if pa.types.is_list(target) and not value:
        starts = pa.array(np.zeros(rows + 1, np.int32))
        return pa.ListArray.from_arrays(starts, pa.array([], target.value_type), type=target)
    column, faults = convert([value], field, target)
    if faults:
        raise RecordInvalid(
            field.name, f"has the default {faults[0].value}, which {faults[0].rule}", "Mend it."
        )
    return pa.repeat(column[0], rows)


def _from_numpy(values: np.ndarray[Any, Any], field: Field, target: pa.DataType) -> pa.Array:
    try:
        return pa.array(values)
    except pa.ArrowException as error:
        cause = f"is a numpy column of type {values.dtype}, not {target}"
        raise RecordInvalid(field.name, cause, "Convert it first.") from error


def _each(values: Iterable[Any], field: Field, target: pa.DataType) -> Columns:
    """Convert value by value."""
    read = _reader(field)
    found: list[Any] = []
    faults = []
    for row, value in enumerate(values):
        try:
            found.append(None if value is None else read(value))
        except (TypeError, ValueError, OverflowError):
            found.append(None)
            faults.append(Fault(row, field.name, shown(value), f"is not {_meaning(field)}"))
    return pa.array(found, target), faults


def _reader(field: Field) -> Callable[[Any], Any]:
    """Return what reads one value; it raises TypeError, ValueError or OverflowError where it is none."""
    if field.role(Attributes):
        return _attributes
    if field.many:
        return lambda value: _several(value, field.kind)
    return lambda value: _plain(value, field.kind)


def _meaning(field: Field) -> str:
    if field.role(Attributes):
        return "a mapping of names to text, numbers or moments with a time zone"
    return f"a list of {_NAMES[field.kind]}" if field.many else _NAMES[field.kind]


def _plain(value: Any, kind: type) -> Any:
    """Return one value as its field holds it."""
    if isinstance(value, np.generic):
        value = value.item()
    if kind is str:
        if not isinstance(value, str):
            raise TypeError
        value.encode()  # a lone surrogate is no text
        return value
    if kind is bool or isinstance(value, bool):
        if kind is bool and isinstance(value, bool):
            return value
        raise TypeError
    if kind is int:
        if not isinstance(value, int) or not -_LARGEST <= value < _LARGEST:
            raise TypeError
        return value
    if not isinstance(value, int | float) or (isinstance(value, int) and int(float(value)) != value):
        raise TypeError  # a whole number that a float would change is no such number
    return float(value)


def _several(value: Any, kind: type) -> list[Any]:
    if isinstance(value, str | bytes | Mapping | set | frozenset):  # a set has no order to keep
        raise TypeError
    return [_plain(item, kind) for item in value]


def _attributes(value: Any) -> list[dict[str, Any]]:
    """Return attributes, given by name or in their Arrow form, in the latter."""
    if isinstance(value, Mapping):
        return [_attribute(_plain(name, str), item) for name, item in value.items()]
    if isinstance(value, list):
        return [_in_parts(item) for item in value]
    raise TypeError


def _attribute(name: str, value: Any) -> dict[str, Any]:
    held: dict[str, Any] = dict.fromkeys(_PARTS) | {"name": name}
    if isinstance(value, str):
        held["keyword"] = _plain(value, str)
    elif isinstance(value, datetime):
        held["time"] = _plain(_nanoseconds(value), int)
    else:
        held["number"] = _plain(float(value) if isinstance(value, bool) else value, float)
    return held


def _in_parts(value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping) or not {"name"} <= value.keys() <= _PARTS.keys():
        raise TypeError
    given = {part: held for part, held in value.items() if held is not None or part == "name"}
    return dict.fromkeys(_PARTS) | {part: _plain(held, _PARTS[part]) for part, held in given.items()}


def _nanoseconds(moment: datetime) -> int:
    if moment.tzinfo is None:
        raise ValueError
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 10**9 + since.microseconds * 1000


def attributes_of(stored: Sequence[Mapping[str, Any]] | None) -> dict[str, str | float | datetime]:
    """Return the attributes of a record from their Arrow form."""
    found: dict[str, str | float | datetime] = {}
    for one in stored or ():
        if one["time"] is not None:
            seconds, nanoseconds = divmod(one["time"], 10**9)
            found[one["name"]] = datetime.fromtimestamp(seconds, UTC).replace(microsecond=nanoseconds // 1000)
        else:
            found[one["name"]] = one["keyword"] if one["keyword"] is not None else one["number"]
    return found
