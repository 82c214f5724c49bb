"""The storages that the conformance suite proves, each as code that makes it, here or in another process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from watchdown.storage.local import LocalStorage
from watchdown.storage.protocol import Storage
from watchdown.storage.s3 import S3Storage

PREFIX: Final = "libraries/the first"


def storage_code(kind: str, folder: Path, s3_server: Callable[[], Any]) -> str:
    """Return an expression that makes an empty storage of a kind, wherever it is evaluated."""
    if kind == "local":
        return f"LocalStorage(Path({str(folder / 'library')!r}))"
    server = s3_server()
    given = {
        "endpoint": server.url,
        "access_key": server.access_key,
        "secret_key": server.secret_key,
        "patience": 20,
    }
    return f"S3Storage({server.new_bucket()!r}, {PREFIX!r}, **{given!r})"


def made(code: str) -> Storage:
    """Return the storage that `storage_code` tells of."""
    names = {"LocalStorage": LocalStorage, "S3Storage": S3Storage, "Path": Path}
    storage: Storage = eval(code, names)
    return storage
