"""Keys of stored pictures, resolved; images of queries, read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from watchdown.folder import Folder
from watchdown.media.sprites import cut, parse_key
from watchdown_schemas.errors import MediaNotFound, MediaUnreadable, NotFound

KEY: Final = re.compile(r"[0-9a-f]{64}/\d+/[a-z0-9-]+\.jpg")
MAX_IMAGE_BYTES: Final = 100_000_000


def media(folder: Folder, key: str) -> Path:
    """Return the file that a key names; NotFound when it is no key or the file is gone."""
    name, _box = parse_key(key)
    path = folder.root / "media" / name
    if not KEY.fullmatch(name) or not path.is_file():
        raise NotFound(key, "is no picture here", "Use the thumbnail of a hit as it is.")
    return path


def thumbnail(folder: Folder, key: str) -> bytes:
    """Return the picture that a key names as JPEG."""
    _name, box = parse_key(key)
    data = media(folder, key).read_bytes()
    return cut(data, box) if box else data


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
