"""The text of a side-car subtitle file, whatever its encoding."""

from __future__ import annotations

import codecs
from typing import Final

from watchdown.media.opening import open_file, size_of
from watchdown.media.place import Place
from watchdown_schemas.errors import MediaInvalid

LARGEST: Final = 16 << 20
_SAMPLE: Final = 4096
_FEWEST_ZEROS: Final = 0.2
_MARKS: Final = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
# Five bytes mean nothing in Windows-1252.
_WINDOWS_HOLES: Final = bytes.maketrans(b"\x81\x8d\x8f\x90\x9d", b"?????")


def read_content(path: Place) -> bytes:
    """Return the bytes of a subtitle file.

    Raises:
        MediaNotFound: if it is not there or is no regular file.
        MediaUnreadable: if it may not be read.
        MediaInvalid: if it is larger than any subtitle file.
    """
    with open_file(path) as file:
        if size_of(file) > LARGEST:
            cause = f"it is larger than {LARGEST >> 20} MiB, which no subtitle file is"
            raise MediaInvalid(str(path), cause, "Give a subtitle file")
        return file.read()


def decode(path: Place, content: bytes) -> tuple[str, list[str]]:
    r"""Return the text of a subtitle file with `\n` at the end of its lines, and warnings.

    Raises:
        MediaInvalid: if it is not text.
    """
    warnings = []
    if encoding := _utf_encoding(content):
        text = content.decode(encoding, "replace").removeprefix("\ufeff")
    else:
        try:
            # Not final: a character cut off at the end does not speak against UTF-8.
            text, _ = codecs.utf_8_decode(content, "strict", False)  # noqa: FBT003 - takes no keyword
        except UnicodeDecodeError:
            text = content.translate(_WINDOWS_HOLES).decode("cp1252")
            warnings.append("its encoding is not Unicode: read as Windows-1252")
    if "\0" in text:
        raise MediaInvalid(str(path), "its content is binary", "Give a subtitle file as text")
    return text.replace("\r\n", "\n").replace("\r", "\n"), warnings


def _utf_encoding(content: bytes) -> str | None:
    """Return the encoding that a mark, or the place of the zero bytes, gives away."""
    for mark, encoding in _MARKS.items():
        if content.startswith(mark):
            return encoding
    sample = content[:_SAMPLE]
    # Every other byte of a time stamp is zero in UTF-16, always on the same side.
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if min(even, odd) or max(even, odd) <= len(sample) / 2 * _FEWEST_ZEROS:
        return None
    return "utf-16-be" if even else "utf-16-le"
