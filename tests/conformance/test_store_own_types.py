"""What every store must do with types of plugins, which share one table where it has such."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conformance.filters import TYPES, Card, Face, Goal
from conformance.stores import DIMENSION, MODEL, STORES, Store, frames, lines, near, opened, unit, view
from watchdown.search.process import text_leaf
from watchdown.stores.protocol import TextLeaf, VectorLeaf, type_of
from watchdown.where import (
    Exists,
    StartsIn,
    field,
)
from watchdown_schemas.columns import Stamp
from watchdown_schemas.errors import QueryError
from watchdown_schemas.rows import to_arrow
from watchdown_schemas.types import Label

MOMENT = datetime(2026, 1, 2, 3, 4, 5, 678901, UTC)


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with opened(request, tmp_path / "lake", TYPES) as store:
        yield store


def labels(*found: tuple[str, float], start: int = 0) -> list[Label]:
    """Return labels with their confidence, a nanosecond each."""
    return [
        Label(start_ns=start + at, end_ns=start + at + 1, label=label, confidence=sure)
        for at, (label, sure) in enumerate(found)
    ]


@pytest.mark.feature(4)
def test_records_of_a_plugin_s_own_type_come_back_as_they_were_written(store: Store) -> None:
    goals = [
        Goal(
            start_ns=1,
            end_ns=2,
            minute=2**60 + 1,
            late=True,
            speed=0.1,
            assists=("ada", "bo"),
            numbers=(),
            comment="He scores",
        ),
        Goal(
            start_ns=2,
            end_ns=3,
            minute=0,
            late=False,
            numbers=(2**62, -1),
            extra={"a.b": 1.5, "when": MOMENT, "猫": ""},
        ),
    ]
    cards = [
        Card(minute="7", reason="A foul", attributes={"mood": "low"}),
        Card(minute="8", reason="", appeal="None"),
    ]
    face = [Face(start_ns=1, end_ns=2, person="ada", look=unit(1)[0].tolist())]
    seen = view([1])
    for records in (goals, cards, face):
        schema = type(records[0])
        store.write(1, records)
        stamp = Stamp(run=1, title="t", timeline="t.1", asset="a", algorithm="x", version="1.0.0")
        written = to_arrow(records, schema, stamp, DIMENSION if schema is Face else None).to_pylist()
        snapshot = store.searcher.snapshot(seen)
        assert store.rows(schema.__name__, seen) == sorted(written, key=lambda row: row["id"])
        for row in written:
            assert store.searcher.find(schema.__name__, row["id"], seen, snapshot=snapshot) == row
            assert store.searcher.find("Shot", row["id"], seen, snapshot=snapshot) is None
            assert store.searcher.find(schema.__name__, row["id"], view([2]), snapshot=snapshot) is None


def test_a_run_of_several_types_is_replaced_type_by_type_and_deleted_whole(store: Store) -> None:
    store.write(1, [Goal(start_ns=at, end_ns=at + 1, minute=at) for at in range(3)])
    store.write(1, [Card(minute="1")])
    store.write(1, [Goal(start_ns=9, end_ns=10, minute=9)])
    assert [row["minute"] for row in store.rows(["Goal", "Card"], view([1]))] in (["1", 9], [9, "1"])
    store.sink.delete([1])
    assert store.count(["Goal", "Card"], view([1])) == 0
    assert not store.search(TextLeaf("Card", "reason", ("foul",), (("foul",),)), view([1])).rows


def test_the_words_of_a_plugin_s_own_type_are_searched(store: Store) -> None:
    store.write(
        1,
        [
            Goal(start_ns=0, end_ns=1, minute=1, comment="Pull the shower curtain aside", language="en"),
            Goal(start_ns=1, end_ns=2, minute=2, comment="Silencio total", language="es"),
            Goal(start_ns=2, end_ns=3, minute=3, comment="total"),
            Goal(start_ns=3, end_ns=4, minute=4),
        ],
    )
    store.write(2, [Card(minute="1", reason="The curtain fell", appeal="Nobody saw the children run")])
    seen = view([1, 2])

    def found(asked: str, schema: str, name: str, *languages: str) -> list[Any]:
        leaf = replace(
            text_leaf(asked, languages or ("en", "es")), schema=schema, field=name, languages=languages
        )
        return sorted(row[name] for row in store.search(leaf, seen).rows)

    (row,) = store.search(replace(text_leaf("fell", ["en"]), schema="Card", field="reason"), seen).rows
    assert (row["title"], row["start_ns"], row["end_ns"]) == ("t", None, None)
    assert found("the curtian", "Goal", "comment") == ["Pull the shower curtain aside"]
    assert found("total", "Goal", "comment") == ["Silencio total", "total"]
    assert found("total", "Goal", "comment", "es") == ["Silencio total"]
    assert found("total", "Goal", "comment", "und") == ["total"]
    assert found("curtain", "Card", "reason") == ["The curtain fell"]
    assert found("curtain", "Card", "appeal") == []
    assert found("the childern", "Card", "appeal") == ["Nobody saw the children run"]
    assert found("children", "Card", "appeal", "en") == []
    with pytest.raises(QueryError, match=r"Goal\.order: has no words to search"):
        found("curtain", "Goal", "order")


def test_the_vectors_of_a_plugin_s_own_type_are_searched_within_a_filter(vector_store: Store) -> None:
    store = vector_store
    vectors = unit(60)
    faces = [
        Face(start_ns=at, end_ns=at + 1, person=f"p{at % 3}", look=one.tolist())
        for at, one in enumerate(vectors)
    ]
    store.write(1, faces)
    store.write(2, faces)
    leaf = VectorLeaf("Face", MODEL, vectors[5])
    for where, kept_at in (
        (None, range(60)),
        (field("person") == "p1", range(1, 60, 3)),
        (field("person") > "p0", [at for at in range(60) if at % 3]),
    ):
        found = store.search(leaf, view([1]), 7, where=where).rows
        cosines = np.sort(vectors[list(kept_at)].astype(np.float64) @ vectors[5])[::-1][:7]
        assert np.allclose([row["score"] for row in found], cosines, atol=1e-5)
        assert {row["run"] for row in found} == {1}


def test_words_and_pictures_are_searched_within_a_filter(vector_store: Store) -> None:
    store = vector_store
    vectors = unit(90)
    for run in (1, 2, 3):
        store.write(run, frames(vectors[run * 30 - 30 : run * 30]), title=f"t{run}")
        store.write(run, lines("Pull the curtain", "Run, children", "The curtain of rain"), title=f"t{run}")
    seen = view([1, 3], titles=["t2", "t3"])
    for where, expected in (
        (StartsIn(start_ns=10 * 10**9, end_ns=20 * 10**9), range(70, 80)),
        (~StartsIn(start_ns=0, end_ns=25 * 10**9), range(85, 90)),
        (field("start_ns") < 3 * 10**9, range(60, 63)),
        (Exists(field="mood"), ()),
    ):
        found = store.search(near(vectors[0]), seen, 50, where=where)
        cosines = np.sort(vectors[list(expected)].astype(np.float64) @ vectors[0])[::-1]
        assert np.allclose([row["score"] for row in found.rows], cosines, atol=1e-5)
        assert found.exhausted
    said = store.search(text_leaf("curtain", ["en"]), seen, where=field("line") > 0).rows
    assert [(row["run"], row["text"]) for row in said] == [(3, "The curtain of rain")]


def test_columns_are_those_asked_for_that_a_type_has(store: Store) -> None:
    store.write(1, [Goal(start_ns=0, end_ns=1, minute=3, comment="He scores")])
    store.write(1, [Card(minute="3")])
    store.write(1, labels(("car", 0.5)))
    batches = store.searcher.scan(
        ["Goal", "Card", "Label"],
        view([1]),
        columns=["minute", "comment_words", "label", "nonsense"],
        snapshot=store.searcher.snapshot(view([1])),
        where=field("minute").exists() | Exists(field="label"),
    )
    found = {type_of(batch): batch.to_pylist() for batch in batches}
    assert found == {
        "Goal": [{"minute": 3, "comment_words": "he scores", "label": None}],
        "Card": [{"minute": "3"}],
        "Label": [{"label": "car"}],
    }
