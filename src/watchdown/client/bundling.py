"""The bundle: what algorithms made of titles, as Parquet and JSON that people take away."""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from watchdown.catalogue.model import Timeline
from watchdown.client import pictures
from watchdown.client.bundle_forms import CsvForm, Cues, Stills
from watchdown.client.choosing import chosen
from watchdown.client.services import Services
from watchdown.folder import write_json
from watchdown.runs.ledger import Run
from watchdown.runs.stages import model_of
from watchdown.runs.states import PUBLISHED, State
from watchdown.storage import keys
from watchdown_schemas.reading import to_record, to_rows
from watchdown_schemas.record import Record

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
    a line as `library.records` gives it; a table as CSV; where records have times, WebVTT; and the pictures
    that they name.
    """
    made = [
        Made(
            title=run.title,
            algorithm=run.algorithm,
            version=run.version,
            run=run.number,
            counts=run.counts,
            read=partial(_rows_of, services, run),
            picture=partial(pictures.thumbnail, services.storage),
        )
        for run in runs
        if run.state in PUBLISHED
    ]
    return write_made(services, made, home)


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """What was made of a title: `counts` by schema type, what reads the rows of one, and the pictures.

    `run` is None where it was never entered in the ledger.
    """

    title: str
    algorithm: str
    version: str
    run: int | None
    counts: Mapping[str, int]
    read: Callable[[str], Iterator[pa.RecordBatch]]
    picture: Callable[[str], bytes]


def write_made(services: Services, made: Iterable[Made], home: Path) -> list[Path]:
    """Write a bundle of what was made, be it published or not."""
    home.mkdir(parents=True, exist_ok=True)
    known = {title.id: title.name for title in services.catalogue.titles()}
    files: list[Path] = []
    told: list[dict[str, Any]] = []
    for one in made:
        timeline = services.catalogue.timeline(one.title)
        for schema in sorted(one.counts):
            stem = home / one.title / f"{one.algorithm}-{one.version}-{schema}"
            written = list(_write(services.registry[schema], one, stem, timeline))
            files += written
            told.append(
                {
                    "title": one.title,
                    "title_name": known.get(one.title, one.title),
                    "algorithm": one.algorithm,
                    "version": one.version,
                    "run": one.run,
                    "schema_type": schema,
                    "records": one.counts[schema],
                    "files": [file.relative_to(home).as_posix() for file in written],
                }
            )
    write_json(home / INDEX, {"runs": told})
    return [*files, home / INDEX]


def _rows_of(services: Services, run: Run, schema: str) -> Iterator[pa.RecordBatch]:
    return services.read_run(schema, run.number, model_of(run, schema, services.registry))


def _write(kind: type[Record], made: Made, stem: Path, timeline: Timeline) -> Iterator[Path]:
    """Write the records of one schema type, batch by batch; no Parquet where there are none."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    parquet, lines, sheet, cues = (
        stem.with_name(f"{stem.name}.{form}") for form in ("parquet", "jsonl", "csv", "vtt")
    )
    with ExitStack() as opened:
        text = opened.enter_context(lines.open("w", encoding="utf-8"))
        table = opened.enter_context(CsvForm(sheet, kind, timeline))
        stills = Stills(stem.with_name(f"{stem.name}-stills"), kind, made.picture)
        said = Cues()
        writers: list[pq.ParquetWriter] = []
        for batch in made.read(kind.__name__):
            if not writers:
                writers.append(opened.enter_context(pq.ParquetWriter(parquet, batch.schema)))
            writers[0].write_batch(batch)
            for row in to_rows([batch], kind):
                record = to_record(row, kind)
                text.write(json.dumps(record.model_dump(mode="json")) + "\n")
                table.add(record)
                said.add(record)
                stills.add(record)
    yield from ([parquet] if writers else [])
    yield from (lines, sheet)
    yield from ([cues] if said.write(cues) else [])
    yield from stills.files
