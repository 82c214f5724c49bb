"""A trial: an item worked as in a batch, into a folder that is thrown away; the ledger never hears of it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from watchdown.media.shelf import Shelf
from watchdown.runs.batch import Item
from watchdown.runs.feeds import ReadRecords
from watchdown.runs.memo import Types
from watchdown.runs.staging import Manifest
from watchdown.runs.work import work
from watchdown.storage.local import LocalStorage
from watchdown.storage.protocol import Storage
from watchdown_algos.catalogue import AlgorithmCatalogue


@contextmanager
def tried(
    item: Item,
    *,
    shelf: Shelf,
    algorithms: AlgorithmCatalogue,
    read_records: ReadRecords,
    types: Types,
    progress: Callable[[int], None] = lambda _: None,
) -> Iterator[tuple[Storage, list[Manifest]]]:
    """Work an item, and give where its tasks are staged, and their manifests; nothing of it stays.

    Its tasks have run numbers that mean nothing outside. It fails as `work` does.
    """
    shelf.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=shelf.work, prefix=".trial-") as folder:
        storage = LocalStorage(Path(folder))
        manifests = work(
            item,
            shelf=shelf,
            algorithms=algorithms,
            read_records=read_records,
            types=types,
            progress=progress,
            staging=storage,
        )
        yield storage, manifests
