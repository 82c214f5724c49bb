"""Clauses of OpenSearch's query language for what a leaf asks, each exact or keeping too much."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from watchdown.stores.bounds import LEAST, MOST, OneOf, Test

Query = dict[str, Any]
COMPARES: Final = {">=": "gte", ">": "gt", "<=": "lte", "<": "lt"}
LOWER: Final = (">=", ">")
MOST_TERMS: Final = 60_000  # the server's limit is 65,536
MOST_CLAUSES: Final = 500  # the server's limit is 1,024


@dataclass(frozen=True, slots=True)
class Clause:
    """A query that every row which answers matches; `exact` where no other does."""

    query: Query
    exact: bool = True


EVERY: Final = Clause({"match_all": {}})
NONE: Final = Clause({"match_none": {}})
UNKNOWN: Final = Clause({"match_all": {}}, exact=False)


def combined(parts: Sequence[Clause], *, every: bool) -> Clause:
    """Return the clause that every part holds, or any of them."""
    settled, moot = (NONE, EVERY) if every else (EVERY, NONE)
    if settled in parts:
        return settled
    said = [part for part in parts if part != moot]
    if not said:
        return moot
    told = [part.query for part in said if part != UNKNOWN]
    if len(told) > MOST_CLAUSES or (not every and len(told) < len(said)):
        return UNKNOWN
    joined = {"filter": told} if every else {"should": told, "minimum_should_match": 1}
    one = told[0] if told else EVERY.query
    return Clause({"bool": joined} if len(told) > 1 else one, all(part.exact for part in said))


def opposite(clause: Clause) -> Clause:
    """Return the clause that a leaf does not hold."""
    if not clause.exact:
        return UNKNOWN
    if clause in (EVERY, NONE):
        return NONE if clause == EVERY else EVERY
    return Clause({"bool": {"must_not": [clause.query]}})


def loose(clause: Clause) -> Clause:
    """Return a clause that no longer claims to be exact."""
    return Clause(clause.query, exact=False)


def term(field: str, value: Any) -> Clause:
    """Return the clause that a field has a value."""
    return Clause({"term": {field: value}})


def terms(field: str, values: Sequence[Any]) -> Clause:
    """Return the clause that a field has one of these values."""
    if not values:
        return NONE
    return term(field, values[0]) if len(values) == 1 else Clause({"terms": {field: list(values)}})


def exists(field: str) -> Clause:
    """Return the clause that a field has a value that is indexed."""
    return Clause({"exists": {"field": field}})


def nested(path: str, *parts: Clause) -> Clause:
    """Return the clause that one entry of a nested field holds every part."""
    inner = combined(parts, every=True)
    return NONE if inner == NONE else Clause({"nested": {"path": path, "query": inner.query}}, inner.exact)


def on_values(test: Test[Any], field: str) -> Clause:
    """Return the clause that a field has a value that passes a test."""
    if isinstance(test, OneOf):
        values = sorted(_plain(one) for one in test.values)
        return terms(field, values) if len(values) <= MOST_TERMS else loose(exists(field))
    sides: dict[str, tuple[str, Any]] = {}
    for sign, bound in test.bounds:
        if isinstance(bound, float) and math.isinf(bound):
            if (bound > 0) == (sign in LOWER):  # nothing that is indexed lies beyond
                return NONE
        elif (sign, bound) not in ((">=", LEAST), ("<=", MOST)):  # which every number is within
            side = "low" if sign in LOWER else "high"
            sides[side] = _tighter(sides.get(side, (sign, bound)), (sign, bound))
    bounds = {COMPARES[sign]: _plain(bound) for sign, bound in sides.values()}
    return Clause({"range": {field: bounds}}) if bounds else exists(field)


def _tighter(one: tuple[str, Any], other: tuple[str, Any]) -> tuple[str, Any]:
    """Return the bound, of two on the same side, that lets less through."""
    (sign, bound), (_, limit) = one, other
    if bound == limit:
        return one if sign in (">", "<") else other
    return one if (bound > limit) == (sign in LOWER) else other


def _plain(value: Any) -> Any:
    return value + 0.0 if isinstance(value, float) else value
