"""What the live view of a backfill says."""

from __future__ import annotations

from watchdown.cli.backfill_view import Sight
from watchdown.executors.protocol import Step


class Hand:
    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def test_rate_and_time_left_come_of_what_was_told() -> None:
    clock = Hand()
    sight = Sight(lambda: [("budget", "300 of 1,000 documents/s")], clock)
    assert (sight.rate, sight.left_s) == (None, None)
    for second in range(4):
        clock.at = float(second)
        sight.take(Step(stage="load", done=0, total=4, rows=250 * second))
    clock.at = 6.0
    sight.take(Step(stage="publish", done=1, total=4, rows=1500))
    assert (sight.rate, sight.left_s) == (250, 18)
    assert sight.lines() == [
        ("load", "1/4 titles"),
        ("publish", "1/4 titles"),
        ("rate", "250 documents/s"),
        ("budget", "300 of 1,000 documents/s"),
        ("time left", "0:18"),
    ]


def test_the_rate_is_that_of_the_last_seconds() -> None:
    clock = Hand()
    sight = Sight(elapsed=clock)
    for at, rows in [(0, 0), (1, 10_000), (30, 10_000), (32, 10_100), (40, 10_500)]:
        clock.at = at
        sight.take(Step(stage="load", total=1, rows=rows))
    assert sight.rate == 50


def test_a_pause_is_told_and_promises_no_end() -> None:
    clock = Hand()
    sight = Sight(elapsed=clock)
    clock.at = 5
    sight.take(Step(stage="work", done=1, total=3, note="Two"))
    assert ("now", "Two") in sight.lines()
    sight.take(Step(stage="paused", done=1, total=3))
    assert sight.lines() == [("work", "1/3 titles"), ("paused", "until somebody resumes it")]


def test_the_last_failures_are_named() -> None:
    sight = Sight(elapsed=Hand())
    for number in range(5):
        sight.take(Step(stage="work", failed=f"Film {number}: torn"))
    told = [("failed", "5"), ("", "Film 2: torn"), ("", "Film 3: torn"), ("", "Film 4: torn")]
    assert sight.lines() == told


def test_what_is_past_a_stage_is_past_those_before_it() -> None:
    sight = Sight(elapsed=Hand())
    for stage, done in [("work", 2), ("record", 0), ("load", 0), ("load", 3), ("work", 1)]:
        sight.take(Step(stage=stage, done=done, total=3))
        if done == 3:
            assert sight.lines()[:3] == [(name, "3/3 titles") for name in ("work", "record", "load")]
    assert sight.lines()[:3] == [(name, "1/3 titles") for name in ("work", "record", "load")]


def test_no_end_is_promised_while_nothing_is_loaded() -> None:
    clock = Hand()
    sight = Sight(elapsed=clock)
    clock.at = 5
    sight.take(Step(stage="work", done=3, total=3))
    sight.take(Step(stage="load", done=0, total=3))
    assert sight.left_s is None
