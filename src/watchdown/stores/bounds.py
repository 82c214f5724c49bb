"""What a leaf asks of values of one kind, exactly: whole numbers and floats never meet by rounding."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeAlias, TypeVar

from watchdown.where import In, Is, Range, moment_ns
from watchdown.where.values import ValueKind, value_kind

T = TypeVar("T")
Leaf: TypeAlias = Is | In | Range

LEAST: Final = -(2**63)
MOST: Final = 2**63 - 1
SIGNS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "<": operator.lt,
}


@dataclass(frozen=True, slots=True)
class OneOf(Generic[T]):
    """A value must be one of these."""

    values: frozenset[T]


@dataclass(frozen=True, slots=True)
class Within(Generic[T]):
    """A value must stand so to every bound: (sign, bound)."""

    bounds: tuple[tuple[str, T], ...]


Test: TypeAlias = OneOf[T] | Within[T]


def of_kind(leaf: Leaf, kind: ValueKind) -> Test[Any]:
    """Return what a leaf asks of values of a kind; moments are nanoseconds since 1970."""
    if isinstance(leaf, Range):
        bounds = tuple((sign, _plain(value)) for sign, value in leaf.bounds if value_kind(value) == kind)
        return Within(bounds) if bounds else OneOf(frozenset())
    values = (leaf.value,) if isinstance(leaf, Is) else leaf.values
    return OneOf(frozenset(_plain(value) for value in values if value_kind(value) == kind))


def _plain(value: Any) -> Any:
    return moment_ns(value) if value_kind(value) == "moment" else value


def texts(leaf: Leaf) -> Test[str]:
    """Return what a leaf asks of text."""
    return of_kind(leaf, "text")


def moments(leaf: Leaf) -> Test[int]:
    """Return what a leaf asks of moments, as what it asks of 64-bit nanoseconds."""
    return _whole(of_kind(leaf, "moment"))


def integers(leaf: Leaf) -> Test[int]:
    """Return what a leaf asks of 64-bit whole numbers."""
    return _whole(of_kind(leaf, "number"))


def _whole(test: Test[Any]) -> Test[int]:
    if isinstance(test, OneOf):
        return OneOf(frozenset(int(one) for one in test.values if one == int(one) and LEAST <= one <= MOST))
    low, high = LEAST, MOST
    for sign, bound in test.bounds:
        if sign == ">=":
            low = max(low, math.ceil(bound))
        elif sign == ">":
            low = max(low, math.floor(bound) + 1)
        elif sign == "<=":
            high = min(high, math.floor(bound))
        else:
            high = min(high, math.ceil(bound) - 1)
    return Within(((">=", low), ("<=", high))) if low <= high else OneOf(frozenset())


def floats(leaf: Leaf) -> Test[float]:
    """Return what a leaf asks of float64."""
    test = of_kind(leaf, "number")
    if isinstance(test, OneOf):
        return OneOf(frozenset(near for one in test.values if (near := _float(one)) == one))
    return Within(tuple(_on_float(sign, bound) for sign, bound in test.bounds))


def _on_float(sign: str, bound: float) -> tuple[str, float]:
    """Return a bound that keeps the same floats; the nearest float may lie to either side of it."""
    near = _float(bound)
    if near == bound:
        return sign, near
    if sign in (">=", ">"):
        return (">" if near < bound else ">="), near
    return ("<" if near > bound else "<="), near


def _float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def truths(leaf: Leaf) -> frozenset[bool]:
    """Return which of true and false a leaf takes."""
    test = of_kind(leaf, "number")
    if isinstance(test, OneOf):
        return frozenset({False, True} & test.values)
    return frozenset(
        truth for truth in (False, True) if all(SIGNS[sign](truth, bound) for sign, bound in test.bounds)
    )
