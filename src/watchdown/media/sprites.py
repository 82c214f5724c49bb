"""Thumbnails, many to a file: JPEG sprite sheets and the keys that name a picture in them.

A key is `<file key>#xywh=x,y,w,h`, a W3C media fragment.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Final, TypeAlias

from PIL import Image, ImageOps

from watchdown.storage.keys import MEDIA, derived
from watchdown.storage.protocol import Storage

if TYPE_CHECKING:
    from watchdown_algos.wants import Pixels

Box: TypeAlias = tuple[int, int, int, int]

FRAGMENT: Final = re.compile(r"#xywh=(\d{1,6}),(\d{1,6}),(\d{1,6}),(\d{1,6})$")
QUALITY: Final = 75


class SpriteSheets:
    """Packs the pictures of a run over an asset into JPEG sheets, in the order they come.

    Their keys begin with the asset's fingerprint: `<fingerprint>/<run>/sprites-0000.jpg` and so on.
    """

    def __init__(
        self,
        storage: Storage,
        fingerprint: str,
        run: int,
        *,
        tile: tuple[int, int] = (320, 180),
        columns: int = 6,
        rows: int = 6,
    ) -> None:
        self._storage = storage
        self._home = derived(fingerprint, run)
        self._tile = tile
        self._columns = columns
        self._rows = rows
        self._sheets = 0
        self._waiting: list[Image.Image] = []
        self.size = 0  # in bytes, of the sheets that are written

    def add(self, pixels: Pixels) -> str:
        """Take an upright picture, uint8 [height, width, 3], and return its key; margins become black."""
        width, height = self._tile
        y, x = divmod(len(self._waiting), self._columns)
        key = f"{self._home.removeprefix(MEDIA)}{self._name}#xywh={x * width},{y * height},{width},{height}"
        self._waiting.append(ImageOps.pad(Image.fromarray(pixels), self._tile, Image.Resampling.BOX))
        if len(self._waiting) == self._columns * self._rows:
            self.close()
        return key

    def close(self) -> None:
        """Write the sheet that is not full yet."""
        if not self._waiting:
            return
        width, height = self._tile
        rows = -(-len(self._waiting) // self._columns)
        sheet = Image.new("RGB", (width * min(len(self._waiting), self._columns), height * rows))
        for i, picture in enumerate(self._waiting):
            y, x = divmod(i, self._columns)
            sheet.paste(picture, (x * width, y * height))
        data = _jpeg(sheet)
        self._storage.put(self._home + self._name, data)
        self.size += len(data)
        self._waiting = []
        self._sheets += 1

    @property
    def _name(self) -> str:
        return f"sprites-{self._sheets:04}.jpg"


def parse_key(key: str) -> tuple[str, Box | None]:
    """Split a key into that of its file and, where it names a part of it, (x, y, width, height)."""
    found = FRAGMENT.search(key)
    if found is None:
        return key, None
    x, y, width, height = map(int, found.groups())
    return key[: found.start()], (x, y, width, height)


def cut(data: bytes, box: Box) -> bytes:
    """Return the part (x, y, width, height) of a picture file as JPEG."""
    x, y, width, height = box
    with Image.open(io.BytesIO(data)) as sheet:
        return _jpeg(sheet.crop((x, y, x + width, y + height)))


def _jpeg(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=QUALITY)
    return file.getvalue()
