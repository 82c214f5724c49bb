from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from watchdown.stores.bounds import SIGNS, Test, floats, integers, truths
from watchdown.where import In, Is, Range

numbers = st.one_of(
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-3, 3).map(lambda near: 2**53 + near),
    st.integers(-3, 3).map(lambda near: 2**63 + near),
    st.sampled_from([0.0, -0.0, 10**400, -(10**400), True, False]),
)
stored_integers = st.one_of(
    st.integers(-(2**63), 2**63 - 1), st.integers(-3, 2).map(lambda near: 2**53 + near)
)
stored_floats = st.one_of(st.floats(), numbers.filter(lambda n: abs(n) < 1e308).map(float))
signs = st.sampled_from([("at_least", ">="), ("above", ">"), ("at_most", "<="), ("below", "<")])


def holds(test: Test[float] | Test[int], value: float) -> bool:
    """Whether a value passes, compared as the machine does: with numbers of its own kind."""
    if hasattr(test, "values"):
        assert all(type(one) is type(value) for one in test.values)
        return value in test.values
    assert all(type(bound) is type(value) for _, bound in test.bounds)
    return all(SIGNS[sign](value, bound) for sign, bound in test.bounds)


@given(stored_integers, numbers, signs)
def test_whole_numbers_are_compared_exactly_with_any_number(
    value: int, bound: float, sign: tuple[str, str]
) -> None:
    where = Range(field="n", **{sign[0]: bound})
    assert holds(integers(where), value) == SIGNS[sign[1]](Fraction(value), Fraction(bound))
    assert holds(integers(Is(field="n", value=bound)), value) == (Fraction(value) == Fraction(bound))


@given(stored_floats, numbers, signs)
def test_floats_are_compared_exactly_with_any_number(
    value: float, bound: float, sign: tuple[str, str]
) -> None:
    where = Range(field="n", **{sign[0]: bound})
    assert holds(floats(where), value) == SIGNS[sign[1]](value, bound)
    assert holds(floats(In(field="n", values=(bound, "text"))), value) == (value == bound)


@given(st.booleans(), numbers, signs)
def test_truth_is_compared_as_nought_and_one(value: bool, bound: float, sign: tuple[str, str]) -> None:  # noqa: FBT001 - drawn
    where = Range(field="n", **{sign[0]: bound})
    assert (value in truths(where)) == SIGNS[sign[1]](value, bound)
    assert (value in truths(Is(field="n", value=bound))) == (value == bound)
