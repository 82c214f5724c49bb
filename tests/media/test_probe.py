from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest

from media.clips import cut_off, draw, draw_sound, source_of, trim_start
from watchdown.media.facts import MediaFacts
from watchdown.media.probe import probe
from watchdown_schemas.errors import MediaInvalid, MediaUnsupported
from watchdown_schemas.time import NS, frame_start

RATES = [Fraction(24000, 1001), Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(60000, 1001)]


@pytest.mark.parametrize("rate", RATES, ids=str)
@pytest.mark.parametrize("name", ["film.mp4", "film.mkv", "film.ts", "film.mov"])
def test_the_rate_is_exact_whatever_the_container_rounds(tmp_path: Path, name: str, rate: Fraction) -> None:
    video = probe(draw(tmp_path / name, rate=rate, count=40)).video
    assert video is not None
    assert (video.rate, video.variable_rate, video.frames) == (rate, False, 40)
    assert video.duration_ns == frame_start(40, rate)


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv"])
def test_a_variable_rate_is_told(tmp_path: Path, name: str) -> None:
    video = probe(draw(tmp_path / name, steps=[40, 20, 60, 100, 33] * 4, count=21)).video
    assert video is not None
    assert video.variable_rate
    assert video.frames == 21


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv", "film.ts"])
def test_zero_is_the_first_frame_shown(tmp_path: Path, name: str) -> None:
    facts = probe(draw(tmp_path / name, start=37))
    assert facts.video is not None
    assert facts.zero_ns == facts.video.start_ns > NS
    assert facts.duration_ns == frame_start(60, Fraction(25))


def test_an_edit_list_trims_the_timeline(tmp_path: Path) -> None:
    facts = probe(trim_start(draw(tmp_path / "film.mp4"), 400))
    assert facts.video is not None
    assert facts.video.frames == 50
    assert facts.duration_ns == 2 * NS


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_sizes_are_upright(tmp_path: Path, rotation: int) -> None:
    video = probe(draw(tmp_path / "phone.mp4", rotation=rotation, count=3)).video
    assert video is not None
    assert (video.rotation, video.width, video.height) == (rotation, 192, 96)


@pytest.mark.parametrize("name", ["one.mp4", "one.mkv", "one.ts"])
def test_one_frame_lasts_as_long_as_its_rate_says(tmp_path: Path, name: str) -> None:
    facts = probe(draw(tmp_path / name, count=1))
    assert facts.video is not None
    assert (facts.video.frames, facts.duration_ns) == (1, NS // 25)


def test_sound_alone_is_a_title(tmp_path: Path) -> None:
    facts = probe(draw_sound(tmp_path / "talk.wav", [(1, 0.5)]))
    assert facts.video is None
    assert facts.duration_ns == NS
    assert [(track.codec, track.rate, track.channels) for track in facts.audio] == [("pcm_s16le", 48_000, 2)]


def test_sound_that_outlasts_the_picture_lengthens_the_title(tmp_path: Path) -> None:
    long = probe(draw(tmp_path / "long.mov", sound=[(4, 0.5)], sound_codec="pcm_s16le"))
    padded = probe(draw(tmp_path / "padded.mov", sound=[(2.42, 0.5)], sound_codec="pcm_s16le"))
    assert long.duration_ns == 4 * NS
    assert padded.duration_ns == frame_start(60, Fraction(25))


def test_the_source_time_code_is_kept(tmp_path: Path) -> None:
    facts = probe(draw(tmp_path / "tape.mov", metadata={"timecode": "10:00:00:00"}))
    assert facts.start_timecode == "10:00:00:00"
    assert probe(draw(tmp_path / "plain.mov")).start_timecode is None


def test_hidden_pictures_of_vp8_are_not_counted(tmp_path: Path) -> None:
    options = {"auto-alt-ref": "1", "lag-in-frames": "16", "cpu-used": "8", "b": "400k", "bf": "0"}
    facts = probe(draw(tmp_path / "film.webm", codec="libvpx", options=options, keyframes=30))
    assert facts.video is not None
    assert facts.video.frames == 60


def test_facts_survive_json(tmp_path: Path) -> None:
    facts = probe(draw(tmp_path / "film.mp4", rate=Fraction(30000, 1001), sound=[(1, 0.5)]))
    assert MediaFacts.from_json(json.loads(json.dumps(facts.to_json()))) == facts


@pytest.mark.parametrize(
    ("name", "muxing", "share", "cause"),
    [
        ("film.mp4", {}, 0.6, "truncated: its index"),
        ("film.mp4", {"movflags": "faststart"}, 0.6, r"truncated: \d.\d of 2.4 seconds"),
        ("film.mp4", {"movflags": "faststart"}, 0.3, "truncated: its index"),
        ("film.mp4", {"movflags": "frag_keyframe+empty_moov"}, 0.6, "truncated"),
        ("film.mkv", {}, 0.4, r"truncated: \d.\d of 2.4 seconds"),
    ],
)
def test_a_truncated_file_is_told_with_what_is_left(
    tmp_path: Path, name: str, muxing: dict[str, str], share: float, cause: str
) -> None:
    path = cut_off(draw(tmp_path / name, muxing=muxing), share)
    with pytest.raises(MediaInvalid, match=cause) as caught:
        probe(path)
    assert caught.value.subject == str(path)
    assert "Copy it again" in caught.value.remedy


def test_a_transport_stream_may_end_anywhere(tmp_path: Path) -> None:
    facts = source_of(cut_off(draw(tmp_path / "film.ts"), 0.6)).facts
    assert facts.video is not None
    assert 20 < facts.video.frames < 60


def test_an_unknown_codec_is_unsupported(tmp_path: Path) -> None:
    path = draw(tmp_path / "film.mp4", count=3)
    path.write_bytes(path.read_bytes().replace(b"avc1", b"zzzz"))
    with pytest.raises(MediaUnsupported, match="codec"):
        probe(path)


def test_what_avi_cannot_time_is_unsupported(tmp_path: Path) -> None:
    with pytest.raises(MediaUnsupported, match="AVI"):
        probe(draw(tmp_path / "film.avi"))


def test_a_track_that_begins_in_the_middle_is_refused_with_a_remedy(tmp_path: Path) -> None:
    first = draw(tmp_path / "first.ts", count=50, sound=[(2.0, 0.2)])
    other = {"mpegts_start_pid": "512", "mpegts_pmt_start_pid": "5000"}
    second = draw(tmp_path / "second.ts", count=50, sound=[(2.0, 0.2)], muxing=other)
    path = tmp_path / "recording.ts"
    path.write_bytes(first.read_bytes() + second.read_bytes())
    with pytest.raises(MediaUnsupported, match=r"recording\.ts: a track begins in the middle .* Convert it"):
        probe(path)
