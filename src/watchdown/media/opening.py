"""The only place where media files are opened, and where every fault of reading gets its name.

A container is handed to the decoder as an open file without a name, and may open nothing else: neither
the file's name nor a reference inside it can lead anywhere. An object of a storage is read by ranges.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, NoReturn

import av
import av.error
from av.container import InputContainer

from watchdown.media.place import Place
from watchdown_schemas.errors import (
    LibraryError,
    MediaError,
    MediaInvalid,
    MediaNotFound,
    MediaUnreadable,
    MediaUnsupported,
    StorageChanged,
    StorageDenied,
    StorageNotFound,
)

CONTAINERS: Final = (
    "mov,matroska,mpegts,mpeg,avi,mxf,flv,asf,ogg,"  # films
    "wav,w64,aiff,caf,mp3,flac,aac,ac3,eac3"  # sound
)
READ_AHEAD: Final = 256 * 1024
COPY_AGAIN: Final = "Copy it again from where it came"


@contextmanager
def open_file(place: Place) -> Iterator[BinaryIO]:
    """Open a regular file or an object for reading; its faults become `MediaNotFound` or `MediaUnreadable`.

    A storage that does not answer is no fault of the file: StorageUnavailable is raised as it is.
    """
    with _opened(place) as file:
        try:
            yield file
        except OSError as error:
            raise _unreadable(place, error) from error


@contextmanager
def _opened(place: Place) -> Iterator[BinaryIO]:
    if isinstance(place, Path):
        with _open_regular(place) as file:
            yield file
        return
    try:
        opened = place.storage.open(place.key)
    except (StorageDenied, StorageNotFound) as error:
        raise _of_media(error) from error
    with opened as file:
        try:
            yield file
        except (StorageChanged, StorageDenied, StorageNotFound) as error:
            if not error.subject.startswith(str(place)):  # whoever reads may write elsewhere
                raise
            raise _of_media(error) from error


def _of_media(error: LibraryError) -> MediaError:
    if isinstance(error, StorageNotFound):
        return MediaNotFound(error.subject, error.cause, "Check the address")
    if isinstance(error, StorageDenied):
        return MediaUnreadable(error.subject, error.cause, error.remedy)
    return MediaInvalid(error.subject, error.cause, "Add it again once it is whole")


def _open_regular(path: Path) -> BinaryIO:
    try:
        # Not blocking: opening a named pipe would wait for a writer for ever.
        number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise MediaNotFound(str(path), "there is no such file", "Check the path") from None
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    mode = os.fstat(number).st_mode
    if not stat.S_ISREG(mode):
        os.close(number)
        kind = "a directory" if stat.S_ISDIR(mode) else "no regular file"
        raise MediaNotFound(str(path), f"it is {kind}", "Name a media file")
    return open(number, "rb")  # noqa: PTH123 - opened by number, so that the container sees no name


def size_of(file: BinaryIO) -> int:
    """Return the bytes of an open file, whose position is then at its beginning."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    return size


@contextmanager
def open_container(path: Place) -> Iterator[InputContainer]:
    """Open a media file to demux; all that goes wrong inside the block ends in a `MediaError`."""
    with open_file(path) as file:
        if not size_of(file):
            raise MediaInvalid(str(path), "it is empty (0 bytes)", COPY_AGAIN)
        if _lacks_index(file):
            raise MediaInvalid(str(path), "truncated: its index (the moov box) is missing or cut", COPY_AGAIN)
        file.seek(0)
        try:
            container = av.open(
                file,
                "r",
                container_options={"format_whitelist": CONTAINERS},
                metadata_errors="replace",
                buffer_size=READ_AHEAD,
                io_open=_refuse,
            )
        except (av.error.FFmpegError, ValueError) as error:
            raise _not_media(path, error) from error
        with container:
            try:
                yield container
            except av.error.FFmpegError as error:
                raise damaged(path, error) from error


def damaged(path: Place, error: Exception, place: str = "") -> MediaError:
    """Return the error for content that cannot be read on, at a `place` such as ` at 12.0 s`."""
    if isinstance(error, av.error.DecoderNotFoundError):
        return MediaUnsupported(str(path), "no decoder for it is built in", "Convert it to H.264 in MP4")
    reason = getattr(error, "strerror", None) or str(error)
    return MediaInvalid(str(path), f"its content is damaged{place} ({reason.lower()})", COPY_AGAIN)


def _refuse(url: str, _flags: int, _options: dict[str, str]) -> NoReturn:
    raise av.error.PermissionError(errno.EACCES, "a container may not open another file", url)


def _unreadable(path: Place, error: Exception) -> MediaUnreadable:
    if isinstance(error, PermissionError):
        return MediaUnreadable(str(path), "there is no permission to read it", "Allow this user to read it")
    reason = getattr(error, "strerror", None) or str(error)
    return MediaUnreadable(str(path), f"it cannot be read ({reason.lower()})", "Check the path and the disk")


def _not_media(path: Place, error: Exception) -> MediaError:
    if isinstance(error, OSError):
        return damaged(path, error)
    if isinstance(error, av.error.InvalidDataError):
        return MediaInvalid(str(path), "its content is neither video nor sound", "Name a media file")
    cause = "its content is of a kind that is not handled, such as a picture or a playlist"
    return MediaUnsupported(str(path), cause, "Name a video or sound file")


def _lacks_index(file: BinaryIO) -> bool:
    """Say whether this is an MP4 or MOV file whose `moov` box is not there whole."""
    size = size_of(file)
    position, first = 0, b""
    while position + 8 <= size:
        file.seek(position)
        head = file.read(16)
        length, kind = int.from_bytes(head[:4]), head[4:8]
        if length == 1:
            length = int.from_bytes(head[8:16])
        first = first or kind
        if first != b"ftyp" or length < 8:  # noqa: PLR2004 - a box is no shorter than its own head
            return False
        if kind == b"moov":
            return position + length > size
        position += length
    return first == b"ftyp"
