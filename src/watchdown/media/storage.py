"""A full disk, by its name, wherever media access writes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from watchdown.folder import FULL, storage_error


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turn the error of a full disk inside the block into `StorageFull`."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise storage_error(folder, error) from error
