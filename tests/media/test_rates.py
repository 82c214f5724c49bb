from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from watchdown.media.facts import VideoFacts
from watchdown.media.rates import STANDARD, RateMeter, snap
from watchdown_schemas.time import frame_start

standard = st.sampled_from([rate for rate in STANDARD if rate >= 10])
time_bases = st.sampled_from(
    [Fraction(1, 1000), Fraction(1, 90_000), Fraction(1, 600), Fraction(1, 1_000_000)]
)


def stamps(rate: Fraction, time_base: Fraction, count: int, first: int) -> list[int]:
    return [first + round(n / rate / time_base) for n in range(count)]


@given(standard, time_bases, st.integers(2, 500), st.integers(0, 10**9))
def test_rounded_time_stamps_still_give_the_rate_and_each_frame_its_time(
    rate: Fraction, time_base: Fraction, count: int, first: int
) -> None:
    meter = RateMeter(time_base)
    shown = stamps(rate, time_base, count, first)
    for pts in shown:
        meter.add(pts)
    meter.finish()
    stated = Fraction(round(rate * 1000), 1000)
    assert (meter.frames, meter.first, meter.last) == (count, first, shown[-1])
    assert not meter.variable
    assert meter.rate(stated) == rate
    facts = VideoFacts(
        index=0,
        codec="h264",
        width=16,
        height=16,
        pixel_aspect=Fraction(1),
        rotation=0,
        rate=rate,
        variable_rate=False,
        frames=count,
        time_base=time_base,
        first_pts=first,
        duration_ns=0,
    )
    assert [facts.time_of(pts) for pts in shown] == [frame_start(n, rate) for n in range(count)]


@given(standard, st.permutations(range(8)))
def test_order_in_the_file_does_not_matter(rate: Fraction, order: list[int]) -> None:
    shown = stamps(rate, Fraction(1, 90_000), 8, 0)
    meter = RateMeter(Fraction(1, 90_000))
    for n in order:
        meter.add(shown[n])
    meter.finish()
    assert (meter.frames, meter.first, meter.last, meter.variable) == (8, 0, shown[-1], False)


@given(standard)
def test_snapping_leaves_standard_and_odd_rates_alone(rate: Fraction) -> None:
    assert snap(rate) == rate
    assert snap(rate * Fraction(10_005, 10_000)) == rate * Fraction(10_005, 10_000)


def test_the_wait_for_a_lost_frame_makes_the_rate_variable() -> None:
    meter = RateMeter(Fraction(1, 1000))
    for pts in [0, 40, 80, 160, 200]:
        meter.add(pts)
    meter.finish()
    assert meter.variable
