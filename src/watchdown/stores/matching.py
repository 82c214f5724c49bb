"""Whether a row answers a filter: plain Python, row by row; the reference for vectorised stores."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias

from watchdown import where as w
from watchdown.where.values import ValueKind, value_kind
from watchdown_schemas.errors import RecordInvalid
from watchdown_schemas.fields import fields
from watchdown_schemas.geometry import parse
from watchdown_schemas.record import Record
from watchdown_schemas.roles import Attributes, Entity, Geometry, Vector

Row: TypeAlias = Mapping[str, Any]
Known: TypeAlias = tuple[
    ValueKind, Any
]  # a value that compares with others of its kind; moments in nanoseconds

_SIGNS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "<": operator.lt,
}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def matches(where: w.Where | None, row: Row, schema: type[Record]) -> bool:
    """Whether a row, a mapping by the columns of its type's Arrow schema, answers a filter."""
    match where:
        case None:
            return True
        case w.All():
            return all(matches(part, row, schema) for part in where.of)
        case w.Any():
            return any(matches(part, row, schema) for part in where.of)
        case w.Not():
            return not matches(where.of, row, schema)
        case _:
            return _answers(where, row, schema)


def _answers(where: w.Where, row: Row, schema: type[Record]) -> bool:
    """Whether a row answers a leaf."""
    match where:
        case w.Entity():
            return _belongs(where, row, schema)
        case w.Intersects() | w.Inside():
            return _lies(where, row, schema)
        case w.Overlaps() | w.During() | w.StartsIn():
            return _happens(where, row)
        case w.Exists():
            return _exists(where.field, row, schema)
        case w.Is() | w.In() | w.Range():
            return any(_fits(where, value) for value in values_of(where.field, row, schema))
    raise AssertionError(where)


def values_of(name: str, row: Row, schema: type[Record]) -> list[Known]:
    """Return what a row has under the name of a field, or else of an attribute."""
    own = w.own_field(schema, name)
    if own is None:
        return list(_attributes(name, row, schema))
    if own.role(Vector) or own.role(Attributes) or row.get(name) is None:
        return []
    found = row[name] if own.many else [row[name]]
    return [_known(value) for value in found if value is not None]


def shown(value: Known) -> w.Value:
    """Return a value as people see it: moments as a datetime, to the microsecond."""
    kind, known = value
    return _EPOCH + timedelta(microseconds=known // 1000) if kind == "moment" else known


def _known(value: Any) -> Known:
    kind = value_kind(value)
    return kind, w.moment_ns(value) if kind == "moment" else value


def _attributes(name: str, row: Row, schema: type[Record]) -> Iterator[Known]:
    for field in fields(schema):
        if field.role(Attributes):
            for one in row.get(field.name) or ():
                if one["name"] == name:
                    if one["keyword"] is not None:
                        yield "text", one["keyword"]
                    if one["number"] is not None:
                        yield "number", one["number"]
                    if one["time"] is not None:
                        yield "moment", one["time"]


def _exists(name: str, row: Row, schema: type[Record]) -> bool:
    own = w.own_field(schema, name)
    if own and (own.role(Vector) or own.role(Attributes)):
        return bool(row.get(name))
    return bool(values_of(name, row, schema))


def _fits(where: w.Is | w.In | w.Range, value: Known) -> bool:
    if isinstance(where, w.Is):
        return value == _known(where.value)
    if isinstance(where, w.In):
        return any(value == _known(one) for one in where.values)
    kind, known = value
    bounds = [(sign, _known(bound)) for sign, bound in where.bounds]
    return all(kind == of and _SIGNS[sign](known, bound) for sign, (of, bound) in bounds)


def _happens(where: w.Overlaps | w.During | w.StartsIn, row: Row) -> bool:
    start, end = row.get("start_ns"), row.get("end_ns")
    if start is None:
        return False
    if isinstance(where, w.StartsIn):
        return bool(where.start_ns <= start < where.end)
    if end is None:
        return False
    end = max(end, start + 1)  # a record of no length is a moment, one nanosecond long
    if isinstance(where, w.Overlaps):
        return bool(start < where.end and where.start_ns < end)
    return bool(where.start_ns <= start and end <= where.end)


def _belongs(where: w.Entity, row: Row, schema: type[Record]) -> bool:
    kind, known_as = where.named
    if kind in ("title", "asset") and row[kind] == known_as:
        return True
    for field in fields(schema):
        if role := field.role(Entity):
            held = row.get(field.name)
            named = held if field.many else [held]
            if role.kind is None and where.entity in (named or ()):
                return True
            if role.kind == kind and known_as in (named or ()):
                return True
    return False


def _lies(where: w.Intersects | w.Inside, row: Row, schema: type[Record]) -> bool:
    shapes = [row[field.name] for field in fields(schema) if field.role(Geometry) and row.get(field.name)]
    region = parse(where.wkt)
    return any(_touches(region, wkt, inside=isinstance(where, w.Inside)) for wkt in shapes)


def _touches(region: Any, wkt: str, *, inside: bool) -> bool:
    try:
        shape = parse(wkt)
    except RecordInvalid:
        return False
    return bool(region.covers(shape) if inside else region.intersects(shape))
