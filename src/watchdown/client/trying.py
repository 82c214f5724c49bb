"""An algorithm tried on one title: worked and checked, its result written as files, and nothing kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from watchdown.client import bundling, pictures
from watchdown.client.services import Services
from watchdown.runs.plan import task_of
from watchdown.runs.staging import Manifest, staged_files
from watchdown.runs.trial import tried
from watchdown.validation.policy import Tolerance
from watchdown_schemas.errors import RunError

if TYPE_CHECKING:
    from watchdown.catalogue.model import Title
    from watchdown.runs.outlook import Need, Outlook
    from watchdown.storage.protocol import Storage

NUMBER = 1  # of the run, which is entered nowhere: what lies beside it in the folder is gone with it
MEND = "Mend that first, or choose another title"


def tried_on(
    services: Services, algorithm: str, title: Title, parameters: Mapping[str, Any], out: Path
) -> list[Path]:
    """Work an algorithm over a title and write the bundle of its result; return its files.

    The ledger never hears of it, so that readers, backfills and other runs of the slot are as they were.
    Raises RunError where it cannot be run now, where it fails, or where too many rows are refused.
    """
    [outlook] = services.planner.look([title], [algorithm], parameters={algorithm: parameters}, anew=True)
    if not outlook.needs:
        raise RunError(title.name, {**outlook.waiting, **outlook.lacking}[algorithm], MEND)
    with _worked(services, outlook, outlook.needs[0]) as (storage, manifest):
        manifest_of = services.algorithms[algorithm].manifest
        tolerance = Tolerance(manifest_of.validation.tolerance)
        good, refused = sum(manifest.counts.values()), sum(manifest.refused.values())
        if error := manifest.error or tolerance.objection(good, refused):
            raise RunError(title.name, error, MEND)
        made = bundling.Made(
            title=title.id,
            algorithm=algorithm,
            version=manifest_of.version,
            run=None,
            counts=manifest.counts,
            read=partial(_rows, storage, manifest),
            picture=partial(pictures.thumbnail, storage),
        )
        return bundling.write_made(services, [made], out)


@contextmanager
def _worked(services: Services, outlook: Outlook, need: Need) -> Iterator[tuple[Storage, Manifest]]:
    item = services.planner.item(outlook, [task_of(need, NUMBER)])
    with tried(
        item,
        shelf=services.shelf,
        algorithms=services.algorithms,
        read_records=services.read_run,
        types=services.registry,
    ) as (storage, [manifest]):
        yield storage, manifest


def _rows(storage: Storage, manifest: Manifest, schema: str) -> Iterator[pa.RecordBatch]:
    key = staged_files(manifest).get(schema)
    if key is not None:
        with storage.open(key) as file:
            yield from pq.ParquetFile(file).iter_batches()
