"""A seekable file over ranges that are fetched as they are needed: ahead where reading goes on in order."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

Fetch = Callable[[int, int], bytes]

FIRST: Final = 256 * 1024
LARGEST: Final = 4 << 20
KEPT: Final = 4  # a film's sound and pictures may lie apart, and its index elsewhere


class ReadAhead(io.BufferedIOBase):
    """Reads a thing of known size by ranges; holds at most `KEPT` of them, `LARGEST` bytes each.

    A range that goes on where another ended is twice as long as that one; after a seek it is short again.
    """

    def __init__(self, size: int, fetch: Fetch) -> None:
        self._size = size
        self._fetch = fetch
        self._position = 0
        self._ranges: list[tuple[int, bytes]] = []  # (offset, content), the one used last at the end

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def seekable(self) -> bool:
        """Say that it can seek."""
        return True

    def tell(self) -> int:
        """Return the position."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Go to an offset; nothing is fetched before it is read."""
        self._check_open()
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError(f"negative seek position {base + offset}")
        self._position = base + offset
        return self._position

    def read(self, size: int | None = -1, /) -> bytes:
        """Return so many bytes, fewer only at the end."""
        self._check_open()
        rest = max(0, self._size - self._position)
        wanted = rest if size is None or size < 0 else min(size, rest)
        parts: list[bytes] = []
        while wanted:
            part = self._at(self._position, wanted)
            parts.append(part)
            self._position += len(part)
            wanted -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def read1(self, size: int = -1, /) -> bytes:
        """Return so many bytes, fewer only at the end."""
        return self.read(size)

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Fill a buffer; return how many bytes that took, fewer than it holds only at the end."""
        view = memoryview(buffer).cast("B")
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def _check_open(self) -> None:
        if self.closed:
            raise ValueError("I/O operation on closed file")

    def _at(self, position: int, wanted: int) -> bytes:
        """Return the bytes from a position on that lie in one range, at most so many."""
        for index, (offset, content) in enumerate(self._ranges):
            if offset <= position < offset + len(content):
                self._ranges.append(self._ranges.pop(index))
                return content[position - offset : position - offset + wanted]
        length = FIRST
        for index, (offset, content) in enumerate(self._ranges):
            if offset + len(content) == position:
                length = min(2 * len(content), LARGEST)
                del self._ranges[index]
                break
        length = min(max(length, min(wanted, LARGEST)), self._size - position)
        content = self._fetch(position, length)
        self._ranges = [*self._ranges[-KEPT + 1 :], (position, content)]
        return content[:wanted]

    def close(self) -> None:
        """Let go of what was fetched."""
        self._ranges = []
        super().close()
