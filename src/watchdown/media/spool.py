"""Small pictures of a title, kept while it is decoded, so that later passes need no second decode.

A folder of two files: JPEGs one behind the other, and an index of (time, end, offset, length) that is
written last; without the index there is no spool.
"""

from __future__ import annotations

import io
import os
from bisect import bisect_left
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, TypeAlias
from uuid import uuid4

import numpy as np
from PIL import Image

from watchdown.folder import write_whole
from watchdown.media.storage import writing
from watchdown_algos.wants import Still

if TYPE_CHECKING:
    from watchdown_algos.wants import Pixels

Add: TypeAlias = "Callable[[int, int, Pixels], None]"


class StillSpool:
    """The stills of one title in a folder: `WIDTH` pixels wide, upright, `PER_SECOND` of them."""

    WIDTH: Final = 320
    PER_SECOND: Final = 2.0
    QUALITY: Final = 80

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pictures = folder / "stills.jpegs"
        self._index = folder / "stills.npy"
        self._rows: list[tuple[int, int, int, int]] | None = None

    @property
    def complete(self) -> bool:
        """Whether the pictures of the whole title are there."""
        return self._index.exists()

    @contextmanager
    def filling(self) -> Iterator[Add]:
        """Give a function that adds a picture (start_ns, end_ns, pixels); complete when the block is.

        Raises:
            StorageFull: The pictures do not fit on the disk.
        """
        rows: list[tuple[int, int, int, int]] = []
        with writing(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
            with self._placed() as file:

                def add(start_ns: int, end_ns: int, pixels: Pixels) -> None:
                    offset = file.tell()
                    Image.fromarray(pixels).save(file, "JPEG", quality=self.QUALITY)
                    rows.append((start_ns, end_ns, offset, file.tell() - offset))

                yield add
            index = io.BytesIO()
            np.save(index, np.array(rows, np.int64).reshape(-1, 4))
            write_whole(self._index, index.getvalue())

    @contextmanager
    def _placed(self) -> Iterator[BinaryIO]:
        """Give the file of pictures; it is put in its place whole, since another process may fill it too."""
        own = self._folder / f".{uuid4().hex}.jpegs"
        try:
            with own.open("wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            own.replace(self._pictures)
        except BaseException:
            own.unlink(missing_ok=True)
            raise

    def nearest(self, start_ns: int, end_ns: int) -> Still | None:
        """Return the picture nearest to the middle of a span whose frame begins inside it."""
        rows = self._load()
        inside = rows[bisect_left(rows, (start_ns,)) : bisect_left(rows, (end_ns,))]
        if not inside:
            return None
        middle = (start_ns + end_ns) // 2
        begin, end, offset, length = min(inside, key=lambda row: abs(row[0] - middle))
        with self._pictures.open("rb") as file:
            file.seek(offset)
            picture = Image.open(io.BytesIO(file.read(length)))
            return Still(begin, end, np.asarray(picture.convert("RGB")))

    def _load(self) -> list[tuple[int, int, int, int]]:
        if self._rows is None and self.complete:
            self._rows = [tuple(row) for row in np.load(self._index).tolist()]
        return self._rows or []
