"""A contact sheet: pictures in rows, each with its caption, as one PNG for people."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final, cast

from PIL import Image, ImageDraw, ImageFont, ImageOps

TILE: Final = (320, 180)
MARGIN: Final = 20
GAP: Final = 16
LINES: Final = 2
LINE_HEIGHT: Final = 20
FONT_SIZE: Final = 15
PAPER: Final = (22, 24, 28)
INK: Final = (222, 226, 232)
FAINT: Final = (150, 156, 166)


def contact_sheet(pictures: Sequence[tuple[bytes, str]], columns: int = 4) -> bytes:
    """Return a PNG of (picture file, caption) pairs; a caption too long for two lines ends in an ellipsis."""
    width, height = TILE
    cell = width + GAP, height + 8 + LINES * LINE_HEIGHT + GAP
    columns = max(1, min(columns, len(pictures)))
    rows = max(1, -(-len(pictures) // columns))
    size = 2 * MARGIN + columns * cell[0] - GAP, 2 * MARGIN + rows * cell[1] - GAP
    sheet = Image.new("RGB", size, PAPER)
    pen = ImageDraw.Draw(sheet)
    font = cast("ImageFont.FreeTypeFont", ImageFont.load_default(FONT_SIZE))
    for i, (data, caption) in enumerate(pictures):
        x, y = MARGIN + i % columns * cell[0], MARGIN + i // columns * cell[1]
        with Image.open(io.BytesIO(data)) as picture:
            sheet.paste(ImageOps.pad(picture.convert("RGB"), TILE, Image.Resampling.LANCZOS), (x, y))
        for line, text in enumerate(_wrap(_spelled(caption, font), font, width)):
            place = x, y + height + 8 + line * LINE_HEIGHT
            pen.text(place, text, fill=FAINT if line else INK, font=font)
    file = io.BytesIO()
    sheet.save(file, "PNG")
    return file.getvalue()


def _spelled(caption: str, font: ImageFont.FreeTypeFont) -> str:
    """Leave out accents that the font lacks; other foreign letters show as its empty box."""
    box = _shape("\U0010ffff", font)
    spelled = []
    for letter in unicodedata.normalize("NFC", caption):
        plain = "".join(c for c in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(c))
        lacks = not letter.isascii() and _shape(letter, font) == box
        spelled.append(plain if lacks and plain.isascii() else letter)
    return "".join(spelled)


def _wrap(caption: str, font: ImageFont.FreeTypeFont, width: int) -> list[str]:
    """Break a caption into at most `LINES` lines, at its own line breaks first, then between words."""
    lines: list[str] = []
    for paragraph in caption.splitlines():
        words = paragraph.split()
        while words:
            count = _fitting(words, font, width)
            lines.append(" ".join(words[:count]))
            words = words[count:]
    if len(lines) > LINES:
        lines[LINES - 1 :] = [" ".join(lines[LINES - 1 :])]
    return [_shorten(line, font, width) for line in lines]


def _fitting(words: list[str], font: ImageFont.FreeTypeFont, width: int) -> int:
    """Return how many of the words fit on a line, one at least."""
    count = 1
    while count < len(words) and font.getlength(" ".join(words[: count + 1])) <= width:
        count += 1
    return count


def _shorten(line: str, font: ImageFont.FreeTypeFont, width: int) -> str:
    if font.getlength(line) <= width:
        return line
    while line and font.getlength(f"{line}…") > width:
        line = line[:-1]
    return f"{line.rstrip()}…"


def _shape(letter: str, font: ImageFont.FreeTypeFont) -> bytes:
    return bytes(cast("Iterable[int]", font.getmask(letter)))
