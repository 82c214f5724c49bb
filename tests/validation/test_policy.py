from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchdown.validation.policy import Tolerance
from watchdown_schemas.errors import RunError

counts = st.integers(0, 10**7)


@pytest.mark.parametrize(
    ("share", "good", "refused", "objection"),
    [
        (0, 0, 0, None),
        (0, 9, 0, None),
        (0, 9, 1, "1 of 10 rows were refused, none may be"),
        (0.1, 9, 1, None),
        (0.1, 90, 11, "11 of 101 rows were refused, at most 0.1 of them may be"),
        (0.3, 7, 3, None),
        (1, 1, 99, None),
        (1, 0, 1, "every row was refused"),
        (0, 0, 5, "every row was refused"),
    ],
)
def test_a_run_goes_on_with_as_many_bad_rows_as_are_tolerated(
    share: float, good: int, refused: int, objection: str | None
) -> None:
    assert Tolerance(share).objection(good, refused) == objection


@given(counts, counts)
def test_without_tolerance_any_bad_row_holds_back_a_run(good: int, refused: int) -> None:
    assert (Tolerance(0).objection(good, refused) is None) == (refused == 0)


@given(st.integers(0, 1000), st.integers(1, 10**6), counts)
def test_the_share_is_of_all_rows_and_is_itself_tolerated(thousandths: int, good: int, refused: int) -> None:
    tolerated = Fraction(refused, good + refused) <= Fraction(thousandths, 1000)
    assert (Tolerance(thousandths / 1000).objection(good, refused) is None) == tolerated


@pytest.mark.parametrize("share", [-0.1, 1.1, 5, math.nan, math.inf])
def test_what_is_no_share_is_refused(share: float) -> None:
    with pytest.raises(RunError, match=r"tolerance: is .*, no share of the rows"):
        Tolerance(share)
