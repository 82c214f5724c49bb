from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentimelineio.opentime import RationalTime, to_timecode

from watchdown_schemas.time import NS, frame_at, frame_number, frame_start, from_pts, timecode

RATES = [
    Fraction(24000, 1001),
    Fraction(24),
    Fraction(25),
    Fraction(30000, 1001),
    Fraction(30),
    Fraction(50),
    Fraction(60000, 1001),
    Fraction(60),
]
DROP = [Fraction(30000, 1001), Fraction(60000, 1001)]
DAY = 24 * 60 * 60
rates = st.sampled_from(RATES)


@st.composite
def frames(draw: st.DrawFn, rates: st.SearchStrategy[Fraction] = rates) -> tuple[int, Fraction]:
    """A frame of a day at a rate, often one beside a whole minute."""
    rate = draw(rates)
    minutes = draw(st.integers(0, 24 * 60 - 1)) * 60 * round(rate)
    anywhere = draw(st.integers(0, DAY * round(rate) - 1))
    beside = min(max(0, minutes + draw(st.integers(-4, 4))), DAY * round(rate) - 1)
    return draw(st.sampled_from([anywhere, beside])), rate


@given(frames())
def test_a_frame_is_on_screen_from_its_first_nanosecond_to_its_last(case: tuple[int, Fraction]) -> None:
    frame, rate = case
    first, following = frame_start(frame, rate), frame_start(frame + 1, rate)
    assert frame_at(first, rate) == frame
    assert frame_at(following - 1, rate) == frame
    assert frame_at(following, rate) == frame + 1


@given(frames())
def test_a_frame_begins_at_the_first_nanosecond_of_its_exact_time(case: tuple[int, Fraction]) -> None:
    frame, rate = case
    assert 0 <= frame_start(frame, rate) - frame * NS / rate < 1


@given(st.integers(0, DAY * NS), rates)
def test_every_nanosecond_lies_within_its_frame(ns: int, rate: Fraction) -> None:
    frame = frame_at(ns, rate)
    assert frame_start(frame, rate) <= ns < frame_start(frame + 1, rate)


@pytest.mark.parametrize("rate", RATES, ids=str)
def test_the_last_frames_of_a_day_are_as_exact_as_the_first(rate: Fraction) -> None:
    last = DAY * round(rate)
    assert all(frame_at(frame_start(n, rate), rate) == n for n in [*range(5000), *range(last - 5000, last)])


@given(frames())
def test_a_media_time_stamp_of_a_frame_is_that_frame(case: tuple[int, Fraction]) -> None:
    frame, rate = case
    assert from_pts(frame, 1 / rate) == frame_start(frame, rate)


@given(frames())
def test_time_code_without_dropped_numbers_is_that_of_opentimelineio(case: tuple[int, Fraction]) -> None:
    frame, rate = case
    frame %= frame_at(DAY * NS, rate)  # OpenTimelineIO begins anew after a day of real time
    expected = to_timecode(RationalTime(frame, float(rate)), float(rate), drop_frame=False)
    assert timecode(frame_start(frame, rate), rate, drop_frame=False) == expected


@given(frames(st.sampled_from(DROP)))
def test_drop_frame_time_code_is_that_of_opentimelineio(case: tuple[int, Fraction]) -> None:
    frame, rate = case
    frame %= frame_number("23:59:59;29", rate)
    expected = to_timecode(RationalTime(frame, float(rate)), float(rate), drop_frame=True)
    assert timecode(frame_start(frame, rate), rate) == expected


@given(frames(), st.booleans())
def test_the_frame_number_of_a_time_code_is_its_frame(case: tuple[int, Fraction], drop: bool) -> None:  # noqa: FBT001 - drawn
    frame, rate = case
    code = timecode(frame_start(frame, rate), rate, drop_frame=drop)
    day = frame_number("23:59:59:00", rate) + round(rate)
    if ";" in code:
        day = frame_number("23:59:59;29", rate) + 1 + round(rate) - 30
    assert frame_number(code, rate) == frame % day


@given(st.integers(0, DAY * NS), rates, st.integers(0, 10**6))
def test_a_source_that_starts_later_counts_on_from_there(ns: int, rate: Fraction, start: int) -> None:
    expected = timecode(frame_start(frame_at(ns, rate) + start, rate), rate)
    assert timecode(ns, rate, start_frame=start) == expected


@pytest.mark.parametrize(
    ("frame", "rate", "code"),
    [
        (0, RATES[3], "00:00:00;00"),
        (1799, RATES[3], "00:00:59;29"),
        (1800, RATES[3], "00:01:00;02"),
        (17982, RATES[3], "00:10:00;00"),
        (3600, RATES[6], "00:01:00;04"),
        (86399, RATES[0], "00:59:59:23"),
        (50 * 3600, RATES[5], "01:00:00:00"),
    ],
)
def test_known_time_codes_come_out(frame: int, rate: Fraction, code: str) -> None:
    assert timecode(frame_start(frame, rate), rate) == code


@pytest.mark.parametrize(
    ("code", "rate"),
    [
        ("", RATES[2]),
        ("10", RATES[2]),
        ("00:00:00", RATES[2]),
        ("00:00:00:00:00", RATES[2]),
        ("00;00;00;00", RATES[3]),
        ("-1:00:00:00", RATES[2]),
        ("aa:00:00:00", RATES[2]),
        ("²0:00:00:00", RATES[2]),
        ("24:00:00:00", RATES[2]),
        ("00:60:00:00", RATES[2]),
        ("00:00:60:00", RATES[2]),
        ("00:00:00:25", RATES[2]),
        ("00:00:00;00", RATES[2]),
        ("00:01:00;00", RATES[3]),
        ("00:01:00;03", RATES[6]),
    ],
)
def test_what_is_no_time_code_at_a_rate_is_refused(code: str, rate: Fraction) -> None:
    with pytest.raises(ValueError, match=r"time code|drop frame|out of range"):
        frame_number(code, rate)


@pytest.mark.parametrize("rate", [Fraction(24000, 1001)], ids=str)
def test_frame_100_lies_between_4_17_and_4_18_seconds(rate: Fraction) -> None:
    assert 4_170_000_000 <= frame_start(100, rate) < 4_180_000_000
    assert frame_at(4_180_000_000, rate) == 100
