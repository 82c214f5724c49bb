"""A worker's part of a library: storage, models and the batch; no database, no server of records."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from watchdown.client import drivers
from watchdown.client.telemetry import telling
from watchdown.media.shelf import Shelf
from watchdown.runs.batch import Batch, read_batch
from watchdown.runs.worker import Worker
from watchdown.settings import Settings
from watchdown_algos.discovery import discover
from watchdown_schemas import registry
from watchdown_schemas.shelf import KeptInMemory


@contextmanager
def working(settings: Settings, name: str) -> Iterator[tuple[Batch, Worker]]:
    """Give a batch, and what works it; the batch itself says what the records of the library are."""
    storage = drivers.storage_of(settings)
    batch = read_batch(storage, name)
    types = registry.discover(KeptInMemory(batch.types))
    models = drivers.models_of(settings)
    untell = telling(settings)
    read_run, close = drivers.read_run_of(settings, storage, types)
    try:
        shelf = Shelf(storage, settings.work, drivers.bucket_of(settings))
        algorithms = discover(models=models)
        algorithms.check_types(types)
        yield batch, Worker(shelf=shelf, algorithms=algorithms, read_records=read_run, types=types)
    finally:
        close()
        models.close()
        untell()
