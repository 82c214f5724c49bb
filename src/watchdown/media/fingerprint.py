"""The fingerprint of a file: a hash of its whole content."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Final

from watchdown.media.opening import open_file

BLOCK: Final = 1 << 20


def fingerprint(path: Path, progress: Callable[[int], None] | None = None) -> str:
    """Return the SHA-256 of a file's content as hex; `progress` gets the bytes read so far.

    Raises:
        MediaNotFound: There is no such regular file.
        MediaUnreadable: Permissions or the disk forbid it.
    """
    digest, block, done = hashlib.sha256(), memoryview(bytearray(BLOCK)), 0
    with open_file(path) as file:
        while count := file.readinto(block):  # type: ignore[attr-defined] # BinaryIO lacks what its classes have
            digest.update(block[:count])
            done += count
            if progress:
                progress(done)
    return digest.hexdigest()
