from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.clips import SIZE, draw, draw_sound, number_in, source_of, trim_start
from watchdown.media.decode import decode
from watchdown.media.sampling import Clock
from watchdown.media.source import Source
from watchdown.media.spool import StillSpool
from watchdown_algos.wants import Audio, FrameBatch, Frames
from watchdown_schemas.errors import MediaInvalid
from watchdown_schemas.time import NS, frame_start

EVERY = Frames(width=SIZE[0], batch=7)


def frames(source: Source, want: Frames = EVERY) -> list[tuple[int, int, int]]:
    """Decode one want; return (number drawn, start, end) of each frame."""
    found = []
    for index, batch in decode(source, [want]):
        assert index == 0
        assert isinstance(batch, FrameBatch)
        assert 0 < len(batch) <= want.batch
        assert [span["start_ns"] for span in batch.spans] == batch.times.tolist()
        found += [
            (number_in(pixels), span["start_ns"], span["end_ns"])
            for pixels, span in zip(batch.pixels, batch.spans, strict=True)
        ]
    return found


@pytest.mark.parametrize("rate", [Fraction(24000, 1001), Fraction(25), Fraction(30000, 1001)], ids=str)
@pytest.mark.parametrize("name", ["film.mp4", "film.mkv", "film.ts"])
def test_every_frame_comes_once_at_its_exact_time(tmp_path: Path, name: str, rate: Fraction) -> None:
    source = source_of(draw(tmp_path / name, rate=rate))
    assert frames(source) == [(n, frame_start(n, rate), frame_start(n + 1, rate)) for n in range(60)]


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv", "film.ts"])
def test_a_late_start_is_zero(tmp_path: Path, name: str) -> None:
    assert frames(source_of(draw(tmp_path / name, start=37)))[:2] == [
        (0, 0, NS // 25),
        (1, NS // 25, 2 * NS // 25),
    ]


def test_what_an_edit_list_hides_is_not_delivered(tmp_path: Path) -> None:
    found = frames(source_of(trim_start(draw(tmp_path / "film.mp4"), 400)))
    assert (found[0], len(found)) == ((10, 0, NS // 25), 50)


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_a_turned_picture_comes_upright(tmp_path: Path, rotation: int) -> None:
    source = source_of(draw(tmp_path / "phone.mp4", rotation=rotation, count=9))
    assert [number for number, _, _ in frames(source)] == list(range(9))


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv"])
def test_a_clock_picks_the_frame_on_screen_at_each_tick(tmp_path: Path, name: str) -> None:
    steps = [40, 20, 600, 100, 33, 7] * 4
    starts = np.cumsum([0, *steps])[:-1]
    source = source_of(draw(tmp_path / name, steps=steps, count=len(steps)))
    on_screen = [int(np.searchsorted(starts, tick, "right")) - 1 for tick in range(0, sum(steps), 250)]
    found = frames(source, Frames(width=96, per_second=4, batch=3))
    assert [number for number, _, _ in found] == sorted(set(on_screen))
    assert [start for _, start, _ in found] == [int(starts[n]) * 1_000_000 for n in sorted(set(on_screen))]
    assert [end for _, _, end in found] == [*(start for _, start, _ in found[1:]), source.facts.duration_ns]


@given(st.sampled_from([0.5, 1, 2, 3, 29.97]), st.lists(st.integers(1, 10**9), min_size=1, max_size=60))
def test_ticks_are_found_in_any_sequence_of_frames(per_second: float, lengths: list[int]) -> None:
    clock, start = Clock(per_second), 0
    rate = Fraction(per_second).limit_denominator(1_000_000)
    for length in lengths:
        end = start + length
        nearest = -(-start * rate.numerator // (NS * rate.denominator))
        expected = any(start <= frame_start(tick, rate) < end for tick in (nearest - 1, nearest, nearest + 1))
        assert clock.ticks_in(start, end) == expected
        start = end


def test_one_decode_serves_all_wants(tmp_path: Path) -> None:
    source = source_of(draw(tmp_path / "film.mov", sound=[(2.4, 0.5)], sound_codec="pcm_s16le"))
    wants: list[Frames | Audio] = [
        EVERY,
        Frames(width=64, height=64, per_second=2),
        Audio(seconds=1.0),
        EVERY,
    ]
    found: dict[int, list[int]] = {}
    for index, batch in decode(source, wants):
        times = batch.times.tolist() if isinstance(batch, FrameBatch) else [batch.start_ns]
        found.setdefault(index, []).extend(times)
    assert found[0] == found[3] == [frame_start(n, Fraction(25)) for n in range(60)]
    assert found[1] == [frame_start(n, Fraction(25)) for n in (0, 12, 25, 37, 50)]
    assert found[2] == [0, NS, 2 * NS]


def test_pixels_have_the_shape_that_was_asked_for(tmp_path: Path) -> None:
    source = source_of(draw(tmp_path / "film.mp4", count=3))
    for want, shape in [
        (Frames(width=64), (3, 32, 64, 3)),
        (Frames(width=64, height=64, smooth=False), (3, 64, 64, 3)),
        (Frames(width=100), (3, 50, 100, 3)),
    ]:
        [(_, batch)] = decode(source, [want])
        assert isinstance(batch, FrameBatch)
        assert batch.pixels.shape == shape
        assert batch.pixels.dtype == np.uint8


def test_wide_pixels_keep_the_shape_of_the_picture(tmp_path: Path) -> None:
    source = source_of(draw(tmp_path / "dv.mp4", count=3, options={"x264-params": "sar=2/1"}))
    [(_, batch)] = decode(source, [Frames(width=192)])
    assert isinstance(batch, FrameBatch)
    assert batch.pixels.shape[1] == 48


def test_a_want_for_what_is_not_there_gets_nothing(tmp_path: Path) -> None:
    silent = source_of(draw(tmp_path / "film.mp4", count=3))
    blind = source_of(draw_sound(tmp_path / "talk.wav", [(1, 0.5)]))
    assert [index for index, _ in decode(silent, [Audio(), EVERY])] == [1]
    assert [index for index, _ in decode(blind, [Audio(), EVERY])] == [0]
    assert list(decode(blind, [EVERY], spool=StillSpool(tmp_path / "spool"))) == []


def test_progress_ends_at_the_end(tmp_path: Path) -> None:
    source = source_of(draw(tmp_path / "film.mp4"))
    told: list[int] = []
    list(decode(source, [EVERY], progress=told.append))
    assert told == sorted(told)
    assert told[-1] == source.facts.duration_ns


def test_damage_names_the_file_and_the_time(tmp_path: Path) -> None:
    path = draw(tmp_path / "film.webm", codec="libvpx-vp9", options={"cpu-used": "8"})
    source = source_of(path)
    with av.open(str(path)) as container:
        stored = [bytes(packet) for packet in container.demux() if packet.size]
    data, at = bytearray(path.read_bytes()), 0
    for number, packet in enumerate(stored):
        at = data.index(packet, at)
        if number >= 30:
            data[at : at + len(packet)] = b"\xff" * len(packet)
    path.write_bytes(data)
    with pytest.raises(MediaInvalid, match=r"damaged at 1\.[1-3] s") as caught:
        list(decode(source, [EVERY]))
    assert caught.value.subject == str(path)


def test_a_decode_that_is_given_up_leaves_no_spool(tmp_path: Path) -> None:
    spool = StillSpool(tmp_path / "spool")
    decoding = decode(source_of(draw(tmp_path / "film.mp4")), [EVERY], spool=spool)
    next(decoding)
    decoding.close()
    assert not spool.complete
