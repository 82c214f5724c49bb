# ruff: noqa: RUF001 - dashes of every kind begin a change of speaker
from __future__ import annotations

import codecs
import html
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from watchdown.media.timed_text import TimedTextTrack, read_side_car
from watchdown_algos.wants import Cue
from watchdown_schemas.errors import MediaInvalid, MediaNotFound, MediaUnreadable, MediaUnsupported

MS = 1_000_000
SECOND = 1000 * MS
DATA = Path(__file__).parents[3] / "shared" / "data"
REAL_SUBTITLES = sorted(path for path in DATA.rglob("subtitles/**/*") if path.suffix in {".srt", ".vtt"})
SINTEL = [path for path in [DATA / "subtitles" / "sintel" / "sintel-es.vtt"] if path.is_file()]

TWO_CUES = "1\n00:00:01,000 --> 00:00:02,500\nOne café\n\n2\n00:00:03,000 --> 00:00:04,000\nTwo\n"


def read(folder: Path, content: str | bytes, name: str = "film.srt") -> TimedTextTrack:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_side_car(path)


def one_srt(folder: Path, text: str) -> tuple[Cue, ...]:
    return read(folder, f"1\n00:00:01,000 --> 00:00:02,000\n{text}\n").cues


def one_vtt(folder: Path, text: str) -> tuple[Cue, ...]:
    return read(folder, f"WEBVTT\n\n00:01.000 --> 00:02.000\n{text}\n", "film.vtt").cues


def times(track: TimedTextTrack) -> list[tuple[float, float, str]]:
    return [(cue.start_ns / SECOND, cue.end_ns / SECOND, cue.text) for cue in track.cues]


def test_srt_keeps_number_time_and_raw_text(tmp_path: Path) -> None:
    track = read(tmp_path, "7\n01:02:03,004 --> 01:02:05,678 X1:40\n{\\an8}<i>Fish</i> &amp;\n<b>chips</b>\n")
    start, end = (3723 * 1000 + 4) * MS, (3725 * 1000 + 678) * MS
    assert track.cues == (Cue(1, start, end, "Fish & chips", "{\\an8}<i>Fish</i> &amp;\n<b>chips</b>"),)
    assert (track.format, track.language, track.warnings) == ("srt", None, ())


def test_vtt_skips_notes_and_styles_and_takes_short_times(tmp_path: Path) -> None:
    text = (
        "WEBVTT - a title\n\nSTYLE\n::cue { color: red }\n\nNOTE nothing\nto see\n\n"
        "intro\n00:01.500 --> 00:02.000 line:0 align:start\n<c.loud>Hi</c> &lt;you&gt;\n\n"
        "100:00:00.000 --> 100:00:01.000\n<00:01.000>Bye"
    )
    track = read(tmp_path, text, "film.vtt")
    assert times(track) == [(1.5, 2.0, "Hi <you>"), (360000.0, 360001.0, "Bye")]
    assert track.format == "vtt"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0\n00:00:00,1 --> 00:00:02,500\nA\n\n1\n00:00:03,0 --> 00:00:04,0\nB\n", [(0.001, 2.5), (3, 4)]),
        ("1\n0:00:01.000 --> 0:00:02.000\nA\n\n2\n0:00:03.000 --> 0:00:04.000\nB", [(1, 2), (3, 4)]),
        ("00:00:01,000 --> 00:00:02,000\nA\n\n00:00:03,000 --> 00:00:04,000\nB", [(1, 2), (3, 4)]),
        ("1\n00:00:01,000 --> 00:00:02,000\nA\n2\n00:00:03,000 --> 00:00:04,000\nB", [(1, 2), (3, 4)]),
        ("WEBVTT\n\n0:01.000-->0:02.000\nA\n0:00:03,000 --> 0:00:04,000\nB", [(1, 2), (3, 4)]),
    ],
    ids=["ids from 0, short milliseconds", "points", "no ids", "no blank line", "vtt"],
)
def test_malformed_files_are_read(tmp_path: Path, text: str, expected: list[tuple[float, float]]) -> None:
    track = read(tmp_path, text)
    assert times(track) == [(*expected[0], "A"), (*expected[1], "B")]
    assert track.warnings == ()


def test_a_blank_line_inside_a_cue_does_not_end_it(tmp_path: Path) -> None:
    track = read(tmp_path, TWO_CUES.replace("One café", "One\n\n2 cafés"))
    assert [cue.text for cue in track.cues] == ["One 2 cafés", "Two"]


@pytest.mark.parametrize(
    "content",
    [
        TWO_CUES.encode("utf-8"),
        TWO_CUES.encode("utf-8-sig"),
        TWO_CUES.encode("utf-16"),
        codecs.BOM_UTF16_BE + TWO_CUES.encode("utf-16-be"),
        TWO_CUES.encode("utf-16-le"),
        TWO_CUES.encode("utf-16-be"),
        TWO_CUES.replace("\n", "\r\n").encode("utf-8"),
        TWO_CUES.replace("\n", "\r").encode("utf-8"),
        TWO_CUES.encode("utf-8") + "é".encode()[:1],
    ],
    ids=["utf-8", "mark", "utf-16", "big endian", "le bare", "be bare", "crlf", "cr", "cut off"],
)
def test_unicode_encodings_and_line_ends_read_alike(tmp_path: Path, content: bytes) -> None:
    track = read(tmp_path, content)
    assert times(track) == [(1.0, 2.5, "One café"), (3.0, 4.0, "Two")]
    assert track.warnings == ()


def test_latin_1_is_read_with_a_warning(tmp_path: Path) -> None:
    track = read(tmp_path, TWO_CUES.encode("latin-1"))
    assert track.cues[0].text == "One café"
    assert "Windows-1252" in track.warnings[0]


def test_chinese_without_a_mark_is_utf_16(tmp_path: Path) -> None:
    text = TWO_CUES.replace("One café", "你好" * 20)
    assert read(tmp_path, text.encode("utf-16-le")).cues[0].text == "你好" * 20


def test_cues_out_of_order_are_sorted_and_keep_their_numbers(tmp_path: Path) -> None:
    text = "WEBVTT\n\n00:05.000 --> 00:06.000\nlate\n\n00:01.000 --> 00:02.000\nearly\n"
    track = read(tmp_path, text)
    assert [(cue.number, cue.text) for cue in track.cues] == [(2, "early"), (1, "late")]
    assert "out of order" in track.warnings[0]


def test_a_cue_that_ends_before_it_begins_is_left_for_validation(tmp_path: Path) -> None:
    assert times(read(tmp_path, "1\n00:00:05,000 --> 00:00:02,000\nA\n")) == [(5.0, 2.0, "A")]


def test_cues_that_cannot_be_read_are_counted(tmp_path: Path) -> None:
    track = read(
        tmp_path, "WEBVTT\n\n00:0x.000 --> 00:02.000\nA\n\n00:03.000 --> 00:04.000\nB\n\n", "film.vtt"
    )
    assert [cue.text for cue in track.cues] == ["B"]
    assert track.warnings == ("cues without words, or that cannot be read: 1",)
    track = read(tmp_path, TWO_CUES.replace("One café", "<i> </i>"))
    assert [cue.number for cue in track.cues] == [2]
    assert track.warnings == ("cues without words, or that cannot be read: 1",)


@pytest.mark.parametrize(
    ("text", "turns"),
    [
        ("NAR: Once upon a time", [("NAR", "Once upon a time")]),
        ("DR. O'NEIL #2 (V.O.): Yes", [("DR. O'NEIL #2 (V.O.)", "Yes")]),
        ("JOHN: Hi.\nHow are you?\nÉVA: Well.", [("JOHN", "Hi. How are you?"), ("ÉVA", "Well.")]),
        ("JOHN:\nHi.", [("JOHN", "Hi.")]),
        ("(المشروع): أوه", [("المشروع", "أوه")]),
        ("[Terrill]: Hello", [("Terrill", "Hello")]),
        ("- Sure?\n- Trust me.", [(None, "Sure?"), (None, "Trust me.")]),
        ("Sure?\n–Trust me.\nReally.", [(None, "Sure?"), (None, "Trust me. Really.")]),
        ("- JOHN: Hi.\n- No.", [("JOHN", "Hi."), (None, "No.")]),
        ("<i>- Hi.</i>\n<i>- No.</i>", [(None, "Hi."), (None, "No.")]),
        (">> Hi.\n>>> NEWS: No.", [(None, "Hi."), ("NEWS", "No.")]),
        ("-5 degrees\n--and falling", [(None, "-5 degrees --and falling")]),
        ("V: left", [(None, "V: left")]),
        ("Words appear: WATCH", [(None, "Words appear: WATCH")]),
        ("At 10:30 see https://a.b", [(None, "At 10:30 see https://a.b")]),
        ("well-\nknown", [(None, "well- known")]),
        ("2 < 3 and I <3 you", [(None, "2 < 3 and I <3 you")]),
    ],
)
def test_speakers_are_told_apart(tmp_path: Path, text: str, turns: list[tuple[str | None, str]]) -> None:
    cues = one_srt(tmp_path, text)
    assert [(cue.speaker, cue.text) for cue in cues] == turns
    assert {(cue.number, cue.start_ns, cue.end_ns, cue.raw) for cue in cues} == {
        (1, SECOND, 2 * SECOND, text)
    }


@pytest.mark.parametrize(
    ("text", "turns"),
    [
        ("<v Mary Ann>Hi\nthere", [("Mary Ann", "Hi there")]),
        ("<v.loud Mary>Hi</v>\n<v Bob>Hello", [("Mary", "Hi"), ("Bob", "Hello")]),
        ("<v Tom &amp; Jerry>Hi & <i>bye</i>", [("Tom & Jerry", "Hi & bye")]),
        ("<v>Hi", [(None, "Hi")]),
        ("Off <v Bob>on", [(None, "Off"), ("Bob", "on")]),
        ("<lang en>Hi</lang> &nbsp;you", [(None, "Hi you")]),
        ("<ruby>漢<rt>かん</rt>字<rt>じ</ruby>だ", [(None, "漢字だ")]),
    ],
)
def test_vtt_voices_are_speakers(tmp_path: Path, text: str, turns: list[tuple[str | None, str]]) -> None:
    assert [(cue.speaker, cue.text) for cue in one_vtt(tmp_path, text)] == turns


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("[door slams]", ["sound"]),
        ("(music) ♪", ["sound"]),
        ("♪♪", ["sound"]),
        ("（笑い）", ["sound"]),
        ("♪ la la la ♪", ["dialogue"]),
        ("[sighs] All right.", ["dialogue"]),
        ("[door slams]\n- Who is it?", ["sound", "dialogue"]),
    ],
)
def test_sounds_are_told_from_dialogue(tmp_path: Path, text: str, kinds: list[str]) -> None:
    assert [cue.kind for cue in one_srt(tmp_path, text)] == kinds


@pytest.mark.parametrize(
    ("header", "name", "kind"),
    [
        ("WEBVTT\nKind: descriptions", "film.vtt", "description"),
        ("WEBVTT\nkind: Chapters", "film.vtt", "chapter"),
        ("WEBVTT\nKind: captions", "film.vtt", "dialogue"),
        ("WEBVTT", "film_descriptions_en.vtt", "description"),
        ("WEBVTT", "chapters.en.vtt", "chapter"),
    ],
)
def test_descriptions_and_chapters_are_kinds_of_their_own(
    tmp_path: Path, header: str, name: str, kind: str
) -> None:
    track = read(tmp_path, f"{header}\n\n00:01.000 --> 00:02.000\n[- The End]\n", name)
    assert [cue.kind for cue in track.cues] == ["sound" if kind == "dialogue" else kind]


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("film.srt", None),
        ("film.es.srt", "es"),
        ("film_en.srt", "en"),
        ("sintel-de.srt", "de"),
        ("film.pt-br.srt", "pt-BR"),
        ("film.zh_Hant.srt", "zh-Hant"),
        ("Film.2020.1080p.ENG.sdh.srt", "en"),
        ("film.en.hi.srt", "en"),
        ("film.hi.srt", "hi"),
        ("film.en.forced.srt", "en"),
        ("es.srt", None),
        ("film.abc.srt", None),
    ],
)
def test_language_comes_from_the_file_name(tmp_path: Path, name: str, language: str | None) -> None:
    assert read(tmp_path, TWO_CUES, name).language == language


def test_language_comes_from_the_header_unless_the_name_says_otherwise(tmp_path: Path) -> None:
    text = "WEBVTT\nKind: captions\nLanguage: en-us\n\n00:01.000 --> 00:02.000\nHi\n"
    assert read(tmp_path, text, "film.vtt").language == "en-US"
    assert read(tmp_path, text, "film.en.vtt").warnings == ()
    track = read(tmp_path, text, "film.de.vtt")
    assert track.language == "de"
    assert "header en-US" in track.warnings[0]
    track = read(tmp_path, text.replace("en-us", "english"), "film.vtt")
    assert track.language is None
    assert "english" in track.warnings[0]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xef\xbb\xbf",
        b"hello world\n",
        b"WEBVTT\n",
        b"1\n00:00:01,000 --> 00:00:02,000\n\n",
        b"1\n2\n3\n",
    ],
)
def test_a_file_without_subtitles_is_invalid(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(MediaInvalid, match=r"film\.srt: it holds no subtitles"):
        read(tmp_path, content)


@pytest.mark.parametrize("content", [bytes(range(256)) * 8, b"\0\0\0\x18ftypmp42" + b"\0" * 64, b"\0" * 100])
def test_a_binary_file_is_invalid(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(MediaInvalid, match="binary"):
        read(tmp_path, content)


def test_a_huge_file_is_invalid_and_not_read(tmp_path: Path) -> None:
    path = tmp_path / "film.srt"
    path.touch()
    os.truncate(path, 1 << 40)
    with pytest.raises(MediaInvalid, match="larger than"):
        read_side_car(path)


def test_hours_without_end_break_nothing(tmp_path: Path) -> None:
    absurd = f"WEBVTT\n\n{'9' * 5000}:00:00.000 --> {'9' * 5000}:00:01.000\nA\n\n00:01.000 --> 00:02.000\nB\n"
    assert [cue.text for cue in read(tmp_path, absurd).cues] == ["B"]
    absurd = absurd.removeprefix("WEBVTT\n\n").replace(".", ",")
    assert all(cue.end_ns < 1 << 60 for cue in read(tmp_path, f"{TWO_CUES}\n3\n{absurd}").cues)


@pytest.mark.parametrize("name", ["film.ass", "film.ttml", "film.scc", "film.sub", "film"])
def test_other_formats_are_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(MediaUnsupported, match=r"only \.srt and \.vtt"):
        read(tmp_path, TWO_CUES, name)


def test_what_is_no_file_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(MediaNotFound):
        read_side_car(tmp_path / "missing.srt")
    (tmp_path / "folder.srt").mkdir()
    with pytest.raises(MediaNotFound):
        read_side_car(tmp_path / "folder.srt")
    with pytest.raises(MediaUnreadable):
        read_side_car(tmp_path / ("x" * 300 + ".srt"))


words = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"], exclude_characters="<>{}[]():-–—‐"),
    min_size=1,
)
spoken = st.lists(words.map(html.unescape), min_size=1, max_size=4).map(" ".join)
heads = st.sampled_from([b"", b"1\n00:00:01,000 --> 00:00:02,000\n", b"WEBVTT\n\n00:01.000 --> 00:02.000\n"])
cues = st.lists(st.tuples(st.integers(0, 10**8), st.integers(1, 10**6), spoken), min_size=1, max_size=8)


def stamp(milliseconds: int, point: str) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{point}{rest:03}"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    drawn=cues,
    suffix=st.sampled_from(["srt", "vtt"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_what_is_written_is_read(
    tmp_path: Path, drawn: list[tuple[int, int, str]], suffix: str, encoding: str
) -> None:
    point = "." if suffix == "vtt" else ","
    blocks = [
        f"{n}\n{stamp(start, point)} --> {stamp(start + length, point)}\n{html.escape(text, quote=False)}\n"
        for n, (start, length, text) in enumerate(drawn, start=1)
    ]
    written = "\n".join(["WEBVTT\n", *blocks] if suffix == "vtt" else blocks)
    track = read(tmp_path, written.encode(encoding), f"film.{suffix}")
    expected = [
        (n, start * MS, (start + length) * MS, text) for n, (start, length, text) in enumerate(drawn, 1)
    ]
    assert [(c.number, c.start_ns, c.end_ns, c.text) for c in track.cues] == sorted(
        expected, key=lambda c: c[1]
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary() | st.text(st.characters(codec="utf-8")).map(str.encode), head=heads)
def test_any_content_gives_cues_or_one_clear_error(tmp_path: Path, head: bytes, content: bytes) -> None:
    try:
        track = read(tmp_path, head + content)
    except MediaInvalid:
        return
    assert all(cue.text == " ".join(cue.text.split()) for cue in track.cues)


@pytest.mark.parametrize("path", REAL_SUBTITLES, ids=lambda path: path.stem)
def test_real_files_are_read_whole(path: Path) -> None:
    track = read_side_car(path)
    assert len({cue.number for cue in track.cues}) == path.read_text("utf-8-sig").count("-->")
    assert all(cue.text and "<" not in cue.text and 0 <= cue.start_ns < cue.end_ns for cue in track.cues)


@pytest.mark.parametrize("path", SINTEL, ids=lambda path: path.stem)
def test_a_real_trailer_has_its_lines(path: Path) -> None:
    track = read_side_car(path)
    assert track.language == "es"
    assert (18.7, 21.5, "Esta hoja tiene un pasado oscuro.") in times(track)
