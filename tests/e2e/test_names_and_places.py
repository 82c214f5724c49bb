"""Any name is a name, one content is one title, and a library is only where one is."""

import json
import shutil
from pathlib import Path

import pytest

from e2e.conftest import Call, Shelf
from e2e.spoken import GOOD, block, lines_of
from media.clips import draw
from watchdown.cli.exit_codes import ExitCode

NAMES = [
    "with space.mp4",
    "new\nline.mp4",
    "co:lon.mp4",
    "100%s %(d)n.mp4",
    "[red]mark-up[/].mp4".replace("/", "\u2215"),
    "\x1b[31mescape.mp4",
    "ünïcödé 日本.mp4",
    "quote'\".mp4",
    "back\\slash.mp4",
    "x" * 251 + ".mp4",
    "-dash.mp4",
    "--library",
    ".mp4",
]


def test_any_name_is_a_name(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "inner").mkdir()
    for count, name in enumerate(NAMES, start=12):
        draw(tmp_path / "film.mp4", count=count).rename(tmp_path / name)
    monkeypatch.chdir(tmp_path / "inner")
    draw(tmp_path / "up.mp4", count=11)
    library = ["--library", tmp_path / "library"]
    files = [tmp_path / name for name in NAMES if name != "-dash.mp4"]
    assert call("add", *files, "../up.mp4", *library).code == ExitCode.OK
    monkeypatch.chdir(tmp_path)
    assert call("add", *library, "--", "-dash.mp4").code == ExitCode.OK
    titles = json.loads(call("titles", "--json", *library).out)
    assert {title["name"] for title in titles} == {Path(name).stem for name in [*NAMES, "up.mp4"]}
    for command in (["titles"], ["search", "a red car", "--limit", 99], ["show", "new\nline"], ["runs"]):
        said = call(*command, *library)
        assert said.code == ExitCode.OK
        assert "\x1b" not in said.out
        assert "new\\nline" in said.out


def test_the_same_content_is_one_title_under_any_name(call: Call, shelf: Shelf, tmp_path: Path) -> None:
    first, second, third = (tmp_path / f"{name}.mp4" for name in ("first", "second", "third"))
    for copy in (first, second):
        shutil.copy(shelf.meadow_file, copy)
    third.symlink_to(second)
    library = ["--library", tmp_path / "library"]
    said = call("add", first, second, *library)
    assert said.code == ExitCode.OK
    assert [line.split()[0] for line in said.out.splitlines()] == ["added", "unchanged"]
    assert f"note: {second}: has the same content as first, which was added from {first}" in said.err
    assert call("add", third, "--title", "Third", *library).out.startswith("unchanged")
    assert [title["name"] for title in json.loads(call("titles", "--json", *library).out)] == ["first"]


def test_a_film_that_was_moved_is_read_where_it_lies_now(call: Call, shelf: Shelf, tmp_path: Path) -> None:
    old, new, library = tmp_path / "old.mp4", tmp_path / "new.mp4", tmp_path / "library"
    shutil.copy(shelf.meadow_file, old)
    assert call("add", old, "--library", library).code == ExitCode.OK
    old.rename(new)
    assert call("add", new, "--library", library).code == ExitCode.OK
    assert str(new) in call("show", "old", "--library", library).out
    assert call("add", new, "--copy", "--library", library).code == ExitCode.OK
    new.unlink()
    assert "source/new.mp4" in call("show", "old", "--library", library).out


def test_copied_files_go_with_the_library(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    film = draw(tmp_path / "film.mp4", count=50)
    subtitles = tmp_path / "film.de.srt"
    subtitles.write_text(GOOD, "utf-8")
    assert call("add", "film.mp4", "--copy", "--library", "library").code == ExitCode.OK
    shutil.copy(film, tmp_path / "again.mp4")
    film.unlink()
    subtitles.unlink()
    (tmp_path / "library").rename(tmp_path / "moved")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    (tmp_path / "more.srt").write_text(block(1, "00:00:00,500", "00:00:01,000", "One lantern more"), "utf-8")
    more = ["--subtitles", f"{tmp_path}/more.srt:en"]
    assert call("add", tmp_path / "again.mp4", *more, "--library", tmp_path / "moved").code == ExitCode.OK
    assert len(lines_of(tmp_path / "moved", "film")) == 2


def test_a_place_that_is_no_library_is_refused(call: Call, shelf: Shelf, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").touch()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "library.db").write_bytes(b"no database at all" * 999)
    for place, causes in {
        "file": ("is a file, not a folder", "is no Watchdown library"),
        "full": ("is not empty (letter.txt) and no library", "is no Watchdown library"),
        "file/in": ("cannot be used (Not a directory)", "is no Watchdown library"),
        "broken": ("is no database", "is no database"),
    }.items():
        for command, cause in zip((["add", shelf.meadow_file], ["titles"]), causes, strict=True):
            said = call(*command, "--library", tmp_path / place)
            assert (said.code in {ExitCode.FAILED, ExitCode.NOT_FOUND}, said.out) == (True, "")
            (error,) = said.errors
            assert error.startswith(f"{tmp_path / place}")
            assert cause in error
    assert call("demo", "--library", tmp_path / "full").code == ExitCode.FAILED
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["letter.txt"]


@pytest.mark.parametrize(
    ("name", "content", "cause"),
    [
        ("broken.png", b"\x89PNG\r\n\x1a\n" + bytes(99), "is no image that can be read"),
        ("letter.png", b"Dear Sir", "is no image that can be read"),
        ("missing.png", None, "is not there"),
    ],
)
def test_a_query_image_that_is_none_is_named(
    call: Call, shelf: Shelf, tmp_path: Path, *, name: str, content: bytes | None, cause: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    said = call("search", "--image", tmp_path / name, "--library", shelf.library)
    assert said.code == ExitCode.FAILED
    (error,) = said.errors
    assert error.startswith(f"{tmp_path / name}: {cause}")
