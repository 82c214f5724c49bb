from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchdown_algos.contract import Context, TitleFacts
from watchdown_algos.discovery import built_in
from watchdown_algos.shots.algo import Shots
from watchdown_algos.wants import FrameBatch, Span
from watchdown_schemas.time import frame_start
from watchdown_schemas.types import Shot

RATE = Fraction(25)
SIZE = (36, 64)
PARAMETERS = next(known.manifest.parameters for known in built_in() if known.manifest.name == "shots")


def scene(seed: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Draw a still of coloured blocks, unlike that of any other seed."""
    blocks = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return blocks.repeat(SIZE[0] // 6, axis=0).repeat(SIZE[1] // 8, axis=1)


def shots(
    lengths: Sequence[int], *, times: Sequence[int] | None = None, rate: Fraction = RATE, batch: int = 64
) -> list[Shot]:
    """Return the shots found in a film whose scenes have these lengths in frames."""
    count = sum(lengths)
    marks = list(times) if times else [frame_start(n, rate) for n in range(count + 1)]
    pixels = np.concatenate([np.repeat(scene(n)[None], length, axis=0) for n, length in enumerate(lengths)])
    algorithm = Shots(Context(parameters=PARAMETERS))
    facts = TitleFacts(title="t", timeline="t.1", asset="v", duration_ns=marks[-1], rate=rate)
    found = list(algorithm.start(facts))
    for first in range(0, count, batch):
        last = min(first + batch, count)
        spans = [Span(start_ns=marks[n], end_ns=marks[n + 1]) for n in range(first, last)]
        found += algorithm.predict(FrameBatch(pixels[first:last], np.asarray(marks[first:last]), spans))
    return [*found, *algorithm.finish()]


def covers(found: Sequence[Shot], end: int) -> None:
    """Check that shots follow each other from 0 to the end and are counted from 0."""
    assert [shot.start_ns for shot in found] == [0, *(shot.end_ns for shot in found[:-1])]
    assert found[-1].end_ns == end
    assert [shot.number for shot in found] == list(range(len(found)))
    assert all(shot.start_ns < shot.end_ns for shot in found)


@pytest.mark.parametrize("rate", [Fraction(24000, 1001), RATE, Fraction(60000, 1001)], ids=str)
def test_cuts_are_found_to_the_frame(rate: Fraction) -> None:
    lengths = [30, 20, 45, 16, 33]
    found = shots(lengths, rate=rate)
    assert [shot.start_ns for shot in found] == [frame_start(n, rate) for n in (0, 30, 50, 95, 111)]
    covers(found, frame_start(sum(lengths), rate))


def test_cuts_of_a_film_of_variable_rate_are_found_at_their_own_times() -> None:
    lengths = [20, 20, 20]
    steps = np.random.default_rng(3).integers(5_000_000, 90_000_000, sum(lengths))
    times = [0, *np.cumsum(steps).tolist()]
    found = shots(lengths, times=times)
    assert [shot.start_ns for shot in found] == [times[0], times[20], times[40]]
    covers(found, times[-1])


@pytest.mark.parametrize("batch", [1, 2, 3, 7, 64])
def test_the_size_of_the_batches_changes_nothing(batch: int) -> None:
    assert shots([15, 22, 9, 30], batch=batch) == shots([15, 22, 9, 30])


def test_a_film_without_a_cut_is_one_shot() -> None:
    covers(found := shots([50]), frame_start(50, RATE))
    assert len(found) == 1


def test_a_single_frame_is_a_shot() -> None:
    assert [(shot.start_ns, shot.end_ns) for shot in shots([1])] == [(0, 40_000_000)]


def test_no_frame_is_no_shot() -> None:
    algorithm = Shots(Context(parameters=PARAMETERS))
    facts = TitleFacts(title="t", timeline="t.1", asset="v", duration_ns=0, rate=RATE)
    assert [*algorithm.start(facts), *algorithm.finish()] == []


def test_a_film_that_begins_late_has_its_first_shot_there() -> None:
    times = [1_000_000_000 + n * 40_000_000 for n in range(41)]
    assert [(shot.start_ns, shot.end_ns) for shot in shots([20, 20], times=times)] == [
        (times[0], times[20]),
        (times[20], times[40]),
    ]


@settings(max_examples=15)
@given(st.lists(st.integers(1, 25), min_size=1, max_size=8))
def test_shots_cover_a_title_without_gap_or_overlap(lengths: list[int]) -> None:
    covers(shots(lengths), frame_start(sum(lengths), RATE))
