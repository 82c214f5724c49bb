"""Whether rows answer a filter: exact, over the columns of Arrow batches of one type."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from watchdown import where as w
from watchdown.stores.bounds import SIGNS, Leaf, OneOf, Test, floats, integers, moments, texts, truths
from watchdown_schemas.fields import fields
from watchdown_schemas.geometry import intersects
from watchdown_schemas.record import Record
from watchdown_schemas.roles import Attributes, Entity, Geometry, Vector

Bools: TypeAlias = NDArray[np.bool_]
TIMES = ("start_ns", "end_ns")


def attribute_fields(schema: type[Record]) -> list[str]:
    """Return the fields of a type that hold attributes."""
    return [field.name for field in fields(schema) if field.role(Attributes)]


def columns_of(where: w.Where | None, schema: type[Record]) -> list[str]:
    """Return the columns of a type that a filter reads."""
    known = fields(schema)
    match where:
        case None:
            found: list[str] = []
        case w.Entity():
            found = ["title", "asset", *(field.name for field in known if field.role(Entity))]
        case w.Intersects() | w.Inside():
            found = [field.name for field in known if field.role(Geometry)]
        case w.Overlaps() | w.During() | w.StartsIn():
            found = [name for name in TIMES if w.own_field(schema, name)]
        case w.Is() | w.In() | w.Range() | w.Exists():
            own = w.own_field(schema, where.field)
            found = [where.field] if own else attribute_fields(schema)
        case _:
            found = [name for part in where.parts for name in columns_of(part, schema)]
    return list(dict.fromkeys(found))


def answers(where: w.Where, batch: pa.RecordBatch, schema: type[Record]) -> Bools:
    """Return which rows [n] of a batch of a type answer a filter; the batch has its `columns_of`."""
    parts = [answers(part, batch, schema) for part in where.parts]
    match where:
        case w.All():
            return reduce(np.logical_and, parts, _all(batch))
        case w.Any():
            return reduce(np.logical_or, parts, _none(batch))
        case w.Not():
            return ~parts[0]
        case _:
            return _leaf(where, batch, schema)


def _leaf(where: w.Where, batch: pa.RecordBatch, schema: type[Record]) -> Bools:
    match where:
        case w.Entity():
            return _belongs(where, batch, schema)
        case w.Intersects() | w.Inside():
            return _lies(where, batch, schema)
        case w.Overlaps() | w.During() | w.StartsIn():
            return _happens(where, batch)
        case w.Is() | w.In() | w.Range():
            return _compares(where, batch, schema)
        case w.Exists():
            return _exists(where.field, batch, schema)
    raise AssertionError(where)


def values(name: str, batch: pa.RecordBatch, schema: type[Record]) -> Iterator[tuple[str, pa.Array, Any]]:
    """Yield what rows have under a name: its kind, the values [m], and for each the row that has it."""
    own = w.own_field(schema, name)
    if own is not None and not (own.role(Vector) or own.role(Attributes)):
        column = batch.column(name)
        at = pc.list_parent_indices(column).to_numpy() if own.many else None
        yield w.field_kind(own), pc.list_flatten(column) if own.many else column, at
    elif own is None:
        yield from _attributes(name, [batch.column(held) for held in attribute_fields(schema)])


def _attributes(name: str, columns: Sequence[pa.Array]) -> Iterator[tuple[str, pa.Array, Any]]:
    """Yield the values of attributes of a name, of each kind those that are or might have been."""
    chosen, rows = [], []
    for column in columns:
        flat = pc.list_flatten(column)
        at = np.flatnonzero(pc.equal(flat.field("name"), name).to_numpy(zero_copy_only=False))
        if len(at):
            chosen.append(flat.take(pa.array(at)))
            rows.append(pc.list_parent_indices(column).to_numpy()[at])
    if chosen:
        held, whose = pa.concat_arrays(chosen), np.concatenate(rows)
        for kind, member in (("text", "keyword"), ("number", "number"), ("moment", "time")):
            yield kind, held.field(member), whose


def _compares(where: Leaf, batch: pa.RecordBatch, schema: type[Record]) -> Bools:
    found = _none(batch)
    for kind, column, at in values(where.field, batch, schema):
        passed = _passes(where, kind, column)
        if at is None:
            found |= passed
        else:
            found[at[passed]] = True
    return found


def _passes(where: Leaf, kind: str, column: pa.Array) -> Bools:
    """Return which values [m] pass; null never does."""
    if kind == "text":
        return _bools(_text(texts(where), column))
    if kind == "moment":
        return _number(moments(where), column)
    if pa.types.is_boolean(column.type):
        return _bools(pc.is_in(column, pa.array(sorted(truths(where)), pa.bool_())))
    return _number(integers(where) if pa.types.is_integer(column.type) else floats(where), column)


def _text(test: Test[str], column: pa.Array) -> pa.Array:
    if isinstance(test, OneOf):
        return pc.is_in(column, pa.array(sorted(test.values), pa.string()))
    sign = {">=": pc.greater_equal, ">": pc.greater, "<=": pc.less_equal, "<": pc.less}
    passed = pc.is_valid(column)
    for way, bound in test.bounds:
        passed = pc.and_(passed, sign[way](column, bound))
    return passed


def _number(test: Test[Any], column: pa.Array) -> Bools:
    there = _bools(pc.is_valid(column))
    numbers = pc.fill_null(column, 0).to_numpy(zero_copy_only=False)
    if isinstance(test, OneOf):
        return there & np.isin(numbers, np.array(sorted(test.values), numbers.dtype))
    for sign, bound in test.bounds:
        there &= SIGNS[sign](numbers, bound)
    return there


def _exists(name: str, batch: pa.RecordBatch, schema: type[Record]) -> Bools:
    own = w.own_field(schema, name)
    if own is not None and own.role(Vector):
        return _bools(batch.column(name).is_valid())
    if own is not None and own.role(Attributes):
        return _bools(pc.greater(pc.list_value_length(batch.column(name)), 0))
    found = _none(batch)
    for _, column, at in values(name, batch, schema):
        there = _bools(column.is_valid())
        if at is None:
            found |= there
        else:
            found[at[there]] = True
    return found


def _happens(where: w.Overlaps | w.During | w.StartsIn, batch: pa.RecordBatch) -> Bools:
    if any(name not in batch.schema.names for name in TIMES[: 1 if isinstance(where, w.StartsIn) else 2]):
        return _none(batch)
    start, there = _times(batch, "start_ns")
    if isinstance(where, w.StartsIn):
        return there & (start >= where.start_ns) & (start < where.end)
    end, ends = _times(batch, "end_ns")
    there &= ends
    if isinstance(where, w.Overlaps):
        # Either it ends later, or it is a moment that starts no earlier.
        return there & (start < where.end) & ((end > where.start_ns) | (start >= where.start_ns))
    return there & (start >= where.start_ns) & (start < where.end) & (end <= where.end)


def _times(batch: pa.RecordBatch, name: str) -> tuple[NDArray[np.int64], Bools]:
    column = batch.column(name)
    return pc.fill_null(column, 0).to_numpy(zero_copy_only=False), _bools(column.is_valid())


def _belongs(where: w.Entity, batch: pa.RecordBatch, schema: type[Record]) -> Bools:
    kind, known_as = where.named
    found = _none(batch)
    if kind in ("title", "asset"):
        found |= _bools(pc.equal(batch.column(kind), known_as))
    for field in fields(schema):
        role = field.role(Entity)
        if role is not None and role.kind in (None, kind):
            named = w.Is(field=field.name, value=where.entity if role.kind is None else known_as)
            found |= _compares(named, batch, schema)
    return found


def _lies(where: w.Intersects | w.Inside, batch: pa.RecordBatch, schema: type[Record]) -> Bools:
    found = _none(batch)
    for field in fields(schema):
        if field.role(Geometry):
            column = batch.column(field.name)
            touching = intersects(column, where.wkt)
            found |= _covered(where.wkt, column, touching) if isinstance(where, w.Inside) else touching
    return found


def _covered(wkt: str, column: pa.Array, touching: Bools) -> Bools:
    """Return which geometries [n] of those that touch a region lie within it."""
    import shapely

    region = w.region(wkt)
    shapely.prepare(region)
    found = np.zeros(len(column), np.bool_)
    shapes = shapely.from_wkt(column.filter(pa.array(touching)).to_numpy(zero_copy_only=False))
    found[touching] = shapely.covers(region, shapes)
    return found


def _bools(column: pa.Array) -> Bools:
    found: Bools = pc.fill_null(column, False).to_numpy(zero_copy_only=False)  # noqa: FBT003 - pyarrow's
    return found


def _none(batch: pa.RecordBatch) -> Bools:
    return np.zeros(batch.num_rows, np.bool_)


def _all(batch: pa.RecordBatch) -> Bools:
    return np.ones(batch.num_rows, np.bool_)
