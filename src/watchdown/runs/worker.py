"""The worker: one item of a batch, worked with nothing but storage and models; it never sees the ledger."""

from __future__ import annotations

from collections.abc import Callable

from watchdown.media.shelf import Shelf
from watchdown.runs.batch import Batch
from watchdown.runs.feeds import ReadRecords
from watchdown.runs.memo import Types
from watchdown.runs.staging import Manifest, finished, read_manifest
from watchdown.runs.work import work
from watchdown_algos.catalogue import AlgorithmCatalogue
from watchdown_schemas.errors import AlgorithmNotFound, NotFound


class Worker:
    """Works items of batches; what another attempt has finished is not worked again."""

    def __init__(
        self, *, shelf: Shelf, algorithms: AlgorithmCatalogue, read_records: ReadRecords, types: Types
    ) -> None:
        self._shelf = shelf
        self._algorithms = algorithms
        self._read_records = read_records
        self._types = types

    def __call__(
        self, batch: Batch, index: int, progress: Callable[[int], None] = lambda _: None
    ) -> list[Manifest]:
        """Work item `index` of a batch and return the manifest of each of its tasks.

        `progress` is told how many nanoseconds of the title are decoded. Raises NotFound where there is no
        such item, AlgorithmNotFound where a task wants another version than is here, ModelUnavailable
        where a model's server does not answer.
        """
        if not 0 <= index < len(batch.items):
            remedy = f"Its indexes are 0 to {len(batch.items) - 1}"
            raise NotFound(f"batch {batch.id}", f"has no index {index}", remedy)
        item = batch.items[index]
        for task in item.tasks:
            here = self._algorithms[task.algorithm].manifest.version
            if task.version != here:
                cause = f"wants {task.algorithm} {task.version}, and {here} is here"
                raise AlgorithmNotFound(
                    f"batch {batch.id}", cause, "Use the image of that version, or plan again"
                )
        left = tuple(task for task in item.tasks if not finished(self._shelf.storage, task.run))
        if left:
            work(
                item.model_copy(update={"tasks": left}),
                shelf=self._shelf,
                algorithms=self._algorithms,
                read_records=self._read_records,
                types=self._types,
                progress=progress,
                retried=True,
            )
        return [read_manifest(self._shelf.storage, task.run) for task in item.tasks]
