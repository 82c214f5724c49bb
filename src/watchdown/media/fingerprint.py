"""The fingerprint of a file: a hash of its whole content."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final

from watchdown.media.opening import open_file
from watchdown.media.place import Place

BLOCK: Final = 1 << 20


def fingerprint(place: Place, progress: Callable[[int], None] | None = None) -> str:
    """Return the SHA-256 of a file's content as hex; `progress` gets the bytes read so far.

    Raises:
        MediaNotFound: There is no such regular file, or object.
        MediaUnreadable: Permissions or the disk forbid it.
    """
    digest, block, done = hashlib.sha256(), memoryview(bytearray(BLOCK)), 0
    with open_file(place) as file:
        while count := file.readinto(block):  # type: ignore[attr-defined] # BinaryIO lacks what its classes have
            digest.update(block[:count])
            done += count
            if progress:
                progress(done)
    return digest.hexdigest()
