"""The governor: what it makes of what a store bears, step by step, without clock or database."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchdown.load.governor import BOUND, ENOUGH, KEPT, LEAST, SETTLE_S, Governed, Seen, govern

IDLE = tuple([10.0] * ENOUGH)
KNOWN = Governed(idle=IDLE, idle_at=1000.0, at=1000.0)
LOOKS = st.builds(
    Seen,
    limit=st.none() | st.floats(0, 1e6),
    used=st.floats(0, 1e6),
    rejected=st.integers(0, 3),
    searched_ms=st.lists(st.floats(0, 1e4), max_size=3),
    queued=st.none() | st.floats(0, 50),
)


def after(was: Governed, seen: Sequence[Seen]) -> Governed:
    """Return the state after one look a second."""
    for one in seen:
        was = govern(was, was.at + 1, one)
    return was


def test_rejections_halve_the_rate_at_once_and_say_why() -> None:
    ruled = govern(KNOWN, 1001.0, Seen(limit=2000.0, used=1900.0, rejected=12))
    assert (ruled.rate, ruled.peak, ruled.why, ruled.rejected) == (950.0, 1900.0, "12 rejections", 12)


def test_what_is_too_much_twice_within_moments_counts_once() -> None:
    busy = Seen(used=1000.0, rejected=5)
    ruled = after(KNOWN, [busy, busy])
    assert (ruled.rate, ruled.rejected) == (500.0, 10)
    assert after(ruled, [busy] * int(SETTLE_S)).rate == 250.0


def test_a_queue_that_grows_halves_the_rate_and_one_that_shrinks_does_not() -> None:
    assert after(KNOWN, [Seen(used=800.0, queued=9.0)]).rate == 400.0
    shrinking = after(KNOWN, [Seen(queued=9.0), Seen(used=800.0, queued=8.0)])
    assert shrinking.rate is None


def test_slow_searches_halve_the_rate_once_enough_of_them_say_so() -> None:
    slow = Seen(used=1000.0, searched_ms=[10.0 * BOUND + 5])
    assert after(KNOWN, [slow] * (ENOUGH - 1)).rate is None
    ruled = after(KNOWN, [slow] * ENOUGH)
    assert (ruled.rate, ruled.recent) == (500.0, ())
    assert ruled.why == "searches take 17 ms (p95), 10 ms at rest"


def test_one_slow_search_among_many_decides_nothing() -> None:
    quick, slow = Seen(used=1000.0, searched_ms=[10.0]), Seen(used=1000.0, searched_ms=[900.0])
    assert after(KNOWN, [quick, quick, slow, quick, quick, quick]).rate is None


def test_quiet_raises_the_rate_up_to_the_limit_and_then_only_that_counts() -> None:
    ruled = govern(KNOWN, 1001.0, Seen(limit=1000.0, used=1000.0, rejected=1))
    rates = []
    while ruled.rate is not None:
        rates.append(ruled.rate)
        ruled = govern(ruled, ruled.at + 1, Seen(limit=1000.0, used=ruled.rate))
    assert rates == pytest.approx([500.0 + 50 * step for step in range(10)])
    assert ruled.why == ""


def test_a_rate_that_nobody_wants_is_not_raised() -> None:
    ruled = govern(KNOWN, 1001.0, Seen(used=1000.0, rejected=1))
    assert after(ruled, [Seen(used=300.0)] * 20).rate == 500.0


def test_searches_that_stay_slow_beside_hardly_any_load_are_taken_for_normal() -> None:
    slow = Seen(used=LEAST, searched_ms=[50.0])
    ruled = after(KNOWN, [slow] * (3 * KEPT))
    assert ruled.idle_p95_ms == 50.0
    assert ruled.rate is not None
    assert ruled.rate > LEAST
    assert "as slow beside hardly any load" in ruled.why


def test_searches_under_load_that_are_quicker_than_those_at_rest_are_taken_for_normal() -> None:
    ruled = after(KNOWN, [Seen(used=1000.0, searched_ms=[6.0])] * KEPT)
    assert ruled.idle_p95_ms == 6.0


def test_without_searches_at_rest_no_search_is_slow() -> None:
    ruled = after(Governed(at=1000.0), [Seen(used=1000.0, searched_ms=[9e4])] * KEPT)
    assert ruled.rate is None


@pytest.mark.parametrize("jump", [-3600.0, 3700.0])
def test_a_clock_that_was_set_leaves_no_rate_of_long_ago(jump: float) -> None:
    ruled = govern(KNOWN, 1001.0, Seen(used=1000.0, rejected=1))
    ruled = govern(ruled, ruled.at + jump, Seen(used=1000.0))
    assert (ruled.rate, ruled.idle) == (None, IDLE)
    assert ruled.idle_at <= ruled.at


@given(seen=st.lists(st.tuples(st.floats(-4000, 4000), LOOKS), max_size=60))
def test_the_rate_is_never_below_the_least_nor_wanting_in_anything(seen: list[tuple[float, Seen]]) -> None:
    ruled = KNOWN
    for seconds, one in seen:
        ruled = govern(ruled, ruled.at + seconds, one)
        assert len(ruled.recent) <= KEPT
        assert len(ruled.idle) <= KEPT
        if ruled.rate is not None:
            assert min(LEAST, *(inf if each.limit is None else each.limit for _, each in seen)) <= ruled.rate
            assert ruled.rate < inf
            assert ruled.peak > 0
