"""What a filter means, written down once more over plain records: the truth that the stores are held to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import shapely

from watchdown import where as w
from watchdown_schemas.fields import fields
from watchdown_schemas.record import Record
from watchdown_schemas.roles import Attributes, Entity, Geometry

WITHOUT_VALUES = ("vector", "look", "attributes", "extra")


def kept(where: w.Where, row: Mapping[str, Any], schema: type[Record]) -> bool:
    """Whether a filter keeps a row."""
    parts = [kept(part, row, schema) for part in where.parts]
    match where:
        case w.All():
            return all(parts)
        case w.Any():
            return any(parts)
        case w.Not():
            return not parts[0]
        case _:
            return _leaf(where, row, schema)


def _leaf(where: w.Where, row: Mapping[str, Any], schema: type[Record]) -> bool:
    match where:
        case w.Overlaps() | w.During() | w.StartsIn():
            return _in_time(where, row.get("start_ns"), row.get("end_ns"))
        case w.Intersects() | w.Inside():
            return _in_space(where, row, schema)
        case w.Entity():
            return where.entity in set(_entities(row, schema))
        case w.Exists() if where.field in WITHOUT_VALUES and where.field in row:
            return bool(row[where.field])
        case w.Exists():
            return bool(list(held(where.field, row, schema)))
        case w.Is() | w.In() | w.Range():
            return any(_passes(where, value) for value in held(where.field, row, schema))
    raise AssertionError(where)


def _in_space(where: w.Intersects | w.Inside, row: Mapping[str, Any], schema: type[Record]) -> bool:
    region = shapely.from_wkt(where.wkt)
    texts = [row[field.name] for field in fields(schema) if field.role(Geometry) and row[field.name]]
    shapes = [shape for text in texts if (shape := shapely.from_wkt(text, on_invalid="ignore")) is not None]
    inside = isinstance(where, w.Inside)
    return any(region.covers(shape) if inside else region.intersects(shape) for shape in shapes)


def held(name: str, row: Mapping[str, Any], schema: type[Record]) -> Iterator[Any]:
    """Yield the values under a name; a moment is ("ns", number)."""
    own = {field.name: field for field in fields(schema)}
    if name in own:
        if name not in WITHOUT_VALUES:
            yield from (
                value for value in (row[name] if own[name].many else [row[name]]) or () if value is not None
            )
        return
    for field in own.values():
        for one in (row[field.name] or ()) if field.role(Attributes) else ():
            if one["name"] == name:
                plain = (
                    one["keyword"],
                    one["number"],
                    one["time"] if one["time"] is None else ("ns", one["time"]),
                )
                yield from (value for value in plain if value is not None)


def _entities(row: Mapping[str, Any], schema: type[Record]) -> Iterator[str]:
    yield from (f"title:{row['title']}", f"asset:{row['asset']}")
    for field in fields(schema):
        if role := field.role(Entity):
            names = row[field.name] if field.many else [row[field.name]]
            yield from (
                f"{role.kind}:{name}" if role.kind else name for name in names or () if name is not None
            )


def _in_time(where: Any, start: int | None, end: int | None) -> bool:
    """Compare nanosecond by nanosecond: all times in these tests are short."""
    asked = set(range(where.start_ns, max(where.end_ns, where.start_ns + 1)))
    if start is None:
        return False
    if isinstance(where, w.StartsIn):
        return start in asked
    if end is None:
        return False
    there = set(range(start, max(end, start + 1)))
    return bool(there & asked) if isinstance(where, w.Overlaps) else there <= asked


def _passes(where: w.Is | w.In | w.Range, value: Any) -> bool:
    if isinstance(where, w.Is | w.In):
        asked = (where.value,) if isinstance(where, w.Is) else where.values
        return value in [_plain(one) for one in asked]
    return all(_stands(sign, value, _plain(bound)) for sign, bound in where.bounds)


def _plain(asked: Any) -> Any:
    return ("ns", w.moment_ns(asked)) if isinstance(asked, datetime) else asked


def _stands(sign: str, value: Any, bound: Any) -> bool:
    alike = any(isinstance(value, kind) and isinstance(bound, kind) for kind in (str, tuple, (int, float)))
    return (
        alike
        and {
            ">=": lambda: value >= bound,
            ">": lambda: value > bound,
            "<=": lambda: value <= bound,
            "<": lambda: value < bound,
        }[sign]()
    )
