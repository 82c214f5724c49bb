"""A full disk, by its name, wherever media access writes."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from watchdown_schemas.errors import StorageFull

FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turn the error of a full disk inside the block into `StorageFull`."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise StorageFull(str(folder), "the disk is full", "Free some space and run it again") from error
