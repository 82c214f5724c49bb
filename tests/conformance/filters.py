"""Types, rows and filters to prove stores with: few values, many collisions, every way of being missing."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import reduce
from operator import and_, or_
from typing import Annotated, Any, Final

import pyarrow as pa
from hypothesis import strategies as st
from pydantic import SkipValidation

from watchdown import where as w
from watchdown_schemas.arrow import STEMS, WORDS, arrow_schema
from watchdown_schemas.fields import Field, fields
from watchdown_schemas.record import AlgorithmOutput, AttributeValue, Record, TemporalSpatial
from watchdown_schemas.roles import Attributes, Entity, Geometry, Keyword, Role, Text, Vector
from watchdown_schemas.types import STANDARD_TYPES, DialogueLine, Embedding, Label, Shot

DIMENSION: Final = 4


class Goal(TemporalSpatial, AlgorithmOutput):
    """A type of a plugin with a field of every kind, and one text."""

    minute: int
    late: bool | None = None
    speed: float | None = None
    scorer: Annotated[str | None, Entity(kind="person")] = None
    assists: Annotated[tuple[str, ...], Entity(kind="person")] = ()
    about: Annotated[tuple[str, ...] | None, Entity()] = None
    numbers: tuple[int, ...] | None = None
    shares: tuple[float, ...] = ()
    order: Annotated[str, Keyword()] = ""
    comment: Annotated[str | None, Text(language="language")] = None
    language: str | None = None
    extra: Annotated[dict[str, AttributeValue], Attributes()] = {}  # noqa: RUF012 - Pydantic copies it


class Card(Record):
    """A type without times or label, and with two texts; `minute` is text, where a Goal's is a number."""

    key = ("minute",)

    minute: Annotated[str, Keyword()]
    reason: Annotated[str | None, Text()] = None
    appeal: Annotated[str | None, Text()] = None
    place: Annotated[str | None, Geometry()] = None


class Face(TemporalSpatial):
    """A type of a plugin that has vectors."""

    person: Annotated[str | None, Keyword()] = None
    look: Annotated[SkipValidation[Sequence[float]], Vector()]


CUSTOM: Final = (Goal, Card, Face)
TYPES: Final[Mapping[str, type[Record]]] = {**STANDARD_TYPES, **{one.__name__: one for one in CUSTOM}}
FILTERED: Final = (Label, DialogueLine, Shot, Embedding, Goal, Card, Face)

TEXTS: Final = (
    "",
    "car",
    "Car",
    "it's",
    'a "b"',
    "back\\slash",
    "new\nline",
    "naïve ü 猫 🐈",
    "%_",
    "1",
    "x" * 150,
)
INTEGERS: Final = (0, 1, 2, -1, 2**53, 2**53 + 1, -(2**63), 2**63 - 1)
FLOATS: Final = (0.0, -0.0, 0.1, 0.5, 1.0, 2.0, -1.5, 1e-300, 1e300, 5e-324, float(2**53))
STORED_FLOATS: Final = (*FLOATS, float("nan"), float("inf"), float("-inf"))
MOMENTS: Final = tuple(datetime(year, 1, 2, 3, 4, 5, micro, UTC) for year in (1969, 2026) for micro in (0, 1))
NAMES: Final = ("mood", "minute", "label", "a=b", "a", "Größe", "it's", "comment", "language", "type")
PEOPLE: Final = ("ada", "bo", "it's", "a:b")
ENTITIES: Final = ("person:ada", "person:bo", "season:s1", "title:t1", "person:it's", "person:a:b")
SHAPES: Final = (
    "POINT (0.2 0.2)",
    "POLYGON ((0.1 0.1, 0.3 0.1, 0.3 0.3, 0.1 0.3, 0.1 0.1))",
    "LINESTRING (0 0.5, 1 0.5)",
    "POLYGON ((0.6 0.6, 1 0.6, 1 1, 0.6 0.6))",
)
REGIONS: Final = (*SHAPES, "POLYGON ((0 0, 0.5 0, 0.5 0.5, 0 0.5, 0 0))", "POINT (0.9 0.1)")
LABELS: Final = ("car", "bus", "it's", "", "猫")
TIMES: Final = (0, 1, 5, 10, 11)


def _attributes(dice: random.Random) -> list[dict[str, Any]]:
    """Draw attributes as Arrow has them; a name may come twice."""
    drawn = []
    for _ in range(dice.choice([0, 0, 1, 2, 3])):
        one: dict[str, Any] = {"name": dice.choice(NAMES), "keyword": None, "number": None, "time": None}
        kind = dice.choice(["keyword", "number", "time", "nothing"])
        if kind == "keyword":
            one["keyword"] = dice.choice(TEXTS)
        elif kind == "number":
            one["number"] = dice.choice(STORED_FLOATS)
        elif kind == "time":
            one["time"] = w.moment_ns(dice.choice(MOMENTS))
        drawn.append(one)
    return drawn


_BY_ROLE: Final[Mapping[type[Role], Sequence[Any]]] = {Geometry: (*SHAPES, "broken"), Entity: ENTITIES}
_BY_KIND: Final[Mapping[type, Sequence[Any]]] = {
    str: TEXTS,
    int: INTEGERS,
    float: STORED_FLOATS,
    bool: (True, False),
}


def _value(field: Field, dice: random.Random) -> Any:
    if field.role(Attributes):
        return _attributes(dice)
    if field.role(Vector):
        return [1.0, *([0.0] * (DIMENSION - 1))]
    if field.optional and dice.random() < 0.3:
        return None
    pool = _pool(field)
    return [dice.choice(pool) for _ in range(dice.choice([0, 1, 1, 2]))] if field.many else dice.choice(pool)


def _pool(field: Field) -> Sequence[Any]:
    entity = field.role(Entity)
    named = {"start_ns": TIMES, "end_ns": TIMES, "label": LABELS}
    if field.name in named or (entity and entity.kind):
        return named.get(field.name, PEOPLE)
    by_role = (_BY_ROLE[type(role)] for role in field.roles if type(role) in _BY_ROLE)
    return next(by_role, _BY_KIND[field.kind])


def rows_of(schema: type[Record], run: int, count: int, seed: int = 0) -> pa.RecordBatch:
    """Draw rows of a run in the type's own layout."""
    dice = random.Random(f"{schema.__name__} {run} {seed}")
    drawn = []
    for number in range(count):
        row = {field.name: _value(field, dice) for field in fields(schema)}
        row |= {"id": f"{schema.__name__}-{run}-{number}", "type": schema.schema_label(), "run": run}
        row |= {"title": f"t{run}", "timeline": f"t{run}.1", "asset": dice.choice(["a1", "a2"])}
        for field in fields(schema):
            if field.role(Text):
                said = row[field.name]
                row |= {field.name + suffix: said and said.lower() for suffix in (WORDS, STEMS)}
        drawn.append(row)
    return pa.RecordBatch.from_pylist(drawn, schema=arrow_schema(schema, DIMENSION))


_FIELDS: Final = sorted(
    {field.name for schema in FILTERED for field in fields(schema)}
    - {"look", "vector", "attributes", "extra", "id"}
)

names = st.sampled_from([*_FIELDS, *NAMES, *NAMES, "extra", "nothing"])
values: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from((*TEXTS, *LABELS, *PEOPLE, *ENTITIES, "t1", "a1")),
    st.sampled_from((*INTEGERS, -(2**64), 2**64, 10**400)),
    st.sampled_from(FLOATS),
    st.booleans(),
    st.sampled_from(MOMENTS),
)
_spans = st.tuples(st.sampled_from(TIMES), st.sampled_from(TIMES)).map(sorted)


@st.composite
def _ranges(draw: st.DrawFn) -> w.Where:
    pool = draw(st.sampled_from([TEXTS, (*INTEGERS, *FLOATS, 2**64, -(2**64)), MOMENTS]))
    bounds = {"at_least": None, "above": None, "at_most": None, "below": None}
    for name in draw(st.sets(st.sampled_from([*bounds]), min_size=1, max_size=2)):
        bounds[name] = draw(st.sampled_from(pool))
    return w.Range(field=draw(names), **bounds)


leaves: st.SearchStrategy[w.Where] = st.one_of(
    st.builds(lambda name, value: w.Is(field=name, value=value), names, values),
    st.builds(lambda name, some: w.In(field=name, values=tuple(some)), names, st.lists(values, max_size=5)),
    _ranges(),
    st.builds(lambda name: w.Exists(field=name), names),
    _spans.map(lambda span: w.Overlaps(start_ns=span[0], end_ns=span[1])),
    _spans.map(lambda span: w.During(start_ns=span[0], end_ns=span[1])),
    _spans.map(lambda span: w.StartsIn(start_ns=span[0], end_ns=span[1])),
    st.sampled_from(REGIONS).map(lambda wkt: w.Intersects(wkt=wkt)),
    st.sampled_from(REGIONS).map(lambda wkt: w.Inside(wkt=wkt)),
    st.sampled_from((*ENTITIES, "asset:a1", "title:t2")).map(lambda entity: w.Entity(entity=entity)),
)
trees: st.SearchStrategy[w.Where] = st.recursive(
    leaves,
    lambda below: st.one_of(
        below.map(lambda one: ~one),
        st.lists(below, max_size=3).map(lambda some: reduce(and_, some, w.All(of=()))),
        st.lists(below, max_size=3).map(lambda some: reduce(or_, some, w.Any(of=()))),
    ),
    max_leaves=6,
)
