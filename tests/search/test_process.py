from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from watchdown.search.process import decode_image, text_leaf
from watchdown_schemas.errors import MediaInvalid


def image(format_: str, size: tuple[int, int] = (6, 4), **options: object) -> bytes:
    """Return an image file whose left half is red."""
    pixels = np.zeros((size[1], size[0], 3), np.uint8)
    pixels[:, : size[0] // 2, 0] = 255
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format_, **options)
    return buffer.getvalue()


def test_words_have_a_stem_for_each_language_in_scope() -> None:
    leaf = text_leaf("Running casas!", ["es", "en"])
    assert leaf.words == ("running", "casas")
    assert leaf.stems == (("run", "running"), ("casa", "cas"))
    assert text_leaf("running", []).stems == (("running",),)


def test_a_word_without_spaces_has_its_characters_for_stems() -> None:
    leaf = text_leaf("今天天气", ["zh", "en"])
    assert "".join(leaf.words) == "今天天气"
    assert [stem for stems in leaf.stems for stem in stems] == [" ".join(word) for word in leaf.words]


def test_nothing_but_punctuation_is_no_word() -> None:
    assert text_leaf("  ?! … 🙂 ", ["en"]).words == ()


@pytest.mark.parametrize("format_", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
def test_an_image_of_any_usual_format_is_read_as_rgb(format_: str) -> None:
    pixels = decode_image(image(format_))
    assert pixels.shape == (4, 6, 3)
    assert pixels.dtype == np.uint8
    assert pixels[0, 0, 0] > 150
    assert pixels[0, -1, 0] < 100


def test_a_picture_that_lies_on_its_side_is_turned_upright() -> None:
    turned = Image.Exif()
    turned[0x0112] = 6
    assert decode_image(image("JPEG", exif=turned)).shape == (6, 4, 3)


@pytest.mark.parametrize(
    "data",
    [b"", b"no image", image("PNG")[:45], image("JPEG")[:200], b"BM" + b"\xff" * 60],
    ids=len,
)
def test_what_is_no_image_is_refused(data: bytes) -> None:
    with pytest.raises(MediaInvalid, match=r"the image: (is no image that can be read|has more than)"):
        decode_image(data)


@pytest.mark.parametrize("side", [10_001, 60_000])
def test_an_image_that_would_fill_the_memory_is_refused_unread(side: int) -> None:
    header = image("BMP")
    huge = header[:18] + side.to_bytes(4, "little") * 2 + header[26:]
    with pytest.raises(MediaInvalid):
        decode_image(huge)
