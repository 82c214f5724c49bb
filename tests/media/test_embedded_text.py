"""Subtitle tracks inside media files: mov_text, SubRip, WebVTT and ASS on the title's timeline."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import pytest

from watchdown.media.timed_text import read_embedded
from watchdown_schemas.errors import MediaInvalid, MediaNotFound, MediaUnsupported

MS = 1_000_000
SECOND = 1000 * MS
DATA = Path(__file__).parents[3] / "shared" / "data"
REAL_VIDEO = [path for path in [DATA / "video" / "nasa_13s_speech_movtext.mp4"] if path.is_file()]


SSA_HEADER = (
    b"[Script Info]\nScriptType: v4.00+\n\n[V4+ Styles]\nFormat: Name, Fontname\nStyle: Default,Arial\n\n"
    b"[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
)


def write_track(path: Path, codec: str, events: list[tuple[int, int, bytes]]) -> Path:
    """Write a file with one subtitle track, times in milliseconds."""
    with av.open(path, "w") as container:
        stream = container.add_stream(codec)
        stream.time_base = Fraction(1, 1000)
        stream.codec_context.subtitle_header = SSA_HEADER
        stream.metadata["language"] = "spa"
        for start, length, text in events:
            payload = len(text).to_bytes(2) + text if codec == "mov_text" else text
            packet = av.Packet(payload)
            packet.stream, packet.time_base = stream, Fraction(1, 1000)
            packet.pts = packet.dts = start
            packet.duration = length
            container.mux(packet)
    return path


@pytest.mark.parametrize(
    ("codec", "suffix", "first", "second"),
    [
        ("mov_text", "mp4", "ANA: Hola,\nmundo", "[música]"),
        ("subrip", "mkv", "{\\an8}ANA: Hola,\n<i>mundo</i>", "[música]"),
        ("webvtt", "mkv", "<v ANA>Hola,\n<i>mundo</i>", "[música]"),
        (
            "ass",
            "mkv",
            r"0,0,Default,ANA,0,0,0,,{\an8}Hola,\N{\i1}mundo{\i0}",
            r"1,0,Default,,0,0,0,,[música]",
        ),
    ],
)
def test_embedded_text_is_read_on_the_timeline(
    tmp_path: Path, codec: str, suffix: str, first: str, second: str
) -> None:
    events = [(1000, 1500, first.encode()), (3000, 1250, second.encode())]
    path = write_track(tmp_path / f"film.{suffix}", codec, events)
    track = read_embedded(path, 0, zero_ns=400 * MS)
    assert [(c.number, c.start_ns // MS, c.end_ns // MS, c.text, c.speaker, c.kind) for c in track.cues] == [
        (1, 600, 2100, "Hola, mundo", "ANA", "dialogue"),
        (2, 2600, 3850, "[música]", None, "sound"),
    ]
    assert (track.language, track.format, track.warnings) == ("es", codec, ())


def test_an_embedded_cue_that_reaches_into_the_timeline_begins_at_zero(tmp_path: Path) -> None:
    path = write_track(
        tmp_path / "film.mkv", "subrip", [(0, 1000, b"gone"), (500, 1000, b"cut"), (2000, 1, b"in")]
    )
    cues = read_embedded(path, 0, zero_ns=1000 * MS).cues
    assert [(c.start_ns // MS, c.end_ns // MS, c.text) for c in cues] == [
        (-1000, 0, "gone"),
        (0, 500, "cut"),
        (1000, 1001, "in"),
    ]


def test_drawings_of_an_ssa_track_say_nothing(tmp_path: Path) -> None:
    events = [
        (0, 1000, rb"0,0,Default,,0,0,0,,{\p1}m 0 0 l 9 9{\p0}"),
        (0, 1000, rb"1,0,Default,,0,0,0,,a,\hb"),
    ]
    track = read_embedded(write_track(tmp_path / "film.mkv", "ass", events), 0)
    assert [cue.text for cue in track.cues] == ["a, b"]


def test_a_stream_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = write_track(tmp_path / "film.mkv", "subrip", [(0, 1000, b"x")])
    with pytest.raises(MediaInvalid, match="stream 3 is no subtitle track"):
        read_embedded(path, 3)
    with pytest.raises(MediaNotFound):
        read_embedded(tmp_path / "missing.mkv", 0)


def test_pictures_of_subtitles_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "film.mkv"
    with av.open(path, "w") as container:
        stream = container.add_stream("dvb_subtitle")
        stream.time_base = Fraction(1, 1000)
        packet = av.Packet(b"\x20\x00\xff")
        packet.stream, packet.time_base = stream, Fraction(1, 1000)
        packet.pts = packet.dts = 0
        container.mux(packet)
    with pytest.raises(MediaUnsupported, match="dvb_subtitle"):
        read_embedded(path, 0)


@pytest.mark.parametrize("path", REAL_VIDEO, ids=lambda path: path.stem)
def test_a_real_film_has_its_embedded_lines(path: Path) -> None:
    track = read_embedded(path, 2)
    assert [cue.speaker for cue in track.cues] == ["NAR", None, None, None]
    first = track.cues[0]
    assert (first.start_ns, first.end_ns) == (210 * MS, 4260 * MS)
    assert first.text == "This is the optical and science segment of the Webb"
