from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from media.clips import draw, draw_sound, source_of
from watchdown.media.decode import decode
from watchdown.media.source import Source
from watchdown_algos.wants import Audio, AudioBatch
from watchdown_schemas.time import NS

RATE = 16_000


def heard(source: Source, seconds: float = 0.5) -> NDArray[np.float32]:
    """Decode the sound; check that its blocks follow on each other."""
    blocks = []
    position = 0
    for _, batch in decode(source, [Audio(seconds=seconds)]):
        assert isinstance(batch, AudioBatch)
        assert batch.rate == RATE
        assert batch.samples.dtype == np.float32
        assert batch.start_ns == -(-position * NS // RATE)
        blocks.append(batch.samples)
        position += len(batch.samples)
    assert {len(block) for block in blocks[:-1]} <= {round(seconds * RATE)}
    return np.concatenate(blocks)


def onset(samples: NDArray[np.float32]) -> float:
    """Return the second at which the tone begins."""
    return int(np.argmax(np.abs(samples) > 0.1)) / RATE


@pytest.mark.parametrize(
    ("name", "codec"),
    [("film.mp4", "aac"), ("film.mkv", "aac"), ("film.ts", "aac"), ("film.mov", "pcm_s16le")],
)
def test_sound_lies_where_it_belongs_on_the_timeline(tmp_path: Path, name: str, codec: str) -> None:
    source = source_of(draw(tmp_path / name, sound=[(1, 0), (1.4, 0.5)], sound_codec=codec))
    assert onset(heard(source)) == pytest.approx(1, abs=0.005)


def test_the_whole_length_is_there_as_mono(tmp_path: Path) -> None:
    samples = heard(source_of(draw_sound(tmp_path / "talk.wav", [(1, 0), (1.25, 0.5)])))
    assert len(samples) == 2.25 * RATE
    assert np.abs(samples).max() == pytest.approx(0.5, abs=0.01)


def test_sound_before_the_first_frame_is_cut(tmp_path: Path) -> None:
    source = source_of(
        draw(tmp_path / "film.mov", start=25, sound=[(1.5, 0), (2, 0.5)], sound_codec="pcm_s16le")
    )
    samples = heard(source)
    assert onset(samples) == pytest.approx(0.5, abs=0.005)
    assert len(samples) == pytest.approx(2.4 * RATE, abs=RATE * 0.15)


def test_sound_that_begins_late_is_preceded_by_silence(tmp_path: Path) -> None:
    source = source_of(draw(tmp_path / "film.mov", sound=[(1, 0.5)], sound_start=1, sound_codec="pcm_s16le"))
    samples = heard(source, seconds=0.3)
    assert onset(samples) == pytest.approx(1, abs=0.005)
    assert len(samples) == pytest.approx(2 * RATE, abs=2)
