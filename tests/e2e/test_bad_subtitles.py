"""What malformed subtitles get: their lines at their times, or an error beside a title that is there."""

import json
from pathlib import Path

import pytest

import watchdown
from e2e.conftest import Call, Shelf
from e2e.spoken import AT_ONE, GOOD, SECOND, block, lines_of
from media.clips import draw, draw_sound
from watchdown.cli.exit_codes import ExitCode
from watchdown.client import Added

Lines = list[tuple[int, int, str]]
SUBTITLES: dict[str, tuple[str | bytes, Lines]] = {
    "counted from zero": (GOOD.replace("1\n", "0\n", 1), AT_ONE),
    "no end of lines but CR LF": (GOOD.replace("\n", "\r\n"), AT_ONE),
    "UTF-8 with a mark": ("\ufeff" + GOOD, AT_ONE),
    "UTF-16": (GOOD.encode("utf-16"), AT_ONE),
    "UTF-16 without a mark": (GOOD.encode("utf-16-be"), AT_ONE),
    "Latin-1": (GOOD.encode("latin-1"), AT_ONE),
    "short fractions": (
        block(1, "00:00:00,1", "00:00:01,5", "A lantern"),
        [(SECOND // 1000, SECOND + 5 * SECOND // 1000, "A lantern")],
    ),
    "out of order": (
        block(2, "00:00:02,000", "00:00:02,500", "Second lantern") + GOOD,
        [*AT_ONE, (2 * SECOND, 2 * SECOND + SECOND // 2, "Second lantern")],
    ),
    "over the end": (
        block(1, "00:00:01,000", "00:01:00,000", "A lantern"),
        [(SECOND, 3 * SECOND, "A lantern")],
    ),
    "one past the end": (GOOD + block(2, "00:01:00,000", "00:01:02,000", "Late lantern"), AT_ONE),
    "one that ends early": (GOOD + block(2, "00:00:02,000", "00:00:01,000", "Back lantern"), AT_ONE),
}
WARNED = {
    "Latin-1": "read as Windows-1252",
    "out of order": "out of order",
    "one past the end": "1 DialogueLine.2 row refused, with reasons in quarantine/",
    "one that ends early": "end_ns does not come after start_ns",
}
NO_SUBTITLES: dict[str, tuple[str | bytes, str]] = {
    "letter": ("Dear Sir or Madam,\n\nwe regret.\n", "it holds no subtitles. Check that it is an SRT"),
    "binary": (bytes(range(256)) * 9, "its content is binary. Give a subtitle file"),
    "empty": ("", "it holds no subtitles. Check that it is an SRT"),
    "all past the end": (block(1, "01:00:00,000", "01:00:01,000", "A lantern"), "lies outside the timeline"),
}


@pytest.fixture(scope="module")
def subtitled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Added]]:
    """Add a title of three seconds of sound for each subtitle file, all in one command."""
    folder = tmp_path_factory.mktemp("subtitled")
    for level, (name, (content, _)) in enumerate({**SUBTITLES, **NO_SUBTITLES}.items(), start=1):
        draw_sound(folder / f"{name}.wav", [(3, level / 100)])
        (folder / f"{name}.srt").write_bytes(content if isinstance(content, bytes) else content.encode())
    with watchdown.open(folder / "library", create=True) as library:
        added = library.add(*sorted(folder.glob("*.wav")))
    return folder / "library", {Path(one.path).stem: one for one in added}


@pytest.mark.parametrize("name", SUBTITLES)
def test_malformed_subtitles_are_read_as_they_are_meant(
    subtitled: tuple[Path, dict[str, Added]], name: str
) -> None:
    library, added = subtitled
    assert (added[name].outcome, added[name].errors) == ("added", ())
    assert lines_of(library, name) == SUBTITLES[name][1]
    assert WARNED.get(name, "") in " ".join(added[name].notes)


@pytest.mark.parametrize("name", NO_SUBTITLES)
def test_the_title_is_there_though_its_subtitles_are_none(
    subtitled: tuple[Path, dict[str, Added]], name: str
) -> None:
    library, added = subtitled
    (error,) = added[name].errors
    assert f"{name}." in error
    assert NO_SUBTITLES[name][1] in error
    assert added[name].title_name == name
    assert lines_of(library, name) == []


@pytest.mark.parametrize(
    ("given", "cause"),
    [
        ("missing.srt", "missing.srt: there is no such file. Check the path."),
        ("x" * 300 + ".srt:en", "it cannot be read (file name too long)"),
        (".", ".: it is a directory."),
        ("letter.txt", "letter.txt: subtitles in .txt are not read, only .srt and .vtt. Convert them"),
        ("good.srt:klingon", "good.srt: 'klingon' is not a language tag such as en"),
    ],
    ids=["missing", "long", "folder", "text", "language"],
)
def test_subtitles_named_wrongly_are_an_error_beside_the_title(
    shelf: Shelf, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, given: str, cause: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "letter.txt").write_text(GOOD, "utf-8")
    (tmp_path / "good.srt").write_text(GOOD, "utf-8")
    said = call("add", shelf.meadow_file, "--subtitles", given, "--library", shelf.library)
    assert said.code == ExitCode.FAILED
    (error,) = said.errors
    assert cause in error
    assert said.out.startswith("unchanged")


def test_only_dialogue_runs_again_for_new_subtitles(call: Call, tmp_path: Path) -> None:
    film, library = draw(tmp_path / "film.mp4", count=50), tmp_path / "library"

    def add(*more: object) -> list[str]:
        done = len(runs())
        assert call("add", film, *more, "--library", library).code == ExitCode.OK
        return runs()[done:]

    def runs() -> list[str]:
        if not library.exists():
            return []
        return [run["algorithm"] for run in json.loads(call("runs", "--json", "--library", library).out)]

    assert set(add()) == {"shots", "visual-embedding", "keyframes"}
    (tmp_path / "film.en.srt").write_text(GOOD, "utf-8")
    assert add() == ["dialogue"]
    assert lines_of(library, "film") == AT_ONE
    (tmp_path / "film.en.srt").write_text(GOOD.replace("für", "for"), "utf-8")
    assert add() == ["dialogue"]
    assert lines_of(library, "film") == [(SECOND, 2 * SECOND, "A lantern for alle")]
    french = tmp_path / "other.srt"
    french.write_text(block(1, "00:00:00,500", "00:00:01,000", "Une lantern"), "utf-8")
    assert add("--subtitles", f"{french}:fr") == ["dialogue"]
    assert len(lines_of(library, "film")) == 2
    assert add() == []
    assert add("--subtitles", french) == [], "a language that was said once stays"
    assert add("--subtitles", f"{french}:de") == ["dialogue"]
    assert len(lines_of(library, "film")) == 2


def test_subtitles_of_a_film_with_a_longer_name_are_left_to_it(call: Call, tmp_path: Path) -> None:
    draw(tmp_path / "film.mp4", count=12)
    draw(tmp_path / "film.2.mp4", count=13)
    (tmp_path / "film.2.srt").write_text(block(1, "00:00:00,100", "00:00:00,400", "A lantern"), "utf-8")
    said = call("add", tmp_path / "film.mp4", tmp_path / "film.2.mp4", "--library", tmp_path / "library")
    assert said.code == ExitCode.OK
    assert lines_of(tmp_path / "library", "film") == []
    assert len(lines_of(tmp_path / "library", "film.2")) == 1
