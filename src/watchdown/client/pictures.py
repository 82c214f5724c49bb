"""Keys of stored pictures, resolved; images of queries, read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from watchdown.media.shelf import Shelf
from watchdown.media.sprites import cut, parse_key
from watchdown.storage.keys import MEDIA
from watchdown.storage.protocol import Storage
from watchdown_schemas.errors import MediaNotFound, MediaUnreadable, NotFound, StorageNotFound

KEY: Final = re.compile(r"[0-9a-f]{64}/\d+/[a-z0-9-]+\.jpg")
MAX_IMAGE_BYTES: Final = 100_000_000


def media(shelf: Shelf, key: str) -> Path:
    """Return the file that a key names, a copy of it where that lies elsewhere; NotFound when it is gone."""
    with _named(key):
        return shelf.storage.fetch(_stored(key), shelf.work / "pictures")


def thumbnail(storage: Storage, key: str) -> bytes:
    """Return the picture that a key names as JPEG."""
    _name, box = parse_key(key)
    with _named(key):
        data = storage.read(_stored(key))
    return cut(data, box) if box else data


def link(storage: Storage, key: str, seconds: int) -> str:
    """Return a URL of the file that a key names, good for so long; the key's own fragment stays on it."""
    name, _box = parse_key(key)
    with _named(key):
        if not storage.exists(_stored(key)):
            raise _missing(key)
        return storage.link(_stored(key), seconds) + key[len(name) :]


def _stored(key: str) -> str:
    name, _box = parse_key(key)
    if not KEY.fullmatch(name):
        raise _missing(key)
    return MEDIA + name


@contextmanager
def _named(key: str) -> Iterator[None]:
    try:
        yield
    except StorageNotFound:
        raise _missing(key) from None


def _missing(key: str) -> NotFound:
    return NotFound(key, "is no picture here", "Use the thumbnail of a hit as it is.")


def read_image(path: Path) -> bytes:
    """Return an image file's bytes."""
    try:
        if path.stat().st_size > MAX_IMAGE_BYTES:
            raise MediaUnreadable(str(path), "is larger than 100 MB", "Scale the image down.")
        return path.read_bytes()
    except FileNotFoundError:
        raise MediaNotFound(str(path), "is not there", "Check the path.") from None
    except OSError as error:
        raise MediaUnreadable(
            str(path), f"cannot be read ({error.strerror})", "Give an image file."
        ) from error
