"""What a library's folder holds beside the objects of its storage, and how its files are written."""

from __future__ import annotations

import errno
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from watchdown_schemas.errors import LibraryError, StorageFull

FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


@dataclass(frozen=True, slots=True)
class Folder:
    """What of a library in a folder is no object of its storage: databases, and what is made in passing."""

    root: Path

    @property
    def database(self) -> Path:
        """Catalogue and ledger."""
        return self.root / "library.db"

    @property
    def lake(self) -> Path:
        """The tables of records."""
        return self.root / "lake"

    @property
    def cache(self) -> Path:
        """What can be made again: remuxed streams and spooled pictures."""
        return self.root / "cache"


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that it is there whole or not at all, even after a crash."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Write a value as JSON, whole or not at all."""
    write_whole(path, json.dumps(value, indent=1, ensure_ascii=False).encode())


def storage_error(place: Path, error: OSError) -> LibraryError:
    """Return the error of our own tree for a fault of writing."""
    if error.errno in FULL:
        return StorageFull(str(place), "the disk is full", "Free some space and repeat the command.")
    cause = f"cannot be written ({error.strerror or error})"
    return LibraryError(str(place), cause, "Check the place, and that you may write there.")
