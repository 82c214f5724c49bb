from __future__ import annotations

import pickle
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from conformance.filters import trees
from watchdown.where import (
    All,
    Entity,
    Exists,
    In,
    Is,
    Not,
    Overlaps,
    Range,
    Where,
    field,
    read_where,
    where_from,
)
from watchdown.where import Any as AnyOf
from watchdown_schemas.errors import QueryError


def exact(where: Where) -> str:
    """Return a filter with the kinds of its values, which equality does not tell apart."""
    return repr(where)


@given(trees)
def test_a_filter_survives_json_to_the_kind_of_each_value(where: Where) -> None:
    for again in (
        read_where(where.model_dump_json()),
        read_where(where.model_dump_json(exclude_none=True).encode()),
        read_where(where.model_dump(mode="json")),
        pickle.loads(pickle.dumps(where)),
    ):
        assert again == where
        assert exact(again) == exact(where)
        assert hash(again) == hash(where)


def test_comparisons_are_written_as_in_python() -> None:
    sure = field("confidence")
    assert (sure >= 0.5) == Range(field="confidence", at_least=0.5)
    assert (0.5 <= sure) == (sure >= 0.5)  # noqa: SIM300 - that is the claim
    assert (sure == 1) == Is(field="confidence", value=1)
    assert (sure != 1) == Not(of=Is(field="confidence", value=1))
    assert sure.between(0, 1) == Range(field="confidence", at_least=0, below=1)
    assert sure.is_in([0, 1]) == In(field="confidence", values=(0, 1))
    assert ~~sure.exists() == Exists(field="confidence")
    assert isinstance((sure > 0) & (sure < 1) & sure.exists(), All)
    assert len(((sure > 0) | (sure < 1) | sure.exists()).parts) == 3


def test_chains_stay_shallow() -> None:
    where: Where = All(of=())
    for number in range(1_000):
        where &= field("n") != number
    assert where.depth == 3
    assert where.size == 2_001


@pytest.mark.parametrize(
    ("mapping", "expected"),
    [
        ({}, None),
        ({"label": "car"}, field("label") == "car"),
        ({"label": ["car", "bus"]}, field("label").is_in(["car", "bus"])),
        ({"label": None}, ~field("label").exists()),
        ({"kind": "subtitle"}, field("kind") == "subtitle"),
        ({"n": {"at_least": 1, "below": 5}}, field("n").between(1, 5)),
        ({"a": 1, "b": True}, (field("a") == 1) & (field("b") == True)),  # noqa: E712 - makes a filter
    ],
    ids=str,
)
def test_a_mapping_is_a_filter(mapping: dict[str, Any], expected: Where | None) -> None:
    assert where_from(mapping) == expected
    assert where_from(**mapping) == expected
    assert where_from(where_from(mapping)) == expected
    assert where_from(expected) is expected


def test_values_are_of_python_and_in_utc() -> None:
    (number,) = In(field="n", values=(np.int64(3),)).values
    assert type(number) is int
    noon = datetime(2026, 1, 31, 12, tzinfo=timezone(timedelta(hours=2)))
    where = Is(field="seen", value=noon)
    assert where.value == noon
    assert '"value":{"time":"2026-01-31T10:00:00+00:00"}' in where.model_dump_json()


@pytest.mark.parametrize(
    "make",
    [
        lambda: Is(field="a", value=float("nan")),
        lambda: field("a") >= float("inf"),
        lambda: field("a") >= datetime(2026, 1, 1),  # noqa: DTZ001 - it has no zone: that is the fault
        lambda: field("a") == "\ud800",
        lambda: field("a") == None,  # noqa: E711 - makes a filter
        lambda: field("a") == [1],
        lambda: field("") == 1,
        lambda: field("a").is_in("car"),
        lambda: field("a").between(1, "x"),
        lambda: where_from(a={}),
        lambda: where_from(a={"like": "x"}),
        lambda: where_from("label = 'car'"),  # type: ignore[arg-type] # that is the fault
        lambda: Range(field="a"),
        lambda: Overlaps(start_ns=2, end_ns=1),
        lambda: (field("a") == 1) & "b",  # type: ignore[operator] # that is the fault
        lambda: read_where("["),
        lambda: read_where("[]"),
        lambda: read_where('{"kind": "nothing"}'),
        lambda: read_where('{"kind": "is", "field": "a"}'),
        lambda: read_where('{"kind": "is", "field": "a", "value": 1, "more": 2}'),
        lambda: read_where('{"kind": "is", "field": "a", "value": {"time": "noon"}}'),
        lambda: read_where('{"kind": "is", "field": "a", "value": NaN}'),
        lambda: read_where('{"kind": "entity", "entity": "ada"}'),
        lambda: read_where('{"kind": "overlaps", "start_ns": 0, "end_ns": 9223372036854775808}'),
        lambda: read_where({"kind": "all", "of": [3]}),
    ],
)
def test_what_makes_no_sense_is_a_query_error(make: Callable[[], object]) -> None:
    with pytest.raises(QueryError):
        make()


@pytest.mark.parametrize("levels", [40, 250, 1_000, 100_000])
def test_a_hostile_depth_is_refused_before_it_costs_the_stack(levels: int) -> None:
    written = '{"kind":"not","of":' * levels + '{"kind":"exists","field":"a"}' + "}" * levels
    with pytest.raises(QueryError):
        read_where(written)
    parsed: dict[str, Any] = {"kind": "exists", "field": "a"}
    for _ in range(min(levels, 900)):  # deeper ones Python itself could not throw away
        parsed = {"kind": "not", "of": parsed}
    with pytest.raises(QueryError):
        read_where(parsed)
    where: Where = Exists(field="a")
    for _ in range(31):
        where = Not(of=where)
    with pytest.raises(QueryError, match="more than 32 levels"):
        Not(of=where)


def test_a_hostile_size_is_refused() -> None:
    with pytest.raises(QueryError, match="more than 65,536 values"):
        field("a").is_in(range(70_000))
    with pytest.raises(QueryError, match="more than 65,536 values"):
        AnyOf(of=tuple(field("a").is_in(range(30_000)) for _ in range(3)))
    with pytest.raises(QueryError):
        read_where('{"kind":"any","of":[' + ",".join(['{"kind":"exists","field":"a"}'] * 70_000) + "]}")


def test_a_filter_cannot_be_changed() -> None:
    where = Entity(entity="person:a:b")
    assert where.named == ("person", "a:b")
    with pytest.raises(ValueError, match="frozen"):
        where.entity = "person:b"  # type: ignore[misc] # that is the fault
