from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pytest

from watchdown_algos.contract import Context
from watchdown_algos.keyframes.algo import Keyframes
from watchdown_algos.wants import RecordBatch, Span, Still

if TYPE_CHECKING:
    from watchdown_algos.wants import Pixels

SPANS = [Span(start_ns=0, end_ns=100), Span(start_ns=100, end_ns=300), Span(start_ns=300, end_ns=310)]


class Album:
    """Keeps pictures as the runtime does, in a list."""

    def __init__(self) -> None:
        self.kept: list[Pixels] = []

    def keep(self, pixels: Pixels) -> str:
        self.kept.append(pixels)
        return f"key/{len(self.kept)}"


def stills(spans: Sequence[Span]) -> Iterator[Still | None]:
    """Give a picture of the middle of each range, none of the shortest."""
    for span in spans:
        middle = (span["start_ns"] + span["end_ns"]) // 2
        pixels = np.full((2, 3, 3), middle % 256, np.uint8)
        yield None if span["end_ns"] - span["start_ns"] < 50 else Still(middle, middle + 40, pixels)


def test_each_shot_with_a_picture_has_one_keyframe_inside_it() -> None:
    album = Album()
    algorithm = Keyframes(Context(keep_picture=album.keep))
    found = list(algorithm.predict(RecordBatch([{}] * 3, SPANS, stills)))
    assert [(one.shot_start_ns, one.shot_end_ns) for one in found] == [(0, 100), (100, 300)]
    assert [(one.start_ns, one.end_ns) for one in found] == [(50, 90), (200, 240)]
    assert [one.thumbnail for one in found] == ["key/1", "key/2"]
    assert [int(pixels[0, 0, 0]) for pixels in album.kept] == [50, 200]


def test_no_shots_are_no_keyframes() -> None:
    assert list(Keyframes(Context(keep_picture=Album().keep)).predict(RecordBatch([], [], stills))) == []


def test_a_picture_that_nothing_can_keep_is_a_clear_error() -> None:
    with pytest.raises(LookupError, match="Keyframes keeps a picture where none can be kept"):
        list(Keyframes(Context()).predict(RecordBatch([{}], SPANS[:1], stills)))
