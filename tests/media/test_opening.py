from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

import av
import pytest
from PIL import Image

from media.clips import draw, picture
from watchdown.media.fingerprint import fingerprint
from watchdown.media.opening import open_container
from watchdown.media.probe import probe
from watchdown_schemas.errors import (
    MediaInvalid,
    MediaNotFound,
    MediaUnreadable,
    MediaUnsupported,
)

NAMES = [
    "-y.mp4",
    "a:b.mp4",
    "concat:a|b.mp4",
    "http:film.mp4",
    "two words.mp4",
    "new\nline.mp4",
    "take%03d.mp4",
    "kino\udce9.mp4",
    "фильм.mp4",
    "no extension",
]


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_any_file_name_works(tmp_path: Path, name: str) -> None:
    path = draw(tmp_path / "film.mp4", count=3).rename(tmp_path / name)
    assert probe(path).duration_ns == 120_000_000
    assert len(fingerprint(path)) == 64


def test_a_missing_file_and_what_is_no_file_are_not_found(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "missing.mp4", tmp_path, tmp_path / "pipe", Path("/dev/null")):
        for look in (probe, fingerprint):
            with pytest.raises(MediaNotFound) as caught:
                look(path)
            assert caught.value.subject == str(path)


def test_a_name_that_no_file_can_have_is_unreadable(tmp_path: Path) -> None:
    inside_a_file = draw(tmp_path / "film.mp4", count=1) / "film.mp4"
    for path in (Path("a\0b.mp4"), inside_a_file):
        with pytest.raises(MediaUnreadable):
            probe(path)


def playlist(path: Path) -> str:
    return f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{path}\n#EXT-X-ENDLIST\n"


def concatenation(path: Path) -> str:
    return f"ffconcat version 1.0\nfile '{path}'\n"


@pytest.mark.parametrize("write", [playlist, concatenation])
def test_a_file_that_only_points_at_others_is_refused(tmp_path: Path, write: Callable[[Path], str]) -> None:
    path = tmp_path / "film.mp4"
    path.write_text(write(draw(tmp_path / "secret.mp4", count=3)))
    with pytest.raises((MediaInvalid, MediaUnsupported)):
        probe(path)


CONTENTS = {
    "nothing": (b"", MediaInvalid, "empty"),
    "text": (b"It was a dark and stormy night.\n" * 500, MediaInvalid, "neither video nor sound"),
    "a subtitle": (b"1\n00:00:01,000 --> 00:00:02,000\nHi\n\n" * 50, MediaUnsupported, "not handled"),
    "zeros": (bytes(100_000), MediaInvalid, "neither video nor sound"),
    "noise": (random.Random(7).randbytes(100_000), MediaInvalid, "neither video nor sound"),
    "one byte": (b"x", MediaInvalid, "neither video nor sound"),
}


@pytest.mark.parametrize("content", CONTENTS)
def test_what_is_no_media_is_refused_with_its_name_and_a_remedy(tmp_path: Path, content: str) -> None:
    data, error, cause = CONTENTS[content]
    path = tmp_path / "film.mp4"
    path.write_bytes(data)
    with pytest.raises(error, match=cause) as caught:
        probe(path)
    assert caught.value.subject == str(path)
    assert caught.value.remedy


@pytest.mark.parametrize("name", ["still.png", "still.jpg", "still%03d.png", "still.gif"])
def test_a_picture_is_no_film(tmp_path: Path, name: str) -> None:
    Image.fromarray(picture(1)).save(tmp_path / name)
    with pytest.raises(MediaUnsupported, match="picture"):
        probe(tmp_path / name)


def test_an_error_while_reading_becomes_ours(tmp_path: Path) -> None:
    path = draw(tmp_path / "film.mp4", count=3)
    with pytest.raises(MediaInvalid) as caught, open_container(path):
        raise av.error.InvalidDataError(1, "broken")
    assert caught.value.subject == str(path)
