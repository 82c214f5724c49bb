"""The storage of one machine: a folder, an object a file."""

from __future__ import annotations

import os
import shutil
import socket
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from watchdown.folder import FULL, storage_error
from watchdown.storage.keys import PARTIAL, check_key
from watchdown.storage.protocol import Stored
from watchdown_schemas.errors import LibraryError, StorageDenied, StorageNotFound, StorageUnavailable

_ABSENT: Final = (FileNotFoundError, NotADirectoryError, IsADirectoryError)


class LocalStorage:
    """Objects as files under a root, each written beside its place and renamed into it."""

    def __init__(self, root: Path) -> None:
        self.root: Final = root

    def place(self, key: str) -> str:
        """Return the path of an object."""
        return str(self._path(key))

    def _path(self, key: str) -> Path:
        return self.root / check_key(key)

    def open(self, key: str) -> BinaryIO:
        """Open an object for reading and seeking."""
        with self._reading(key) as path:
            return path.open("rb")

    def read(self, key: str) -> bytes:
        """Return an object's content."""
        with self._reading(key) as path:
            return path.read_bytes()

    def put(self, key: str, data: bytes) -> None:
        """Write an object, replacing what is there."""
        with self.create(key) as file:
            file.write(data)

    def put_new(self, key: str, data: bytes) -> bool:
        """Write an object unless one is there: linking a name that is taken fails, for all but the first."""
        with self._partial(key) as (path, partial, file):
            file.write(data)
            _settle(file)
            try:
                os.link(partial, path)
            except FileExistsError:
                return False
        return True

    @contextmanager
    def create(self, key: str) -> Iterator[BinaryIO]:
        """Give a stream to write an object to, which is there once the block ends without an error."""
        with self._partial(key) as (path, partial, file):
            yield file
            _settle(file)
            partial.replace(path)

    def exists(self, key: str) -> bool:
        """Say whether an object is there."""
        return self._path(key).is_file()

    def list(self, prefix: str = "") -> Iterator[Stored]:
        """Yield the objects whose key starts with a prefix, in the order of their keys' UTF-8 bytes."""
        folder = prefix.rpartition("/")[0]
        if folder:
            check_key(folder)
        for stored in self._walk(f"{folder}/" if folder else ""):
            if stored.key.startswith(prefix):
                yield stored

    def _walk(self, folder: str) -> Iterator[Stored]:
        try:
            with os.scandir(self.root / folder) as found:
                entries = [(f"{entry.name}/" if entry.is_dir() else entry.name, entry) for entry in found]
        except _ABSENT:
            return
        except OSError as error:
            raise self._unreadable(folder, error) from error
        for name, entry in sorted(entries, key=lambda item: os.fsencode(item[0])):
            if name.endswith("/"):
                yield from self._walk(folder + name)
            elif not _is_stranger(name):
                with suppress(FileNotFoundError):  # gone since it was listed
                    about = entry.stat()
                    yield Stored(folder + name, about.st_size, about.st_mtime)

    def copy(self, source: str, target: str) -> None:
        """Copy an object, replacing what is there."""
        with self.open(source) as original, self.create(target) as copy:
            shutil.copyfileobj(original, copy, 1 << 20)

    def delete(self, keys: Iterable[str]) -> None:
        """Remove objects; those that are not there are no fault."""
        for key in keys:
            path = self._path(key)
            with self._writing(), suppress(*_ABSENT):
                path.unlink()
                self._prune(path.parent)

    def delete_all(self, prefix: str) -> None:
        """Remove every object whose key starts with a prefix, and a folder whose name is all of it."""
        if prefix.endswith("/"):
            folder = self._path(prefix.removesuffix("/"))
            with self._writing(), suppress(FileNotFoundError):
                shutil.rmtree(folder)
                self._prune(folder.parent)
        else:
            self.delete([stored.key for stored in self.list(prefix)])

    def half_made(self, before: float, *, remove: bool) -> Iterator[Stored]:
        """Yield the files that writers of any machine began before a time and never finished."""
        for path in sorted(self.root.rglob(f".*{PARTIAL}")):
            with suppress(FileNotFoundError):  # finished since
                about = path.stat()
                if about.st_mtime < before:
                    if remove:
                        with self._writing():
                            path.unlink(missing_ok=True)
                        self._prune(path.parent)
                    yield Stored(path.relative_to(self.root).as_posix(), about.st_size, about.st_mtime)

    def _prune(self, folder: Path) -> None:
        """Remove folders that hold nothing any more: to a storage there are only objects."""
        with suppress(OSError):
            while folder != self.root:
                folder.rmdir()
                folder = folder.parent

    def link(self, key: str, seconds: int) -> str:  # noqa: ARG002 - a file lends itself for ever
        """Return the `file:` URL of an object."""
        return self._path(key).absolute().as_uri()

    def fetch(self, key: str, folder: Path) -> Path:  # noqa: ARG002 - nothing needs to be copied
        """Return the object's own file."""
        path = self._path(key)
        if not path.is_file():
            raise _absent(str(path))
        return path

    @contextmanager
    def _partial(self, key: str) -> Iterator[tuple[Path, Path, BinaryIO]]:
        """Give the path of an object, and a file to be written before it takes that place."""
        path = self._path(key)
        partial = path.with_name(f".{socket.gethostname()}.{os.getpid()}.{uuid.uuid4().hex}{PARTIAL}")
        with self._writing():
            file = _made(partial)
        try:
            with file:
                yield path, partial, file
        except OSError as error:
            if error.errno not in FULL:  # whoever writes may fail at something else
                raise
            raise storage_error(self.root, error) from error
        finally:
            partial.unlink(missing_ok=True)

    @contextmanager
    def _reading(self, key: str) -> Iterator[Path]:
        path = self._path(key)
        try:
            yield path
        except _ABSENT:
            raise _absent(str(path)) from None
        except OSError as error:
            raise self._unreadable(key, error) from error

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise storage_error(self.root, error) from error

    def _unreadable(self, key: str, error: OSError) -> LibraryError:
        place, cause = str(self.root / key), f"cannot be read ({error.strerror or error})"
        if isinstance(error, PermissionError):
            return StorageDenied(place, cause, "Allow this user to read it")
        return StorageUnavailable(place, cause, "Check the disk")


def _absent(place: str) -> StorageNotFound:
    return StorageNotFound(place, "is not there", "Check that nothing removes files from the library")


def _made(path: Path) -> BinaryIO:
    """Make a file and its folder, which whoever deletes what lies beside may be removing as it gets empty."""
    for _ in range(100):
        with suppress(FileNotFoundError):
            path.parent.mkdir(parents=True, exist_ok=True)
            _sweep(path.parent)
            return path.open("wb")
    return path.open("wb")


def _settle(file: BinaryIO) -> None:
    """Wait until a file is on the disk: a name must never outlive what it names."""
    file.flush()
    os.fsync(file.fileno())


def _is_stranger(name: str) -> bool:
    """Whether a file is none of ours: one that is not whole yet, or with a name that is no text."""
    is_partial = name.startswith(".") and name.endswith(PARTIAL)
    return is_partial or any("\ud800" <= letter <= "\udfff" for letter in name)


def _sweep(folder: Path) -> None:
    """Remove what processes of this machine left half written that were killed."""
    own = f".{socket.gethostname()}."
    for left in folder.glob(f"{own}*{PARTIAL}"):
        number = left.name.removeprefix(own).partition(".")[0]
        if number.isdecimal() and not _lives(int(number)):
            left.unlink(missing_ok=True)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
