"""The batch: titles and tasks worked together, as an immutable file that workers read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from watchdown.catalogue.model import Asset, Correction, Timeline
from watchdown.storage import keys
from watchdown.storage.protocol import Storage
from watchdown_schemas.errors import NotFound, StorageNotFound
from watchdown_schemas.ids import short_hash

SIZE: Final = 100  # titles in a batch, unless somebody says otherwise
LARGEST: Final = 1000


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Task(_Frozen):
    """One algorithm over one title, with the number of its run and of those it reads.

    `corrections` are made in its rows before anyone sees them.
    """

    run: int
    algorithm: str
    version: str
    parameters: dict[str, Any]
    upstream: dict[str, int]
    corrections: tuple[Correction, ...] = ()


class Item(_Frozen):
    """One title of a batch: what a worker must know of it, and its tasks, which share one decode."""

    title: str
    name: str
    timeline: Timeline
    assets: tuple[Asset, ...]
    tasks: tuple[Task, ...]

    def media(self) -> Asset | None:
        """Return the primary video, or the sound of a title without one."""
        playable = [asset for asset in self.assets if asset.kind in {"video", "audio"}]
        return min(playable, key=lambda asset: (asset.kind != "video", asset.id), default=None)

    def texts(self) -> list[Asset]:
        """Return the subtitle tracks."""
        return [asset for asset in self.assets if asset.kind == "text"]


class Batch(_Frozen):
    """Items by index: index i is worked alone, wherever there is room for it, in containers of one image.

    `types` are the declarations of those schema types that the library keeps, so that a worker needs to ask
    nobody what a record is.
    """

    id: str
    items: tuple[Item, ...]
    image: str = ""
    types: tuple[dict[str, Any], ...] = ()

    @classmethod
    def of(
        cls, library: str, items: Sequence[Item], *, image: str = "", types: Sequence[Mapping[str, Any]] = ()
    ) -> Batch:
        """Return the batch of items, named after the library and their runs: of the same runs, the same."""
        name = short_hash(library, *(task.run for item in items for task in item.tasks))
        return cls(id=name, items=tuple(items), image=image, types=tuple(map(dict, types)))

    @property
    def runs(self) -> list[int]:
        """The numbers of all runs that are worked in it."""
        return [task.run for item in self.items for task in item.tasks]

    @property
    def algorithms(self) -> list[str]:
        """The names of the algorithms of its tasks, each once."""
        return list(dict.fromkeys(task.algorithm for item in self.items for task in item.tasks))

    def write(self, storage: Storage) -> str:
        """Write the batch and return its key; one that is there already is never changed."""
        key = keys.batch(self.id)
        storage.put_new(key, self.model_dump_json(indent=1).encode())
        return key

    @classmethod
    def read(cls, storage: Storage, name: str) -> Batch:
        """Read a batch by its id; StorageNotFound where there is none."""
        return cls.model_validate_json(storage.read(keys.batch(name)))


def read_batch(storage: Storage, name: str) -> Batch:
    """Read a batch; NotFound where there is none of that name."""
    try:
        return Batch.read(storage, name)
    except StorageNotFound:
        remedy = "See what is to be done with: watchdown batch, or watchdown backfill"
        raise NotFound(name, "is no batch of this library", remedy) from None
