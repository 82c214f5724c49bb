"""Where things lie in a library's folder."""

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
    """The folder of one library; only this class knows its layout."""

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
    def batches(self) -> Path:
        """What workers were asked to do."""
        return self.root / "batches"

    @property
    def quarantine(self) -> Path:
        """Rows that validation refused, a file per run and schema type."""
        return self.root / "quarantine"

    @property
    def reports(self) -> Path:
        """Verdicts on batches, a folder per batch."""
        return self.root / "reports"

    @property
    def cache(self) -> Path:
        """What can be made again: remuxed streams and spooled pictures."""
        return self.root / "cache"

    @property
    def staging(self) -> Path:
        """What runs wrote that are not yet loaded, a folder per run."""
        return self.root / "staged"

    def staged(self, run: int) -> Path:
        """What the attempts of a run wrote, and the manifest of the one that counts."""
        return self.staging / str(run)

    def media(self, fingerprint: str) -> Path:
        """Derivatives of an asset, and the asset itself where it was copied in."""
        return self.root / "media" / fingerprint

    def file(self, path: str) -> Path:
        """Return the file of an asset: its path is absolute, or of this folder where it was copied in."""
        return self.root / path


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
