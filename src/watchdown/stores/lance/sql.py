"""Conditions in Lance's SQL: what keeps every row that answers a leaf of a filter, and often no other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from watchdown import where as w
from watchdown.stores.bounds import LEAST, MOST, Leaf, OneOf, Test, floats, integers, texts, truths
from watchdown.stores.tokens import EXACT_UP_TO, TOKENS, moment_token, name_token, number_token, text_token
from watchdown_schemas.fields import Field
from watchdown_schemas.roles import Attributes, Vector

LONGEST: Final = 1_000_000  # letters of all values of a leaf; more are left to the exact filter
MOST_LOOKED_UP: Final = 100  # values that a list is searched for, element by element


@dataclass(frozen=True, slots=True)
class Condition:
    """SQL that holds for every row that answers; `exact` where it holds for no other."""

    sql: str
    exact: bool = True


EVERY: Final = Condition("true")
NONE: Final = Condition("false")
UNKNOWN: Final = Condition("true", exact=False)


def quoted(text: str) -> str:
    """Return text as a literal."""
    return "'" + text.replace("'", "''") + "'"


def combined(parts: Sequence[Condition], *, every: bool) -> Condition:
    """Return the condition that every part holds, or any of them."""
    settled, moot = (NONE, EVERY) if every else (EVERY, NONE)
    if settled in parts:
        return settled
    said = [part for part in parts if part != moot]
    if not said:
        return moot
    exact = all(part.exact for part in said)
    if not every and any(part.sql == "true" for part in said):
        return UNKNOWN
    told = dict.fromkeys(part.sql for part in said if part.sql != "true")
    joint = " AND " if every else " OR "
    return Condition(joint.join(f"({sql})" for sql in told) or "true", exact)


def opposite(condition: Condition) -> Condition:
    """Return the condition that a leaf does not hold."""
    if not condition.exact:
        return UNKNOWN
    plain = {"true": NONE, "false": EVERY}
    return plain.get(condition.sql) or Condition(f"NOT coalesce({condition.sql}, false)")


def on_column(leaf: Leaf | w.Exists, field: Field) -> Condition:
    """Return the condition of a leaf on the column of a field."""
    column = f"`{field.name}`"
    listed = field.many or field.role(Attributes) is not None
    if isinstance(leaf, w.Exists):
        return Condition(f"array_length({column}) > 0" if listed else f"{column} IS NOT NULL")
    if field.role(Vector) or field.role(Attributes):
        return NONE
    if field.kind is bool:
        taken = truths(leaf)
        sql = " OR ".join(f"{column} = {str(one).lower()}" for one in sorted(taken)) or "false"
    elif field.kind is str:
        return _on_texts(texts(leaf), column) if field.many else _on_text(texts(leaf), column)
    elif field.kind is int:
        sql = _on_integer(integers(leaf), column)
    else:
        return _there(column) if field.many else _on_float(floats(leaf), column)
    return _there(column) if field.many else Condition(sql)


def _there(column: str) -> Condition:
    return Condition(f"array_length({column}) > 0", exact=False)


def _on_texts(test: Test[str], column: str) -> Condition:
    """Return the condition of a list of texts."""
    if not isinstance(test, OneOf) or len(test.values) > MOST_LOOKED_UP or _too_long(test.values):
        return _there(column)
    return _has(column, sorted(test.values))


def _has(column: str, sought: Sequence[str]) -> Condition:
    """Return the condition that a list of texts has one of those sought."""
    if not sought:
        return NONE
    if len(sought) == 1:
        return Condition(f"array_has({column}, {quoted(sought[0])})")
    return Condition(f"array_has_any({column}, make_array({', '.join(map(quoted, sought))}))")


def _too_long(values: Sequence[str] | frozenset[str]) -> bool:
    return sum(map(len, values)) > LONGEST


def _on_text(test: Test[str], column: str) -> Condition:
    if isinstance(test, OneOf):
        if _too_long(test.values):
            return Condition(f"{column} IS NOT NULL", exact=False)
        return Condition(_one_of(column, [quoted(one) for one in sorted(test.values)]))
    if _too_long([bound for _, bound in test.bounds]):
        return Condition(f"{column} IS NOT NULL", exact=False)
    return Condition(" AND ".join(f"{column} {sign} {quoted(bound)}" for sign, bound in test.bounds))


def _one_of(column: str, literals: Sequence[str]) -> str:
    if not literals:
        return "false"
    return f"{column} = {literals[0]}" if len(literals) == 1 else f"{column} IN ({', '.join(literals)})"


def _on_integer(test: Test[int], column: str) -> str:
    if isinstance(test, OneOf):
        # The parser takes the least of all integers for a float.
        least = [f"{column} < {LEAST + 1}"] if LEAST in test.values else []
        others = sorted(test.values - {LEAST})
        return (
            " OR ".join([*least, *([_one_of(column, list(map(str, others)))] if others else [])]) or "false"
        )
    (_, low), (_, high) = test.bounds
    return f"{at_least(column, low)} AND {at_most(column, high)}"


def at_least(column: str, low: int) -> str:
    """Return the condition that an integer column has no less."""
    return f"{column} >= {low}" if low > LEAST else f"{column} IS NOT NULL"


def at_most(column: str, high: int) -> str:
    """Return the condition that an integer column has no more."""
    return f"{column} <= {high}" if high < MOST else f"{column} IS NOT NULL"


def _on_float(test: Test[float], column: str) -> Condition:
    if isinstance(test, OneOf):
        return Condition(" OR ".join(f"{column} = {one!r}" for one in sorted(test.values)) or "false")
    if any(math.isinf(bound) for _, bound in test.bounds):
        return Condition(f"{column} IS NOT NULL", exact=False)
    # Lance orders NaN above all numbers.
    bounds = " AND ".join(f"{column} {sign} {bound!r}" for sign, bound in test.bounds)
    return Condition(f"{bounds} AND NOT isnan({column})")


def on_tokens(leaf: Leaf | w.Exists, *, has_text: bool) -> Condition:
    """Return the condition of a leaf on the tokens of attributes; words of text have no tokens."""
    there = Condition(f"array_has({TOKENS}, {quoted(name_token(leaf.field))})")
    if isinstance(leaf, w.Exists):
        return there
    somewhere = Condition(there.sql, exact=False)
    if isinstance(leaf, w.Range):
        return somewhere
    sought: dict[str, bool] = {}
    for value in (leaf.value,) if isinstance(leaf, w.Is) else leaf.values:
        token, exact = _token(leaf.field, value)
        if token is None or (has_text and isinstance(value, str)):
            return somewhere
        sought[token] = exact and sought.get(token, True)
    if len(sought) > MOST_LOOKED_UP:
        return somewhere
    return Condition(_has(TOKENS, sorted(sought)).sql, all(sought.values()))


def _token(name: str, value: Any) -> tuple[str | None, bool]:
    """Return the token of a value, None where it has none, and whether no other value shares it."""
    if isinstance(value, str):
        return text_token(name, value), True
    if isinstance(value, datetime):
        return moment_token(name, w.moment_ns(value)), True
    try:
        near = float(value)
    except OverflowError:
        return None, False
    return number_token(name, near), near == value and abs(near) < EXACT_UP_TO
