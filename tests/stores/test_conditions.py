"""What Lance is asked to look up; that the answers are right, the conformance suite proves."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from conformance.filters import Card, Goal
from watchdown.stores.lance.conditions import Table, condition
from watchdown.stores.shared import native, shared_schema
from watchdown.stores.tokens import TOKENS
from watchdown.where import All, Entity, Exists, Intersects, Not, Overlaps, Where, field
from watchdown.where import Any as AnyOf
from watchdown_schemas.types import Label, Shot

LABELS = Table((Label,), frozenset([*native(Label).names, TOKENS]), shared=False)
GOALS = Table((Goal,), frozenset(shared_schema().names), shared=True)
BOTH = Table((Goal, Card), frozenset(shared_schema().names), shared=True)


@pytest.mark.parametrize(
    ("where", "table"),
    [
        (field("label") == "car", LABELS),
        (field("label") != "car", LABELS),
        (field("label").is_in([f"l{n}" for n in range(10_000)]), LABELS),
        (field("confidence") >= 0.5, LABELS),
        ((field("confidence") >= 0.5) & (field("label") == "it's") & (field("version") == "1.0.0"), LABELS),
        (Overlaps(start_ns=0, end_ns=10), LABELS),
        (Entity(entity="person:ada"), LABELS),
        (field("mood") == "low", LABELS),
        (field("mood") == 5, LABELS),
        (field("mood") == datetime(2026, 1, 1, tzinfo=UTC), LABELS),
        (~field("mood").exists(), LABELS),
        (field("minute") == 5, GOALS),
        (field("scorer") == "ada", GOALS),
        (field("label") == "car", BOTH),
        (~(field("order") == "x") | field("late").exists(), BOTH),
    ],
    ids=lambda one: str(one)[:60],
)
def test_what_columns_and_tokens_tell_is_looked_up_whole(where: Where, table: Table) -> None:
    found = condition(where, table)
    assert found.exact
    assert found.sql not in ("true", "false")


@pytest.mark.parametrize(
    ("where", "table"),
    [
        (field("mood") > 5, LABELS),
        (field("mood") == "x" * 1_000, LABELS),
        (Intersects(wkt="POINT (0.5 0.5)"), LABELS),
        (field("minute") > 5, GOALS),
        (field("minute") == 2**53 + 1, GOALS),
        (field("comment") == "He scores", GOALS),
        ((field("label") == "car") & (field("mood") > 5), LABELS),
    ],
    ids=lambda one: str(one)[:60],
)
def test_of_the_rest_what_can_be_told_is_looked_up_and_then_checked(where: Where, table: Table) -> None:
    found = condition(where, table)
    assert not found.exact
    assert found.sql not in ("true", "false")


def test_what_cannot_be_told_is_checked_row_by_row() -> None:
    for where in (~(field("mood") > 5), (field("mood") > 5) | ~(field("mood") > 5)):
        found = condition(where, LABELS)
        assert (found.sql, found.exact) == ("true", False)


def test_what_no_row_or_every_row_answers_is_not_looked_up() -> None:
    old = Table((Label,), frozenset(native(Label).names) - {"attributes", "entities"}, shared=False)
    nothing = [
        AnyOf(of=()),
        field("label").is_in([]),
        field("mood") == 3,
        Exists(field="attributes"),
        (field("label") == "car") & AnyOf(of=()),
        field("confidence") == 10**400,
    ]
    for where in nothing:
        assert condition(where, old).sql == "false"
        assert condition(Not(of=where), old).sql == "true"
        assert condition(where, old).exact
    assert condition(All(of=()), old).sql == "true"
    assert condition(None, old).sql == "true"


def test_a_deep_filter_is_looked_up_as_far_as_the_parser_goes() -> None:
    where: Where = field("number") == 0
    for level in range(14):
        where = (where & (field("number") != level)) | (field("number") == -level)
    table = Table((Shot,), frozenset([*native(Shot).names, TOKENS]), shared=False)
    found = condition(where, table)
    assert not found.exact
    assert "number" in found.sql
