"""Places of media: a file of this machine, or an object of a storage; `opening` is the door to either."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TypeAlias

from watchdown.storage.protocol import Storage


@dataclass(frozen=True, slots=True)
class StoredMedia:
    """A media or subtitle file that is an object of a storage; as text, where people find it."""

    storage: Storage
    key: str

    def __str__(self) -> str:
        return self.storage.place(self.key)

    @property
    def name(self) -> str:
        """The last part of the key."""
        return PurePosixPath(self.key).name

    @property
    def stem(self) -> str:
        """The name without its suffix."""
        return PurePosixPath(self.key).stem

    @property
    def suffix(self) -> str:
        """The end of the name from its last point on."""
        return PurePosixPath(self.key).suffix


Place: TypeAlias = Path | StoredMedia


def beside(place: Place) -> list[Place]:
    """Return the files in the same folder whose names start as this one's does, itself included."""
    if isinstance(place, Path):
        try:
            return [path for path in sorted(place.parent.iterdir()) if path.name.startswith(place.stem)]
        except OSError:
            return []
    folder = place.key.removesuffix(place.name)
    found = (stored.key for stored in place.storage.list(folder + place.stem))
    return [StoredMedia(place.storage, key) for key in found if "/" not in key.removeprefix(folder)]
