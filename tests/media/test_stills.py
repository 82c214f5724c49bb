from __future__ import annotations

import random
from fractions import Fraction
from pathlib import Path

import pytest

from media.clips import SIZE, draw, draw_sound, number_in, source_of, trim_start
from watchdown.media.decode import decode
from watchdown.media.source import Source
from watchdown.media.spool import StillSpool
from watchdown.media.stills import frame_at, stills
from watchdown_algos.wants import FrameBatch, Frames, Span, Still
from watchdown_schemas.errors import MediaUnsupported
from watchdown_schemas.time import NS

OPEN_GOP = {"x264-params": "open-gop=1:keyint=12:min-keyint=12:scenecut=0"}
FILMS = {
    "23.976.mp4": {"rate": Fraction(24000, 1001)},
    "25.mp4": {"rate": Fraction(25)},
    "29.97.mkv": {"rate": Fraction(30000, 1001)},
    "transport.ts": {"rate": Fraction(30000, 1001)},
    "variable.mp4": {"steps": [40, 20, 60, 100, 33] * 12},
    "variable.mkv": {"steps": [40, 20, 60, 100, 33] * 12},
    "late.mp4": {"start": 37},
    "late.ts": {"start": 37},
    "turned.mp4": {"rotation": 90},
    "trimmed.mp4": {},
    "open.mp4": {"options": OPEN_GOP},
    "open.ts": {"options": OPEN_GOP},
    "fragments.mp4": {"muxing": {"movflags": "frag_keyframe+empty_moov"}},
    "hevc.mp4": {"codec": "libx265", "options": {"x265-params": "log-level=none"}},
    "vp9.webm": {"codec": "libvpx-vp9", "options": {"cpu-used": "8"}},
    "mpeg2.mxf": {"codec": "mpeg2video"},
}


def film(folder: Path, name: str) -> Source:
    path = draw(folder / name, **FILMS[name])  # type: ignore[arg-type] # the table above is of its arguments
    return source_of(trim_start(path, 400) if name == "trimmed.mp4" else path)


def in_order(source: Source) -> list[tuple[int, int, int]]:
    """Decode straight through; return (number drawn, start, end) of each frame."""
    return [
        (number_in(pixels), span["start_ns"], span["end_ns"])
        for _, batch in decode(source, [Frames(width=SIZE[0])])
        if isinstance(batch, FrameBatch)
        for pixels, span in zip(batch.pixels, batch.spans, strict=True)
    ]


def seen(still: Still | None) -> tuple[int, int, int]:
    assert still is not None
    return number_in(still.pixels), still.time_ns, still.end_ns


@pytest.mark.parametrize("name", FILMS)
def test_a_frame_by_time_is_the_one_that_a_straight_decode_shows(tmp_path: Path, name: str) -> None:
    source = film(tmp_path, name)
    shown = in_order(source)
    for frame in random.Random(3).sample(shown, 6):
        assert seen(frame_at(source, frame[1])) == frame
        assert seen(frame_at(source, frame[2] - 1)) == frame


@pytest.mark.parametrize("name", FILMS)
def test_stills_without_a_spool_are_right_to_the_frame_in_any_order(tmp_path: Path, name: str) -> None:
    source = film(tmp_path, name)
    shown = in_order(source)
    for order in (shown, random.Random(5).sample(shown, 12)):
        spans = [Span(start_ns=start, end_ns=end) for _, start, end in order]
        assert [seen(still) for still in stills(source, spans, 96, None)] == order


def test_times_beyond_the_ends_mean_the_first_and_the_last_frame(tmp_path: Path) -> None:
    source = film(tmp_path, "25.mp4")
    assert seen(frame_at(source, -NS))[0] == 0
    assert seen(frame_at(source, 60 * NS))[0] == 59


def test_a_still_has_the_width_that_was_asked_for(tmp_path: Path) -> None:
    source = film(tmp_path, "turned.mp4")
    assert frame_at(source, 0).pixels.shape == (96, 192, 3)
    assert frame_at(source, 0, width=64).pixels.shape == (32, 64, 3)


def test_sound_has_no_frames(tmp_path: Path) -> None:
    source = source_of(draw_sound(tmp_path / "talk.wav", [(1, 0.5)]))
    assert list(stills(source, [Span(start_ns=0, end_ns=NS)], 96, None)) == [None]
    with pytest.raises(MediaUnsupported):
        frame_at(source, 0)


def test_the_spool_holds_the_frame_on_screen_twice_a_second(tmp_path: Path) -> None:
    source, spool = film(tmp_path, "25.mp4"), StillSpool(tmp_path / "spool")
    assert list(decode(source, [], spool=spool)) == []
    assert spool.complete
    again = StillSpool(tmp_path / "spool")
    near = [again.nearest(n * NS // 25, (n + 1) * NS // 25) for n in range(60)]
    found = [seen(still) for still in near if still is not None]
    assert [number for number, _, _ in found] == [0, 12, 25, 37, 50]
    assert [end - start for _, start, end in found] == [NS // 25] * 5


def test_a_complete_spool_is_not_written_again(tmp_path: Path) -> None:
    source, spool = film(tmp_path, "25.mp4"), StillSpool(tmp_path / "spool")
    list(decode(source, [], spool=spool))
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "spool").iterdir()}
    list(decode(source, [], spool=spool))
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "spool").iterdir()} == before


def test_a_still_begins_inside_its_span_and_near_the_middle(tmp_path: Path) -> None:
    source, spool = film(tmp_path, "25.mp4"), StillSpool(tmp_path / "spool")
    list(decode(source, [], spool=spool))
    frame = NS // 25
    spans = {
        (0, 60): 25,  # the nearest to frame 30 of the spooled 0, 12, 25, 37, 50
        (12, 25): 12,  # the only one that begins inside
        (12, 26): 25,  # of 12 and 25 the nearer to 19
        (13, 25): 19,  # none begins inside: decoded
        (51, 60): 55,
        (58, 90): 59,  # what lies beyond the end is cut off
    }
    asked = [Span(start_ns=a * frame, end_ns=b * frame) for a, b in spans]
    assert [seen(still)[0] for still in stills(source, asked, 192, spool)] == [*spans.values()]
    assert list(stills(source, [Span(start_ns=60 * frame, end_ns=70 * frame)], 192, spool)) == [None]
