"""Hypothesis strategies for rows of any schema type, derived from its fields as everything else is."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any, ClassVar, Final, Literal

import numpy as np
from hypothesis import strategies as st

from watchdown_schemas.columns import Stamp
from watchdown_schemas.fields import Field, fields, has_vector
from watchdown_schemas.geometry import box, canonical
from watchdown_schemas.record import AlgorithmOutput, Record, TemporalSpatial
from watchdown_schemas.roles import (
    Attributes,
    Blob,
    Confidence,
    Entity,
    Geometry,
    Keyword,
    Language,
    Text,
    Time,
    Vector,
)
from watchdown_schemas.types import STANDARD_TYPES

DURATION: Final = 90 * 60 * 10**9
DIMENSION: Final = 4
STAMP: Final = Stamp(run=7, title="t", timeline="t.1", asset="video", algorithm="drawn", version="1.2.3")

Strategy = st.SearchStrategy
Row = dict[str, Any]


class Everything(TemporalSpatial, AlgorithmOutput):
    """Has a field of every kind and role."""

    key: ClassVar[tuple[str, ...]] = ("code", "count", "sure")

    code: Annotated[str, Keyword()]
    count: int
    sure: bool
    share: float = 0.5
    perhaps: float | None = None
    said: Annotated[str, Text(language="spoken")] = ""
    noted: Annotated[str | None, Text()] = None
    spoken: Annotated[str, Language()] = "und"
    tone: Annotated[Literal["high", "low"] | None, Keyword()] = None
    person: Annotated[str | None, Entity("person")] = None
    picture: Annotated[str | None, Blob()] = None
    words: Annotated[tuple[str, ...], Keyword()] = ()
    counts: tuple[int, ...] = ()
    shares: tuple[float, ...] | None = None
    begun_ns: Annotated[int | None, Time()] = None
    ended_ns: Annotated[int | None, Time(start="begun_ns")] = None
    vector: Annotated[tuple[float, ...], Vector(dimension=DIMENSION)]


TYPES: Final[Mapping[str, type[Record]]] = {**STANDARD_TYPES, "Everything": Everything}


def dimension_of(schema: type[Record]) -> int | None:
    """Return the length of a type's vectors in tests."""
    return DIMENSION if has_vector(schema) else None


letters = partial(st.characters, exclude_categories=("Cs", "Cc"))
keywords = st.text(letters(), max_size=20)
texts = st.text(letters(include_characters="\t\n"), max_size=40)
names = st.text(letters(), min_size=1, max_size=20)
ids = names.filter(lambda name: name == name.strip(" "))
languages = st.sampled_from(["und", "en", "pt-BR", "zh-Hant", "ja", "es-419", "fr-x-old"])
numbers = st.floats(allow_nan=False, allow_infinity=False)
whole = st.integers(-(2**63), 2**63 - 1)
moments = st.datetimes(datetime(1700, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - Hypothesis asks for bounds without a zone
attributes = st.dictionaries(names, st.one_of(keywords, numbers, moments), max_size=3)
_shapes = st.sampled_from(
    [
        "POINT (0.5 0.25)",
        "LINESTRING (0 0, 1 1)",
        "MULTILINESTRING ((0 0, 0.5 1), (1 0, 0.25 0.25))",
        "LINEARRING (0 0, 1 0, 0.5 1, 0 0)",
        "POLYGON ((0 0, 1 0, 0.5 1, 0 0))",
    ]
)
_edges = st.integers(0, 99)
_boxes = st.builds(
    lambda x, y, width, height: box(x / 200, y / 200, (x + width) / 200, (y + height) / 200),
    _edges,
    _edges,
    st.integers(1, 100),
    st.integers(1, 100),
)
geometries = st.one_of(_shapes.map(canonical), _boxes)


def vectors(size: int = DIMENSION) -> Strategy[list[float]]:
    """Return unit vectors as the numbers that float32 has."""
    ends = st.lists(st.integers(-9, 9), min_size=size, max_size=size).filter(any)
    return ends.map(lambda end: (np.array(end) / np.linalg.norm(end)).astype(np.float32).tolist())


def value(field: Field, size: int = DIMENSION) -> Strategy[Any]:
    """Return sound values of a field, times aside."""
    by_role: dict[type, Strategy[Any]] = {
        Attributes: attributes,
        Confidence: st.floats(0, 1),
        Language: languages,
        Geometry: geometries,
        Vector: vectors(size),
        Text: texts,
        Keyword: keywords,
        Blob: keywords,
    }
    entity = field.role(Entity)
    if entity:
        drawn: Strategy[Any] = ids if entity.kind else st.builds("{}:{}".format, st.just("person"), ids)
    elif field.among:
        drawn = st.sampled_from(field.among)
    else:
        by_kind = {str: texts, int: whole, float: numbers, bool: st.booleans(), dict: attributes}
        found = [by_role[type(role)] for role in field.roles if type(role) in by_role]
        drawn = [*found, by_kind[field.kind]][0]
    if field.many:
        drawn = st.lists(drawn, max_size=3)
    return st.one_of(st.none(), drawn) if field.optional else drawn


def row(schema: type[Record], duration_ns: int = DURATION, size: int = DIMENSION) -> Strategy[Row]:
    """Return rows that break no rule of their type; what the runtime stamps is left out."""
    plain = {
        field.name: value(field, size) for field in fields(schema) if not (field.stamped or field.role(Time))
    }
    return st.builds(operator.or_, _times(schema, duration_ns), st.fixed_dictionaries(plain))


@st.composite
def _times(draw: st.DrawFn, schema: type[Record], duration_ns: int) -> Row:
    drawn: Row = {}
    times = [(field, role) for field in fields(schema) if (role := field.role(Time))]
    starts = {role.start for _field, role in times}
    for field, role in times:
        start = drawn.get(role.start or "")
        low = 0 if start is None else start + 1
        moment = st.integers(low, duration_ns - (field.name in starts))
        drawn[field.name] = draw(st.one_of(st.none(), moment) if field.optional else moment)
    return drawn


def key_of(drawn: Mapping[str, Any], schema: type[Record]) -> tuple[Any, ...]:
    """Return the key of a row; an asset that it does not name is that of the stamp."""
    stamped = {"asset": STAMP.asset}
    return tuple(drawn[name] if name in drawn else stamped[name] for name in schema.key)


def rows(
    schema: type[Record],
    duration_ns: int = DURATION,
    size: int = DIMENSION,
    *,
    min_size: int = 0,
    max_size: int = 6,
) -> Strategy[list[Row]]:
    """Return rows that break no rule, no two of the same key."""
    return st.lists(
        row(schema, duration_ns, size),
        min_size=min_size,
        max_size=max_size,
        unique_by=lambda drawn: repr(key_of(drawn, schema)),
    )


def columns_of(given: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Return rows that have the same fields as columns."""
    return {name: [drawn[name] for drawn in given] for name in given[0]} if given else {}
