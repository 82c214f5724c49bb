from __future__ import annotations

from pathlib import Path

import pytest

from watchdown.media.decode import decode
from watchdown.media.probe import probe
from watchdown.media.source import Source
from watchdown.media.stills import frame_at
from watchdown_algos.wants import Audio, AudioBatch, FrameBatch, Frames
from watchdown_schemas.time import frame_start

CLIPS = sorted((Path(__file__).parents[3] / "shared" / "data" / "video").glob("*.*"))


@pytest.mark.parametrize("path", CLIPS, ids=lambda path: path.name)
def test_a_real_clip_decodes_to_what_the_probe_says(path: Path) -> None:
    facts = probe(path)
    assert facts.video is not None
    assert not facts.video.variable_rate
    source = Source(path, path, facts)
    pictures, samples = [], 0
    for _, batch in decode(source, [Frames(width=32, per_second=None, smooth=False), Audio()]):
        if isinstance(batch, FrameBatch):
            pictures += batch.times.tolist()
        elif isinstance(batch, AudioBatch):
            samples += len(batch.samples)
    assert pictures == [frame_start(n, facts.video.rate) for n in range(facts.video.frames)]
    assert samples == pytest.approx(facts.duration_ns * 16_000 / 1e9, rel=0.02)
    middle = pictures[len(pictures) // 2]
    assert frame_at(source, middle).time_ns == middle


@pytest.mark.parametrize("path", [p for p in CLIPS if "nasa" in p.name], ids=lambda path: path.name)
def test_the_larger_of_two_videos_is_the_primary_one(path: Path) -> None:
    facts = probe(path)
    assert facts.video is not None
    assert (facts.video.width, facts.video.height) == (480, 270)
    assert [track.language for track in facts.text] == ["eng", "eng"]
