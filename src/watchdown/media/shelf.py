"""The shelf: where media lie by the paths of assets, and the folder for what is made of them in passing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from watchdown.media.place import Place, StoredMedia
from watchdown.storage.keys import check_key
from watchdown.storage.protocol import Storage
from watchdown_schemas.errors import MediaNotFound, MediaUnsupported, StorageKeyInvalid

SCHEME: Final = "s3://"


def is_address(path: str) -> bool:
    """Say whether a path is the address of an object in a bucket."""
    return path.startswith(SCHEME)


class Shelf:
    """Finds media in the library's storage, in buckets and on this machine.

    `storage` is the library's, `work` a folder of this machine whose content can be made again. `bucket`
    gives the storage of a bucket by its name; it is asked once for each.
    """

    def __init__(self, storage: Storage, work: Path, bucket: Callable[[str], Storage]) -> None:
        self.storage: Final = storage
        self.work: Final = work
        self._bucket = bucket
        self._buckets: dict[str, Storage] = {}

    def place(self, path: str) -> Place:
        """Return what a path means: `s3://bucket/key`, an absolute path, else a key of the library's storage.

        Raises MediaNotFound for an address without a key, MediaUnsupported for a key that is not handled.
        """
        if not is_address(path):
            return Path(path) if path.startswith("/") else StoredMedia(self.storage, path)
        name, _slash, key = path.removeprefix(SCHEME).partition("/")
        if not name or not key or key.endswith("/"):
            raise MediaNotFound(path, "names no file in a bucket", "Write it as s3://bucket/film.mp4")
        try:
            check_key(key)
        except StorageKeyInvalid as error:
            cause = f"has a name that is not handled: it {error.cause}"
            raise MediaUnsupported(path, cause, "Rename the object") from None
        if name not in self._buckets:
            self._buckets[name] = self._bucket(name)
        return StoredMedia(self._buckets[name], key)

    def given(self, path: str) -> Place:
        """Return what a person means: `s3://bucket/key`, or a file of this machine."""
        return self.place(path) if is_address(path) else Path(path)

    def exists(self, path: str) -> bool:
        """Say whether there is a file at a path."""
        place = self.place(path)
        return place.exists() if isinstance(place, Path) else place.storage.exists(place.key)
