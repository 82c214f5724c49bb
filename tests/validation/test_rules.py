"""The vectorised rules against a plain reference that reads one row after another."""

from __future__ import annotations

import math
import unicodedata
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.strategies import DIMENSION, STAMP, TYPES, Everything, dimension_of, key_of, rows
from watchdown.validation.attributes import NAME_LIMIT
from watchdown.validation.check import DUPLICATE, Check
from watchdown.validation.rules import KEYWORD_LIMIT
from watchdown_schemas.columns import TEXT_LIMIT
from watchdown_schemas.errors import RecordInvalid
from watchdown_schemas.fields import Field, fields
from watchdown_schemas.geometry import parse
from watchdown_schemas.language import is_language
from watchdown_schemas.record import Record
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
from watchdown_schemas.rows import from_rows
from watchdown_schemas.types import Detection, DialogueLine, Label

DURATION: Final = 1000
SOME_TYPES: Final = [Everything, Detection, DialogueLine, Label]  # between them, of every rule
OUTSIDE: Final = f"lies outside the timeline of {DURATION / 1e9:.3f} s"
SPACE: Final = " \t\n\f\r"
Row = dict[str, Any]


def faults_of(row: Row, schema: type[Record]) -> set[tuple[str, str]]:
    """Return field and rule of each fault of one row."""
    return {
        (field.name, rule)
        for field in fields(schema)
        if not field.stamped or field.name == "asset"
        for rule in _broken(row.get(field.name), field, row)
    }


def _broken(value: Any, field: Field, row: Row) -> Iterator[str]:
    if value is None or (field.role(Attributes) and isinstance(value, dict)):  # sound ones come by name
        if value is None and not (field.optional or field.stamped):
            yield "is missing"
    elif field.role(Attributes):
        yield from _attributes(value)
    elif field.role(Vector):
        if not abs(math.sqrt(math.fsum(number * number for number in value)) - 1) <= 1e-3:
            yield "is no unit vector of finite numbers"
    else:
        for one in value if field.many else [value]:
            yield from _of_one(one, field, row)


def _of_one(value: Any, field: Field, row: Row) -> Iterator[str]:
    if field.role(Confidence):
        if not 0 <= value <= 1:
            yield "is not in [0, 1]"
    elif isinstance(value, float):
        if not math.isfinite(value):
            yield "is no finite number"
    elif time := field.role(Time):
        if not 0 <= value <= DURATION:
            yield OUTSIDE
        start = row.get(time.start or "")
        if start is not None and not start < value:
            yield f"does not come after {time.start}"
    elif isinstance(value, str):
        yield from _of_text(value, field)


def _of_text(value: str, field: Field) -> Iterator[str]:
    if field.among:
        if value not in field.among:
            yield f"is none of {', '.join(field.among)}"
    elif field.role(Language):
        yield from _words(value, KEYWORD_LIMIT, _controls(value), "")
        if not is_language(value):
            yield "is no BCP-47 language tag"
    elif field.role(Geometry):
        yield from _geometry(value)
    elif field.role(Text) or not field.roles:
        yield from _words(value, TEXT_LIMIT, {"\t", "\n"}, " other than tabs and line breaks")
    else:
        yield from _words(value, KEYWORD_LIMIT, set(), "")
        if entity := field.role(Entity):
            yield from _entity(value, entity.kind)


def _words(value: str, limit: int, allowed: set[str], but: str) -> Iterator[str]:
    if len(value) > limit:
        yield f"is longer than {limit:,} characters"
    if _controls(value) - allowed:
        yield f"has control characters{but}"


def _entity(value: str, kind: str | None) -> Iterator[str]:
    given, colon, name = (kind, ":", value) if kind else value.partition(":")
    spaced = name != name.strip(SPACE) or any(space in given for space in SPACE)
    if not (given and colon and name) or spaced:
        yield f"is not of the form {f'the id of a {kind}' if kind else 'kind:id'}"


def _controls(text: str) -> set[str]:
    return {letter for letter in text if unicodedata.category(letter) == "Cc"}


def _geometry(text: str) -> Iterator[str]:
    if len(text) > TEXT_LIMIT:
        yield "is longer than 100,000 characters"
        return
    try:
        left, top, right, bottom = parse(text).bounds
    except RecordInvalid:
        yield "is no WKT of a known kind"
        return
    if min(left, top) < 0 or max(right, bottom) > 1:
        yield "lies outside the frame"


def _attributes(attributes: list[Row]) -> Iterator[str]:
    counted = Counter(one["name"] for one in attributes)
    if max(counted.values(), default=1) > 1:
        yield "has two attributes of one name"
    for one in attributes:
        name, keyword = one["name"], one.get("keyword") or ""
        if not name:
            yield "has an attribute without a name"
        if len(name) > NAME_LIMIT:
            yield "has an attribute whose name is longer than 1,000 characters"
        if len(keyword) > KEYWORD_LIMIT:
            yield "has an attribute of more than 8,191 characters"
        if _controls(name + keyword):
            yield "has control characters in an attribute"
        if sum(one.get(part) is not None for part in ("keyword", "number", "time")) != 1:
            yield "has an attribute that has not one value"
        if one.get("number") is not None and not math.isfinite(one["number"]):
            yield "has an attribute that is no finite number"


def all_faults(drawn: list[Row], schema: type[Record]) -> list[set[tuple[str, str]]]:
    """Return the faults of each row of a run."""
    passed, found = set(), []
    for row in drawn:
        faults = faults_of(row, schema)
        key = repr(key_of(row, schema))
        if key in passed:
            faults |= {("id", DUPLICATE)}
        elif not faults:
            passed.add(key)
        found.append(faults)
    return found


letters = st.characters(exclude_categories=("Cs",))
words = st.text(letters, max_size=6)
keywords = st.one_of(
    words, st.sampled_from(["", "é" * KEYWORD_LIMIT, "é" * (KEYWORD_LIMIT + 1), "a\x7f", "\x85"])
)
texts = st.one_of(words, st.sampled_from(["ü" * TEXT_LIMIT, "ü" * (TEXT_LIMIT + 1), "a\tb\nc", "a\rb", "\0"]))
languages = st.sampled_from(
    ["en-x" + "-a" * KEYWORD_LIMIT, "en", "zh-Hant", "und", "English", "en_US", "", "en\n", "e"]
)
ENTITIES: Final = [
    "person:ada",
    "a:b:c",
    "a: b",
    "a:b ",
    " a:b",
    ":b",
    "a:",
    "a",
    "",
    "é:ü",
    "a:\u00a0",
    "a:b\nc",
]
SHAPES: Final = [
    "POINT (0.5 0.5)",
    "POINT (1 0)",
    "POINT (1.001 0)",
    "POINT (-0.001 0)",
    "LINESTRING (0 0, 2 2)",
    "POLYGON ((0 0, 1 0, 1 1, 0 0))",
    "POLYGON ((0 0, 1 0, 1 1))",
    "POLYGON ((0 0, 1 1, 1 0, 0 1, 0 0))",
    "MULTIPOINT ((0 0), (1 1))",
    "POINT EMPTY",
    "POINT (nan 0)",
    "circle",
    "",
    "POINT (0.5 0.5)" + " " * TEXT_LIMIT,
]
numbers = st.floats()
attribute = st.fixed_dictionaries(
    {"name": st.one_of(words, st.sampled_from(["", "year", "x" * NAME_LIMIT, "x" * (NAME_LIMIT + 1)]))},
    optional={"keyword": keywords, "number": numbers, "time": st.integers(-(2**63), 2**63 - 1)},
)
near_one = st.sampled_from([0.0, 0.9, 0.9989, 0.99901, 1.0, 1.0009, 1.0011, 1e38, math.nan, math.inf])
vectors = near_one.map(lambda end: np.array([0, end, 0, 0], np.float32).tolist())
AROUND: Final = st.integers(-2, DURATION + 2)


def wild(field: Field) -> st.SearchStrategy[Any]:
    """Return values that a field holds, whether or not they break a rule."""
    by_role: dict[type, st.SearchStrategy[Any]] = {
        Attributes: st.lists(attribute, max_size=3),
        Confidence: numbers,
        Language: languages,
        Geometry: st.sampled_from(SHAPES),
        Vector: vectors,
        Text: texts,
        Entity: st.one_of(st.sampled_from(ENTITIES), keywords),
        Keyword: keywords,
        Blob: keywords,
        Time: AROUND,
    }
    by_kind = {str: texts, int: st.integers(-3, 3), float: numbers, bool: st.booleans(), dict: st.nothing()}
    drawn = [*(by_role[type(role)] for role in field.roles if type(role) in by_role), by_kind[field.kind]][0]
    if field.among:
        drawn = st.sampled_from([*field.among, "other", ""])
    if field.many:
        drawn = st.lists(drawn, max_size=3)
    return st.one_of(drawn, drawn, drawn, st.none())


def wild_rows(schema: type[Record]) -> st.SearchStrategy[list[Row]]:
    """Return sound rows, some of them more than once, a few fields of each made wild."""
    drawn = {field.name: wild(field) for field in fields(schema) if not field.stamped}
    names = st.lists(st.sampled_from(sorted(drawn)), max_size=3, unique=True)
    spoilt = names.flatmap(lambda some: st.fixed_dictionaries({name: drawn[name] for name in some}))
    sound = rows(schema, DURATION, min_size=1, max_size=3)
    picked = st.lists(st.tuples(st.integers(0, 2), spoilt), max_size=6)
    return st.builds(lambda rows, picked: [rows[at % len(rows)] | bad for at, bad in picked], sound, picked)


@pytest.mark.parametrize("schema", SOME_TYPES, ids=lambda schema: schema.__name__)
@settings(max_examples=40)
@given(st.data(), st.integers(1, 5))
def test_the_rules_find_what_reading_row_by_row_finds(
    schema: type[Record], data: st.DataObject, size: int
) -> None:
    drawn = data.draw(wild_rows(schema))
    converted = from_rows(schema, drawn, STAMP, dimension_of(schema))
    assert converted.faults == []
    check = Check(schema, DURATION)
    found: list[set[tuple[str, str]]] = [set() for _ in drawn]
    for first in range(0, len(drawn), size):
        checked = check(converted.batch.slice(first, size))
        for fault in checked.faults:
            found[fault.row].add((fault.field, fault.rule))
        assert checked.refused["row"].to_pylist() == sorted({fault.row for fault in checked.faults})
    assert found == all_faults(drawn, schema)


@pytest.mark.parametrize("schema", TYPES.values(), ids=TYPES)
@settings(max_examples=20)
@given(st.data())
def test_sound_rows_pass(schema: type[Record], data: st.DataObject) -> None:
    drawn = data.draw(rows(schema, DURATION))
    batch = from_rows(schema, drawn, STAMP, dimension_of(schema)).batch
    checked = Check(schema, DURATION)(batch)
    assert checked.faults == ()
    assert checked.good.equals(batch)
    assert checked.refused.num_rows == 0


@given(st.lists(st.floats(width=32), min_size=DIMENSION, max_size=DIMENSION))
def test_float32_measures_a_vector_as_well_as_float64(numbers: list[float]) -> None:
    row = {"code": "a", "count": 1, "sure": True, "vector": numbers}
    checked = Check(Everything, DURATION)(from_rows(Everything, [row], STAMP).batch)
    assert bool(checked.faults) == bool(list(_broken(numbers, _field("vector"), {})))


@given(st.floats(-2e-3, 2e-3), st.integers(1, 2000))
def test_a_length_near_the_tolerance_is_measured_in_float64(away: float, size: int) -> None:
    from watchdown.validation.values import not_unit
    from watchdown_schemas.vectors import vectors

    vector = np.full(size, (1 + away) / math.sqrt(size)).astype(np.float32)
    length = float(np.linalg.norm(vector.astype(np.float64)))
    column, _none = vectors([vector], _field("vector"), size)
    assert not_unit(column).tolist() == [not abs(length - 1) <= 1e-3]


def _field(name: str) -> Field:
    return next(field for field in fields(Everything) if field.name == name)
