"""What a storage must do: objects under keys, each there whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol


@dataclass(frozen=True, slots=True)
class Stored:
    """An object that is there, its size in bytes, and when it was written, in seconds since 1970.

    The time is by the clock of where it lies, and no part of what it is.
    """

    key: str
    size: int
    written: float = field(default=0.0, compare=False)


class Storage(Protocol):
    """Objects under keys such as `staged/12/manifest.json`; safe to share between threads.

    Every method raises StorageKeyInvalid for a key that `check_key` refuses, StorageDenied where rights are
    lacking, StorageUnavailable where the place does not answer in time, and StorageFull where it is full.
    """

    def place(self, key: str) -> str:
        """Return how people find an object: its path, or its `s3://` address."""
        ...

    def open(self, key: str) -> BinaryIO:
        """Open an object for reading and seeking, without fetching it whole. One thread at a time reads it.

        Raises StorageNotFound; reading raises StorageChanged where another object has taken its place.
        """
        ...

    def read(self, key: str) -> bytes:
        """Return an object's content. Raises StorageNotFound."""
        ...

    def put(self, key: str, data: bytes) -> None:
        """Write an object, replacing what is there."""
        ...

    def put_new(self, key: str, data: bytes) -> bool:
        """Write an object unless one is there: of all who try, exactly one is told True."""
        ...

    def create(self, key: str) -> AbstractContextManager[BinaryIO]:
        """Give a stream to write an object of any size to.

        It is there once the block ends; of a block that raises, nothing is.
        """
        ...

    def exists(self, key: str) -> bool:
        """Say whether an object is there."""
        ...

    def list(self, prefix: str = "") -> Iterator[Stored]:
        """Yield the objects whose key starts with a prefix, in the order of their keys' UTF-8 bytes."""
        ...

    def copy(self, source: str, target: str) -> None:
        """Copy an object where it lies, replacing what is there. Raises StorageNotFound."""
        ...

    def delete(self, keys: Iterable[str]) -> None:
        """Remove objects; those that are not there are no fault."""
        ...

    def delete_all(self, prefix: str) -> None:
        """Remove every object whose key starts with a prefix."""
        ...

    def half_made(self, before: float, *, remove: bool) -> Iterator[Stored]:
        """Yield what writers began before a time, in seconds since 1970, and never finished.

        With `remove` it goes as it is told. Its keys are of no object.
        """
        ...

    def link(self, key: str, seconds: int) -> str:
        """Return a URL that gives the object to whoever has it, for so long; of a folder, a `file:` URL."""
        ...

    def fetch(self, key: str, folder: Path) -> Path:
        """Return a file of this machine with the object's content: itself, or a copy made in `folder`.

        A copy is kept under its key and taken again as it is: only for objects that never change.
        Raises StorageNotFound.
        """
        ...
