from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentimelineio.opentime import RationalTime, to_timecode
from opentimelineio.opentime import from_timecode as otio_from_timecode

from watchdown_schemas.time import (
    NS,
    frame_at,
    frame_number,
    frame_start,
    frames_of_range,
    frames_per_day,
    from_pts,
    from_seconds,
    from_timecode,
    range_of_frames,
    seconds,
    seconds_text,
    timecode,
)

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
    assert frame_number(code, rate) == frame % frames_per_day(rate, drop_frame=drop)


@given(frames(), st.booleans())
def test_the_frame_number_of_a_time_code_is_that_of_opentimelineio(
    case: tuple[int, Fraction],
    drop: bool,  # noqa: FBT001 - drawn
) -> None:
    frame, rate = case
    code = timecode(frame_start(frame, rate), rate, drop_frame=drop)
    assert frame_number(code, rate) == otio_from_timecode(code, float(rate)).value


@given(frames(), st.booleans(), st.integers(0, 10**7))
def test_a_time_code_leads_back_to_the_nanosecond_also_past_midnight(
    case: tuple[int, Fraction],
    drop: bool,  # noqa: FBT001 - drawn
    start: int,
) -> None:
    frame, rate = case
    ns = frame_start(frame % frames_per_day(rate, drop_frame=drop), rate)
    code = timecode(ns, rate, start_frame=start, drop_frame=drop)
    assert from_timecode(code, rate, start_frame=start) == ns


@pytest.mark.parametrize(
    ("rate", "drop", "frames", "last"),
    [
        (RATES[0], False, 2_073_600, "23:59:59:23"),
        (RATES[2], False, 2_160_000, "23:59:59:24"),
        (RATES[3], True, 2_589_408, "23:59:59;29"),
        (RATES[3], False, 2_592_000, "23:59:59:29"),
        (RATES[6], True, 5_178_816, "23:59:59;59"),
    ],
)
def test_time_code_begins_anew_after_a_day_of_its_own(
    rate: Fraction,
    drop: bool,  # noqa: FBT001 - a table's column
    frames: int,
    last: str,
) -> None:
    assert frames_per_day(rate, drop_frame=drop) == frames
    assert timecode(frame_start(frames - 1, rate), rate, drop_frame=drop) == last
    assert frame_number(timecode(frame_start(frames, rate), rate, drop_frame=drop), rate) == 0


@pytest.mark.parametrize("rate", RATES, ids=str)
@pytest.mark.parametrize("drop", [False, True])
def test_every_code_of_an_hour_and_of_the_last_minutes_of_a_day_leads_back(
    rate: Fraction,
    drop: bool,  # noqa: FBT001 - a table's column
) -> None:
    day, hour = frames_per_day(rate, drop_frame=drop), 3600 * round(rate)
    for frame in [*range(0, hour, 7), *range(day - hour // 20, day)]:
        ns = frame_start(frame, rate)
        assert from_timecode(timecode(ns, rate, drop_frame=drop), rate) == ns


@given(st.integers(0, DAY * NS))
def test_seconds_lose_no_nanosecond_of_a_day(ns: int) -> None:
    assert from_seconds(seconds(ns)) == ns
    assert from_seconds(seconds_text(ns)) == ns
    assert from_seconds(Decimal(seconds_text(ns))) == ns
    assert from_seconds(Fraction(ns, NS)) == ns


@given(st.integers())
def test_exact_seconds_come_back_however_long_and_before_zero(ns: int) -> None:
    assert from_seconds(seconds_text(ns)) == from_seconds(f"{ns}/{NS}") == ns
    assert Fraction(seconds_text(ns)) * NS == ns


@given(frames())
def test_seconds_of_a_frame_lead_to_its_start_in_every_form(case: tuple[int, Fraction]) -> None:
    frame, rate = case
    start = frame_start(frame, rate)
    assert from_seconds(frame / rate) == start
    assert from_seconds(str(frame / rate)) == start
    assert from_seconds(float(frame / rate)) == start
    assert from_seconds(seconds(start)) == start
    assert frame_at(from_seconds(seconds_text(start)), rate) == frame


@given(frames())
def test_seconds_of_a_frame_are_those_of_opentimelineio(case: tuple[int, Fraction]) -> None:
    frame, rate = case
    assert from_seconds(RationalTime(frame, float(rate)).to_seconds()) == frame_start(frame, rate)
    there = RationalTime.from_seconds(seconds(frame_start(frame, rate)), float(rate))
    assert round(there.value) == frame


@pytest.mark.parametrize(
    ("value", "ns"),
    [
        ("4.17", 4_170_000_000),
        ("1001/240", 4_170_833_334),
        (".5", NS // 2),
        ("-2.", -2 * NS),
        (0.1, NS // 10),
        (3, 3 * NS),
        (Decimal("1e-9"), 1),
        (Fraction(1, 3), 333_333_334),
    ],
)
def test_known_seconds_come_out(value: float | Fraction | Decimal | str, ns: int) -> None:
    assert from_seconds(value) == ns


@pytest.mark.parametrize(
    "value",
    [
        *(
            "",
            "4,17",
            "1e9",
            "1e999999999",
            "nan",
            "inf",
            "1/0",
            "1/00",
            "0x10",
            "1_000",
            " 1",
            "٤",
            "9" * 5000,
        ),
        *(float("nan"), float("inf"), Decimal("nan"), Decimal("-inf")),
    ],
)
def test_what_is_no_number_of_seconds_is_refused(value: float | Decimal | str) -> None:
    with pytest.raises(ValueError, match="number of seconds"):
        from_seconds(value)


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


@given(frames(), st.integers(0, 5000))
def test_a_range_of_frames_holds_these_frames_and_no_other(case: tuple[int, Fraction], more: int) -> None:
    first, rate = case
    start, end = range_of_frames(first, first + more, rate)
    assert frames_of_range(start, end, rate) == range(first, first + more + 1)
    assert frames_of_range(end, end + 1, rate) == range(first + more + 1, first + more + 2)
    assert frames_of_range(start, start, rate) == range(0)


@given(st.integers(0, DAY * NS), st.integers(1, 100 * NS), rates)
def test_the_frames_of_a_range_cover_it_and_each_has_a_part_in_it(
    ns: int, length: int, rate: Fraction
) -> None:
    shown = frames_of_range(ns, ns + length, rate)
    start, end = range_of_frames(shown[0], shown[-1], rate)
    assert start <= ns < range_of_frames(shown[0], shown[0], rate)[1]
    assert range_of_frames(shown[-1], shown[-1], rate)[0] < ns + length <= end


@pytest.mark.feature(7)
def test_frame_100_lies_between_4_17_and_4_18_seconds() -> None:
    rate = Fraction(24000, 1001)
    start, end = from_seconds("4.17"), from_seconds("4.18")
    assert start <= range_of_frames(100, 100, rate)[0] < end
    assert 100 in frames_of_range(start, end, rate)
    assert frame_at(end, rate) == 100
