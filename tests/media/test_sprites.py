from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from media.clips import number_in, picture
from watchdown.media.contact_sheet import contact_sheet
from watchdown.media.sprites import SpriteSheets, cut, parse_key
from watchdown.storage.local import LocalStorage


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def test_each_key_leads_to_its_picture(tmp_path: Path) -> None:
    sheets = SpriteSheets(LocalStorage(tmp_path), "abc", 7, tile=(192, 96), columns=3, rows=2)
    keys = [sheets.add(picture(n)) for n in range(8)]
    sheets.close()
    assert sorted(path.name for path in (tmp_path / "media" / "abc" / "7").iterdir()) == [
        "sprites-0000.jpg",
        "sprites-0001.jpg",
    ]
    assert keys[4] == "abc/7/sprites-0000.jpg#xywh=192,96,192,96"
    for number, key in enumerate(keys):
        file, box = parse_key(key)
        assert box is not None
        tile = opened(cut((tmp_path / "media" / file).read_bytes(), box))
        assert (tile.format, tile.size) == ("JPEG", (192, 96))
        assert number_in(np.asarray(tile)) == number


def test_the_last_sheet_is_no_larger_than_its_pictures(tmp_path: Path) -> None:
    sheets = SpriteSheets(LocalStorage(tmp_path), "p", 1)
    sheets.add(picture(1))
    sheets.close()
    sheets.close()
    assert opened((tmp_path / "media/p/1/sprites-0000.jpg").read_bytes()).size == (320, 180)


def test_a_picture_of_another_shape_gets_black_margins(tmp_path: Path) -> None:
    sheets = SpriteSheets(LocalStorage(tmp_path), "p", 1)
    sheets.add(np.full((640, 360, 3), 200, np.uint8))
    sheets.close()
    pixels = np.asarray(opened((tmp_path / "media/p/1/sprites-0000.jpg").read_bytes())).mean(axis=2)
    assert pixels[90, 160] == pytest.approx(200, abs=3)
    assert pixels[90, [20, 300]].max() < 10


@pytest.mark.parametrize(
    ("key", "parts"),
    [
        ("a/b.jpg#xywh=1,2,3,4", ("a/b.jpg", (1, 2, 3, 4))),
        ("a/b.jpg", ("a/b.jpg", None)),
        ("a/b#xywh=-1,2,3,4", ("a/b#xywh=-1,2,3,4", None)),
        ("a#t=1/b.jpg#xywh=0,0,9,9", ("a#t=1/b.jpg", (0, 0, 9, 9))),
    ],
)
def test_a_key_names_a_file_and_maybe_a_part_of_it(key: str, parts: tuple[str, object]) -> None:
    assert parse_key(key) == parts


def jpeg(number: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture(number)).save(file, "JPEG")
    return file.getvalue()


@pytest.mark.parametrize("count", [0, 1, 3, 9])
def test_a_contact_sheet_holds_any_number_of_pictures(count: int) -> None:
    long = "a caption that is far too long for the room below its picture, word after word " * 3
    sheet = opened(contact_sheet([(jpeg(n), f"{n}\n{long}") for n in range(count)], columns=4))
    assert sheet.format == "PNG"
    assert sheet.width == 40 + 320 * max(1, min(count, 4)) + 16 * (max(1, min(count, 4)) - 1)


def test_a_caption_stays_under_its_picture() -> None:
    narrow = np.asarray(opened(contact_sheet([(jpeg(1), "w" * 500), (jpeg(2), "")], columns=2)))
    below, gap = narrow[210:, 20:340], narrow[:, 342:354]
    assert below.max() > 200
    assert (gap == narrow[0, 0]).all()
