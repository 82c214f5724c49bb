"""What every store must do with counts and facets: those of the view and the snapshot."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from conformance.filters import TYPES, Card, Goal
from conformance.stores import STORES, Store, opened, view
from watchdown.where import (
    Intersects,
    field,
)
from watchdown_schemas.errors import QueryError, SchemaNotFound
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


def test_a_facet_shows_the_most_frequent_values_and_breaks_ties_by_value(store: Store) -> None:
    store.write(1, labels(*((label, 0.5) for label in ("b", "a", "c", "c", "d", "a"))))
    store.write(2, labels(("z", 0.5), ("z", 0.5), ("z", 0.5)))
    assert store.facet("Label", "label", view([1])) == [("a", 2), ("c", 2), ("b", 1), ("d", 1)]
    assert store.facet("Label", "label", view([1]), limit=3) == [("a", 2), ("c", 2), ("b", 1)]
    assert store.facet("Label", "confidence", view([1]), field("label") == "a") == [(0.5, 2)]
    assert store.facet("Label", "nothing", view([1])) == []
    with pytest.raises(QueryError, match="limit 0"):
        store.facet("Label", "label", view([1]), limit=0)
    with pytest.raises(QueryError, match=r"Label\.attributes: has no values to count"):
        store.facet("Label", "attributes", view([1]))


def test_a_value_that_no_type_asked_can_have_is_an_error_that_names_both(store: Store) -> None:
    store.write(1, labels(("car", 0.5)))
    for where in (
        field("label") == 3,
        field("label") > 3,
        field("label").is_in([1, 2]),
        ~field("label").is_in([True]),
    ):
        with pytest.raises(QueryError, match=r"Label\.label: holds text, and is compared with numbers"):
            store.count("Label", view([1]), where)
    with pytest.raises(QueryError, match=r"Label\.confidence: holds numbers, and is compared with moments"):
        store.rows("Label", view([1]), field("confidence") > MOMENT)
    with pytest.raises(QueryError, match="Self-intersection"):
        store.count("Label", view([1]), Intersects(wkt="POLYGON ((0 0, 1 1, 0 1, 1 0, 0 0))"))
    with pytest.raises(SchemaNotFound, match="Nonsense: is no known schema type"):
        store.count("Nonsense", view([1]))
    assert store.count(["Card", "Goal"], view([1]), field("minute") == 3) == 0
    assert store.count("Label", view([1]), field("minute") == 3) == 0


def test_hidden_runs_and_titles_out_of_scope_are_in_no_count_and_no_facet(store: Store) -> None:
    for run in (1, 2, 3):
        store.write(run, labels(("car", 0.1 * run)), title=f"t{run}")
        store.write(run, [Goal(start_ns=0, end_ns=1, minute=run, label="car")], title=f"t{run}")
    both, car = ["Label", "Goal"], field("label") == "car"
    for visible_runs, titles in (([1, 2], None), ([1, 2], ["t2", "t3"]), ([1, 2, 3], []), ([], None)):
        seen = view(visible_runs, titles=titles)
        runs = [run for run in visible_runs if titles is None or f"t{run}" in titles]
        assert store.count(both, seen) == store.count(both, seen, car) == 2 * len(runs)
        assert store.facet(both, "run", seen, car) == [(run, 2) for run in runs]
        assert store.facet("Goal", "minute", seen) == [(run, 1) for run in runs]


def test_an_older_snapshot_counts_as_it_did(store: Store) -> None:
    store.write(1, labels(("car", 0.5), ("bus", 0.5)))
    store.write(1, [Goal(start_ns=0, end_ns=1, minute=1)])
    seen = view([1, 2])
    snapshot = store.searcher.snapshot(seen)
    old = {"snapshot": snapshot}
    before = [store.searcher.count(name, seen, **old) for name in ("Label", "Goal", "Card")]
    assert before == [2, 1, 0]
    store.write(2, labels(("car", 0.5)))
    store.write(2, [Goal(start_ns=0, end_ns=1, minute=1), Goal(start_ns=1, end_ns=2, minute=1)])
    store.write(2, [Card(minute="1")])
    store.sink.delete([1])
    assert [store.searcher.count(name, seen, **old) for name in ("Label", "Goal", "Card")] == before
    assert store.searcher.count("Label", seen, where=field("label") == "car", **old) == 1
    assert store.searcher.count(["Label", "Goal", "Card"], seen, **old) == 3
    assert store.searcher.facet("Goal", "minute", seen, **old) == [(1, 1)]
    assert len(store.rows(["Goal", "Card"], seen, field("minute").exists(), at=snapshot)) == 1
    assert store.count(["Label", "Goal", "Card"], seen) == 4
