"""The bundle: what algorithms made of titles, as Parquet and JSON that people take away."""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq

from watchdown.client.choosing import chosen
from watchdown.client.services import Services
from watchdown.folder import write_json
from watchdown.runs.ledger import Run
from watchdown.runs.stages import model_of
from watchdown.runs.states import PUBLISHED, State
from watchdown.storage import keys
from watchdown_schemas.reading import to_record, to_rows

INDEX: Final = "bundle.json"


def results(services: Services, algorithms: Collection[str], titles: Sequence[str]) -> list[Run]:
    """Return what readers see of titles: the runs of algorithms and of those that read what these make.

    No algorithms means all of them. Raises NotFound for what chooses no title, AlgorithmNotFound.
    """
    wanted = set(algorithms or services.algorithms)
    wanted |= services.batching.dependants(wanted)
    found = (services.ledger.runs(title.id, [State.ACTIVE]) for title in chosen(services, titles))
    return [run for runs in found for run in runs if run.algorithm in wanted]


def bundle(services: Services, runs: Sequence[Run], name: str) -> str:
    """Put a bundle of that name into the library's storage as a zip, and return its key."""
    services.shelf.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=services.shelf.work, prefix=".bundle-") as folder:
        home = Path(folder)
        files = write_bundle(services, runs, home)
        with (
            services.storage.create(keys.bundle(name)) as kept,
            zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as packed,
        ):
            for file in files:
                packed.write(file, file.relative_to(home).as_posix())
    return keys.bundle(name)


def write_bundle(services: Services, runs: Sequence[Run], home: Path) -> list[Path]:
    """Write what published runs have made into a folder; return the files, the index `bundle.json` last.

    Each run and schema type has a Parquet file, as the records are stored, and a JSON Lines file, a record
    a line as `library.records` gives it.
    """
    home.mkdir(parents=True, exist_ok=True)
    names = {title.id: title.name for title in services.catalogue.titles()}
    files: list[Path] = []
    told: list[dict[str, Any]] = []
    for run in (run for run in runs if run.state in PUBLISHED):
        for schema in sorted(run.counts):
            stem = f"{run.title}/{run.algorithm}-{run.version}-{schema}"
            made = list(_write(services, run, schema, home / stem))
            files += made
            told.append(
                {
                    "title": run.title,
                    "title_name": names.get(run.title, run.title),
                    "algorithm": run.algorithm,
                    "version": run.version,
                    "run": run.number,
                    "schema_type": schema,
                    "records": run.counts[schema],
                    "files": [file.relative_to(home).as_posix() for file in made],
                }
            )
    write_json(home / INDEX, {"runs": told})
    return [*files, home / INDEX]


def _write(services: Services, run: Run, schema: str, stem: Path) -> Iterator[Path]:
    """Write the records of one schema type of a run, batch by batch; no Parquet where there are none."""
    kind = services.registry[schema]
    parquet, lines = stem.with_name(f"{stem.name}.parquet"), stem.with_name(f"{stem.name}.jsonl")
    stem.parent.mkdir(parents=True, exist_ok=True)
    with lines.open("w", encoding="utf-8") as text, ExitStack() as files:
        writers: list[pq.ParquetWriter] = []
        for batch in services.read_run(schema, run.number, model_of(run, schema, services.registry)):
            if not writers:
                writers.append(files.enter_context(pq.ParquetWriter(parquet, batch.schema)))
            writers[0].write_batch(batch)
            for row in to_rows([batch], kind):
                text.write(json.dumps(to_record(row, kind).model_dump(mode="json")) + "\n")
    yield from ([parquet] if writers else [])
    yield lines
