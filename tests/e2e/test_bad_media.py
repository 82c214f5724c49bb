"""What bad media gets: a title, or one error that names the file, the cause and what to do."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from itertools import accumulate
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from PIL import Image

import watchdown
from e2e.conftest import Call, Shelf
from e2e.spoken import SECOND, block
from media.clips import cut_off, draw, draw_sound, number_in
from watchdown.cli.exit_codes import ExitCode
from watchdown.client import Library, TitleSummary

NOBODY = 65_534
STEPS = [40, 80, 20] * 10
REFUSED = {
    "empty.mp4": "it is empty",
    "index-lost.mp4": "truncated: its index",
    "cut-in-the-data.mp4": "truncated: ",
    "letter.mp4": "neither video nor sound",
    "picture.mp4": "such as a picture",
    "missing.mp4": "there is no such file",
    "folder.mp4": "it is a directory",
    "pipe.mp4": "it is no regular file",
    "circle.mp4": "it cannot be read (too many levels of symbolic links)",
    "x" * 300 + ".mp4": "it cannot be read (file name too long)",
    "latin-\udce9.mp4": "its name is no Unicode text",
}


@pytest.fixture(scope="module")
def refused(shelf: Shelf, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, list[str]]]:
    """Add all files that are refused, a good one last, in one command; give the folder and the errors."""
    folder = tmp_path_factory.mktemp("refused")
    (folder / "empty.mp4").touch()
    cut_off(draw(folder / "index-lost.mp4", count=12), 0.9)
    shutil.copy(shelf.meadow_file, folder / "cut-in-the-data.mp4")
    cut_off(folder / "cut-in-the-data.mp4", 0.6)
    (folder / "letter.mp4").write_text("Dear Sir or Madam,\n" * 500, "utf-8")
    (folder / "picture.mp4").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(2000))
    (folder / "folder.mp4").mkdir()
    os.mkfifo(folder / "pipe.mp4")
    (folder / "circle.mp4").symlink_to("circle.mp4")
    draw(folder / "latin.mp4", count=13).rename(folder / "latin-\udce9.mp4")
    draw(folder / "good.mp4", count=14)
    with watchdown.open(folder / "library", create=True) as library:
        added = library.add(*(folder / name for name in REFUSED), folder / "good.mp4")
        yield folder, [error for one in added for error in one.errors]
        assert [one.outcome for one in added] == ["failed"] * len(REFUSED) + ["added"]
        assert [title.name for title in library.titles()] == ["good"]


@pytest.mark.parametrize(("name", "cause"), REFUSED.items(), ids=[name[:20] for name in REFUSED])
def test_a_file_that_cannot_be_used_is_named_with_the_cause_and_what_to_do(
    refused: tuple[Path, list[str]], name: str, cause: str
) -> None:
    folder, errors = refused
    shown = str(folder / name).encode("utf-8", "backslashreplace").decode()
    (error,) = (error for error in errors if error.startswith(f"{shown}: "))
    assert cause in error
    assert re.search(r"\. [A-Z][^.]+\.$", error), "the last sentence says what to do"


def test_the_other_files_of_the_command_go_on(refused: tuple[Path, list[str]], call: Call) -> None:
    folder, errors = refused
    assert len(errors) == len(REFUSED)
    said = call("add", folder / "missing.mp4", folder / "good.mp4", "--library", folder / "library")
    assert said.code == ExitCode.FAILED
    assert said.out.startswith("unchanged")
    assert len(said.errors) == 1


@contextmanager
def unprivileged() -> Iterator[None]:
    """Be someone who may not read everything, as root may."""
    was = os.geteuid()
    if was == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(was)


@pytest.fixture
def anyones() -> Iterator[Path]:
    """Give a folder in which someone without privileges may write."""
    with TemporaryDirectory() as folder:
        if os.geteuid() == 0:
            os.chown(folder, NOBODY, -1)
        yield Path(folder)


def test_a_file_without_permission_is_named_and_its_neighbour_added(
    shelf: Shelf, call: Call, anyones: Path
) -> None:
    assert shelf, "all that is imported late has been imported by now"
    draw(anyones / "forbidden.mp4", count=12).chmod(0)
    draw(anyones / "allowed.mp4", count=13).chmod(0o644)
    with unprivileged():
        files = sorted(anyones.glob("*.mp4"), reverse=True)
        said = call("add", *files, "--library", anyones / "library")
    assert said.code == ExitCode.FAILED
    assert said.errors == [
        f"{anyones}/forbidden.mp4: there is no permission to read it. Allow this user to read it."
    ]
    assert "allowed" in said.out


def test_a_library_without_permission_is_named(shelf: Shelf, call: Call, anyones: Path) -> None:
    (anyones / "closed").mkdir(0o700)
    (anyones / "closed").chmod(0)
    with unprivileged():
        for command in (["add", shelf.harbour_file], ["titles"]):
            said = call(*command, "--library", anyones / "closed" / "library")
            assert said.code == ExitCode.FAILED
            assert "cannot be used (Permission denied)" in said.errors[0]


@pytest.fixture(scope="module")
def odd(shelf: Shelf, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """Add odd files in one command, which all must be added."""
    assert shelf
    folder = tmp_path_factory.mktemp("odd")
    files = [
        draw_sound(folder / "sound only.wav", [(3, 0.5)]),
        draw(folder / "mute.mp4", count=30),
        draw(folder / "one frame.mp4", count=1),
        draw(folder / "variable rate.mp4", count=30, steps=STEPS),
        draw(folder / "upright.mp4", count=32, rotation=90),
        draw(folder / "stream.ts", count=30, sound=[(1.2, 0.3)]),
    ]
    (folder / "sound only.srt").write_text(block(1, "00:00:01,000", "00:00:02,000", "A lantern"), "utf-8")
    with watchdown.open(folder / "library", create=True) as library:
        added = library.add(*files)
        assert [(one.outcome, one.errors) for one in added] == [("added", ())] * len(files)
        yield library


def test_sound_alone_becomes_a_title_whose_dialogue_is_found(odd: Library) -> None:
    summary = odd.show("sound only")
    assert [asset["kind"] for asset in summary.assets if asset["kind"] != "text"] == ["audio"]
    assert summary.counts == {"DialogueLine": 1}
    (hit,) = odd.search("lantern", dialogue=True)
    assert (hit.title_name, hit.start_ns, hit.timecode) == ("sound only", SECOND, "00:00:01:00")
    assert hit.thumbnail is None


def test_video_without_sound_and_subtitles_is_seen(odd: Library) -> None:
    summary = odd.show("mute")
    assert summary.counts.keys() == {"Shot", "Embedding", "Keyframe"}
    assert covers(summary)


def test_one_frame_is_one_shot(odd: Library) -> None:
    summary = odd.show("one frame")
    assert summary.counts == {"Shot": 1, "Embedding": 1, "Keyframe": 1}
    assert shots_of(summary) == [(0, 40_000_000)]


def test_frames_of_variable_length_keep_their_times(odd: Library) -> None:
    summary = odd.show("variable rate")
    changes = {ms * 1_000_000 for ms in accumulate(STEPS, initial=0)}
    assert covers(summary)
    assert {start for start, _ in shots_of(summary)} <= changes
    assert max(changes) <= summary.duration_ns <= max(changes) + 80_000_000


def test_a_turned_video_has_upright_pictures(odd: Library) -> None:
    hits = odd.search("a red car", titles=["upright"])
    assert covers(odd.show("upright"))
    for hit in hits:
        with Image.open(BytesIO(odd.thumbnail(hit.thumbnail or ""))) as picture:
            assert number_in(np.asarray(picture)[10:-10]) < 32


def test_a_transport_stream_counts_like_the_same_film_in_mp4(odd: Library) -> None:
    assert shots_of(odd.show("stream")) == shots_of(odd.show("mute"))


def covers(summary: TitleSummary) -> bool:
    """Say whether the shots of a title cover it without gap or overlap."""
    shots = shots_of(summary)
    edges = [0, *(end for _, end in shots)]
    return [start for start, _ in shots] == edges[:-1] and edges[-1] == summary.duration_ns


def shots_of(summary: TitleSummary) -> list[tuple[int, int]]:
    return next(list(part.ranges) for part in summary.coverage if part.schema_type == "Shot")
