"""What every store must do with filters: the rows, counts and facets of brute force."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance.brute_force import WITHOUT_VALUES, held, kept
from conformance.filters import FILTERED, TYPES, Card, Face, Goal, names, rows_of, trees
from conformance.stores import MODEL, STORES, Store, opened, view
from watchdown.stores.protocol import Leaf, TextLeaf, VectorLeaf, type_of
from watchdown.stores.text_score import text_score
from watchdown.where import (
    During,
    Entity,
    Inside,
    Intersects,
    Overlaps,
    StartsIn,
    Where,
    field,
    read_where,
    where_from,
)
from watchdown_schemas.columns import Stamp
from watchdown_schemas.errors import QueryError
from watchdown_schemas.geometry import box
from watchdown_schemas.record import Record
from watchdown_schemas.rows import to_arrow
from watchdown_schemas.types import DialogueLine, Embedding, Label, Shot

RUNS = (1, 2, 3)
SEEN = view([1, 3])
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOMENT = datetime(2026, 1, 2, 3, 4, 5, 678901, UTC)


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with opened(request, tmp_path / "lake", TYPES) as store:
        yield store


@pytest.fixture(scope="module", params=STORES)
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store with rows of every type in three runs, the second of them hidden from readers."""
    with opened(request, tmp_path_factory.mktemp("lake"), TYPES) as store:
        for schema in FILTERED:
            for run in RUNS:
                store.write_batch(run, schema, rows_of(schema, run, 40))
        yield store


def visible(schema: type[Record]) -> list[dict[str, Any]]:
    """Return the rows of a type that a reader may see, as they were written."""
    return [row for run in RUNS if run in SEEN.visible for row in rows_of(schema, run, 40).to_pylist()]


def same(row: Any) -> Any:
    """Return a row in which NaN equals NaN."""
    if isinstance(row, dict):
        return {name: same(value) for name, value in row.items()}
    if isinstance(row, list):
        return [same(value) for value in row]
    return "NaN" if isinstance(row, float) and math.isnan(row) else row


some_types = st.lists(st.sampled_from(FILTERED), min_size=1, unique=True)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(where=trees, schemas=some_types, name=names)
def test_any_filter_keeps_the_rows_counts_and_facets_of_brute_force(
    filled: Store, where: Where, schemas: list[type[Record]], name: str
) -> None:
    asked = [schema.__name__ for schema in schemas]
    try:
        found = filled.rows(asked, SEEN, where)
    except QueryError:
        with pytest.raises(QueryError):
            filled.count(asked, SEEN, where)
        return
    expected = [(row, schema) for schema in schemas for row in visible(schema) if kept(where, row, schema)]
    expected.sort(key=lambda pair: pair[0]["id"])
    assert same(found) == same([row for row, _ in expected])
    assert filled.count(asked, SEEN, where) == len(expected)
    counts = Counter(value for row, schema in expected for value in set(values(name, row, schema)))
    if name not in WITHOUT_VALUES:
        assert dict(filled.facet(asked, name, SEEN, where, limit=10**6)) == counts


def values(name: str, row: dict[str, Any], schema: type[Record]) -> list[Any]:
    """Return the values of a row as a facet shows them."""
    found = held(name, row, schema)
    moments = [
        EPOCH + timedelta(microseconds=one[1] // 1000) if isinstance(one, tuple) else one for one in found
    ]
    return [one for one in moments if one == one]  # noqa: PLR0124 - NaN is no value


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(where=trees, schema=st.sampled_from([Embedding, Face, DialogueLine, Goal, Card]))
def test_a_search_ranks_the_rows_that_any_filter_keeps(
    filled: Store, where: Where, schema: type[Record]
) -> None:
    leaf: Leaf
    text = {DialogueLine: "text", Goal: "comment", Card: "appeal"}.get(schema)
    if text:
        leaf = TextLeaf(schema.__name__, text, ("car",), (("car",),))
    else:
        leaf = VectorLeaf(schema.__name__, MODEL, np.array([1, 0, 0, 0], np.float32))
    try:
        found = filled.search(leaf, SEEN, 500, where=where)
    except QueryError:
        return
    rows = [row for row in visible(schema) if kept(where, row, schema)]
    if isinstance(leaf, TextLeaf):
        said = [((row[f"{text}_words"] or "").split(), (row[f"{text}_stems"] or "").split()) for row in rows]
        rows = [
            row for row, line in zip(rows, said, strict=True) if text_score(leaf.words, leaf.stems, *line)
        ]
    assert sorted(row["id"] for row in found.rows) == sorted(row["id"] for row in rows)
    assert found.exhausted


def labels(*found: tuple[str, float], start: int = 0) -> list[Label]:
    """Return labels with their confidence, a nanosecond each."""
    return [
        Label(start_ns=start + at, end_ns=start + at + 1, label=label, confidence=sure)
        for at, (label, sure) in enumerate(found)
    ]


@pytest.mark.feature(10)
def test_label_confidence_and_version_are_filtered_on_at_once(store: Store) -> None:
    dice = random.Random(1)
    written = []
    for run, version in enumerate(("1.0.0", "1.1.0", "2.0.0"), start=1):
        found = [(dice.choice(("car", "bus", "van")), dice.random()) for _ in range(200)]
        stamp = Stamp(run=run, title="t", timeline="t.1", asset="a", algorithm="x", version=version)
        store.write_batch(run, Label, to_arrow(labels(*found), Label, stamp))
        written += [(label, sure, version) for label, sure in found]
    for label in ("car", "bus", "boat"):
        for floor in (0.0, 0.5, 0.99):
            for version in ("1.0.0", "1.1.0"):
                where = where_from(label=label, confidence={"at_least": floor}, version=version)
                expected = [
                    one for one in written if one[0] == label and one[1] >= floor and one[2] == version
                ]
                assert store.count("Label", view([1, 2, 3]), where) == len(expected)
                rows = store.rows("Label", view([1, 2, 3]), where)
                assert sorted((row["label"], row["confidence"], row["version"]) for row in rows) == sorted(
                    expected
                )


@pytest.mark.feature(3)
def test_one_query_on_a_base_label_returns_the_types_that_inherit_it(store: Store) -> None:
    store.write(1, labels(("car", 0.9), ("bus", 0.8)))
    store.write(2, [Goal(start_ns=0, end_ns=1, minute=7, label="car", confidence=0.7)])
    store.write(3, [Card(minute="7")])
    seen = view([1, 2, 3])
    batches = store.searcher.scan(
        ["Label", "Goal", "Card"],
        seen,
        columns=["type", "label", "confidence"],
        snapshot=store.searcher.snapshot(seen),
        where=where_from(label="car", confidence={"above": 0.5}),
    )
    found = {type_of(batch): batch.to_pylist() for batch in batches}
    assert found == {
        "Label": [{"type": Label.schema_label(), "label": "car", "confidence": 0.9}],
        "Goal": [{"type": "Goal.1", "label": "car", "confidence": 0.7}],
    }
    assert store.facet(["Label", "Goal", "Card"], "label", seen) == [("car", 2), ("bus", 1)]


def test_a_filter_written_in_python_json_or_as_a_mapping_is_one(store: Store) -> None:
    store.write(1, labels(("car", 0.9), ("car", 0.2), ("bus", 0.8)))
    written = (field("label") == "car") & (field("confidence") >= 0.5)
    for where in (
        written,
        read_where(written.model_dump_json()),
        where_from({"label": "car"}, confidence={"at_least": 0.5}),
    ):
        assert [row["confidence"] for row in store.rows("Label", view([1]), where)] == [0.9]


def test_a_missing_value_answers_no_comparison_and_every_negated_one(store: Store) -> None:
    store.write(1, [Goal(start_ns=0, end_ns=1, minute=1, speed=2.0), Goal(start_ns=1, end_ns=2, minute=2)])
    speed = field("speed")
    for where, minutes in (
        (speed > 1, [1]),
        (~(speed > 1), [2]),
        (speed <= 1, []),
        (~(speed <= 1), [1, 2]),
        (~speed.exists(), [2]),
    ):
        assert sorted(row["minute"] for row in store.rows("Goal", view([1]), where)) == minutes


def test_of_several_values_one_is_enough(store: Store) -> None:
    store.write(
        1,
        [
            Goal(start_ns=0, end_ns=1, minute=1, numbers=(3, 9)),
            Goal(start_ns=1, end_ns=2, minute=2, numbers=()),
        ],
    )
    numbers = field("numbers")
    for where, minutes in (
        (numbers == 9, [1]),
        (numbers != 9, [2]),
        ((numbers < 4) & (numbers > 8), [1]),
        (~numbers.exists(), [2]),
    ):
        assert sorted(row["minute"] for row in store.rows("Goal", view([1]), where)) == minutes


def test_attributes_are_filtered_on_exactly_whatever_they_are_called(store: Store) -> None:
    odd = {
        "it's": "a=b",
        "a": "b=c",
        "a=b": "c",
        'back\\slash "%_': "new\nline",
        "Größe 猫": 2.0,
        "seen": MOMENT,
        "n": 1e300,
    }
    shot = {"start_ns": 0, "end_ns": 1, "number": 0}
    store.write(
        1, [Shot(**shot, attributes=odd), Shot(**{**shot, "start_ns": -1}, attributes={"a=b=c": "d"})]
    )
    for name, value in odd.items():
        assert store.count("Shot", view([1]), field(name) == value) == 1
        assert store.count("Shot", view([1]), field(name).exists()) == 1
        assert store.count("Shot", view([1]), field(name) != value) == 1
        assert store.facet("Shot", name, view([1])) == [(value, 1)]
    assert store.count("Shot", view([1]), field("seen") < MOMENT + timedelta(microseconds=1)) == 1
    assert store.count("Shot", view([1]), field("seen") < MOMENT) == 0
    assert store.count("Shot", view([1]), field("Größe 猫").between(2, 3)) == 1


def test_a_field_comes_before_an_attribute_of_its_name(store: Store) -> None:
    store.write(1, [Card(minute="7", attributes={"minute": 9.0, "label": "car"})])
    store.write(
        2, [Goal(start_ns=0, end_ns=1, minute=9, label="bus", attributes={"minute": "7", "label": "car"})]
    )
    both = ["Card", "Goal"]
    assert [row["type"] for row in store.rows(both, view([1, 2]), field("minute") == 9)] == ["Goal.1"]
    assert [row["type"] for row in store.rows(both, view([1, 2]), field("label") == "car")] == ["Card.1"]
    assert store.facet(both, "minute", view([1, 2])) == [("7", 1), (9, 1)]


@pytest.mark.feature(5)
def test_a_record_is_found_by_any_entity_that_it_belongs_to(store: Store) -> None:
    store.write(
        1, [Shot(start_ns=0, end_ns=1, number=0, entities=("season:s1", "image:still"))], title="film"
    )
    store.write(2, [Goal(start_ns=0, end_ns=1, minute=1, scorer="ada", assists=("bo",))], title="match")
    seen, both = view([1, 2]), ["Shot", "Goal"]
    for entity, name in (
        ("season:s1", "Shot"),
        ("image:still", "Shot"),
        ("title:film", "Shot"),
        ("person:ada", "Goal"),
        ("person:bo", "Goal"),
        ("title:match", "Goal"),
    ):
        where = Entity(entity=entity)
        assert [row["type"].partition(".")[0] for row in store.rows(both, seen, where)] == [name]
        assert store.count(both, seen, ~where) == 1
    assert store.count(both, seen, Entity(entity="asset:a")) == 2
    assert store.count(both, seen, Entity(entity="season:s")) == 0


def test_time_is_half_open_to_the_nanosecond(store: Store) -> None:
    store.write(1, [Shot(start_ns=10, end_ns=20, number=0)])
    expected = {
        Overlaps: {(0, 10): 0, (0, 11): 1, (19, 30): 1, (20, 30): 0, (12, 12): 1, (20, 20): 0, (10, 10): 1},
        During: {(10, 20): 1, (11, 20): 0, (10, 19): 0, (0, 30): 1, (10, 10): 0},
        StartsIn: {(10, 11): 1, (0, 10): 0, (10, 10): 1, (11, 30): 0},
    }
    for kind, spans in expected.items():
        for (start, end), count in spans.items():
            assert store.count("Shot", view([1]), kind(start_ns=start, end_ns=end)) == count


def test_geometry_is_compared_as_it_lies_in_the_frame(store: Store) -> None:
    store.write(
        1,
        [
            Label(start_ns=0, end_ns=1, label="left", geometry=box(0, 0, 0.4, 1)),
            Label(start_ns=0, end_ns=1, label="right", geometry=box(0.6, 0, 1, 1)),
            Label(start_ns=0, end_ns=1, label="nowhere"),
        ],
    )
    for region, touched, within in (
        (box(0, 0, 0.5, 1), ["left"], ["left"]),
        (box(0.3, 0.3, 0.7, 0.7), ["left", "right"], []),
        (box(0, 0, 1, 1), ["left", "right"], ["left", "right"]),
        ("POINT (0.5 0.5)", [], []),
    ):
        for where, expected in ((Intersects(wkt=region), touched), (Inside(wkt=region), within)):
            assert sorted(row["label"] for row in store.rows("Label", view([1]), where)) == expected
            assert store.count("Label", view([1]), ~where) == 3 - len(expected)


def test_whole_numbers_are_compared_beyond_what_a_float_holds(store: Store) -> None:
    numbers = [2**53, 2**53 + 1, 2**53 + 2, 2**63 - 1, -(2**63)]
    store.write(1, [Goal(start_ns=at, end_ns=at + 1, minute=number) for at, number in enumerate(numbers)])
    minute = field("minute")
    for where, expected in (
        (minute == 2**53 + 1, {2**53 + 1}),
        (minute == float(2**53), {2**53}),
        (minute > 2**53, {2**53 + 1, 2**53 + 2, 2**63 - 1}),
        (minute >= 2**53 + 0.5, {2**53, 2**53 + 1, 2**53 + 2, 2**63 - 1}),
        (minute < -(2**63), set()),
        (minute <= -(2**63), {-(2**63)}),
        (minute.is_in([2**63, 2**63 - 1]), {2**63 - 1}),
        (minute < 10**400, set(numbers)),
    ):
        assert {row["minute"] for row in store.rows("Goal", view([1]), where)} == expected
    assert store.facet("Goal", "minute", view([1])) == [(number, 1) for number in sorted(numbers)]


def test_a_list_of_many_values_is_asked_for_at_once(store: Store) -> None:
    store.write(
        1,
        [
            Goal(start_ns=at, end_ns=at + 1, minute=at, order=f"o{at}", attributes={"mood": f"m{at}"})
            for at in range(50)
        ],
    )
    for name, values in (
        ("order", [f"o{at}" for at in range(25, 20_000)]),
        ("mood", [f"m{at}" for at in range(25, 20_000)]),
        ("minute", list(range(25, 20_000))),
    ):
        where = field(name).is_in(values)
        assert store.count("Goal", view([1]), where) == 25
        assert store.count("Goal", view([1]), ~where) == 25


ODD = [
    "".join(random.Random(seed).choices("aA'\"\\%_=#@.\0\n\t\u200dé\u0301猫🐈\u202e(),;-", k=seed % 7 + 1))
    for seed in range(150)
]


@pytest.fixture(scope="module", params=STORES)
def odd(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store with texts that would break any quoting that is not whole, as values and as names."""
    with opened(request, tmp_path_factory.mktemp("lake"), TYPES) as store:
        store.write(
            1,
            [
                Label(start_ns=at, end_ns=at + 1, label=text, attributes={text: text[::-1]})
                for at, text in enumerate(ODD)
            ],
        )
        store.write(
            1,
            [
                Goal(start_ns=at, end_ns=at + 1, minute=0, order=text, attributes={text: text[::-1]})
                for at, text in enumerate(ODD)
            ],
        )
        yield store


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_text_is_compared_whole_as_a_value_and_as_a_name(odd: Store, data: st.DataObject) -> None:
    anything = st.one_of(st.sampled_from(ODD), st.text(min_size=1, max_size=6))
    one, other = data.draw(anything), data.draw(anything)
    for schema, own in (("Label", "label"), ("Goal", "order")):
        assert odd.count(schema, SEEN, field(own) == one) == ODD.count(one)
        assert odd.count(schema, SEEN, field(own).is_in([one, other])) == sum(
            text in (one, other) for text in ODD
        )
        assert odd.count(schema, SEEN, field(own) > one) == sum(text > one for text in ODD)
        if one in ("label", "order", "type"):
            continue
        assert odd.count(schema, SEEN, field(one).exists()) == ODD.count(one)
        assert odd.count(schema, SEEN, field(one) == other) == (ODD.count(one) if one[::-1] == other else 0)
        assert odd.count(schema, SEEN, field(one) == one[::-1]) == ODD.count(one)
