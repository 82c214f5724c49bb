"""Execution in process: plan, work, record, load and publish, pass by pass, until nothing is missing.

Wherever it was stopped, the next call goes on: open runs are found in the ledger, finished work in staging.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from watchdown.catalogue.model import Title
from watchdown.catalogue.titles import Catalogue
from watchdown.folder import Folder
from watchdown.lake.tables import Lake
from watchdown.load.load import Staged, load
from watchdown.runs.batch import Batch
from watchdown.runs.ledger import Ledger, Run
from watchdown.runs.plan import Plan, plan
from watchdown.runs.record import record
from watchdown.runs.staging import MANIFEST, Manifest, read_manifest, staged_files
from watchdown.runs.states import OPEN, State
from watchdown.runs.work import work
from watchdown.stores.protocol import Sink, table_name
from watchdown_algos.catalogue import AlgorithmCatalogue
from watchdown_schemas.fields import has_vector
from watchdown_schemas.ids import short_hash
from watchdown_schemas.types import schema_type


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one pass over a title is: `done_ns` of `total_ns` of it decoded."""

    title: str
    stage: str
    done_ns: int
    total_ns: int


Report = Callable[[Progress], None]


class Executor:
    """Brings titles up to date with the algorithm catalogue."""

    def __init__(
        self,
        *,
        folder: Folder,
        catalogue: Catalogue,
        ledger: Ledger,
        lake: Lake,
        sink: Sink,
        algorithms: AlgorithmCatalogue,
    ) -> None:
        self._folder = folder
        self._catalogue = catalogue
        self._ledger = ledger
        self._lake = lake
        self._sink = sink
        self._algorithms = algorithms

    def bring_up_to_date(self, title: Title, report: Report = lambda _: None) -> list[Run]:
        """Run whatever the title lacks, pass by pass; return the runs that were made or resumed.

        The first pass is over media; those over records follow until nothing more can be made.
        """
        self._tidy()
        made: dict[int, Run] = {}
        for over_records in (False, True):
            tried: set[str] = set()
            while ready := self._plan(title, over_records=over_records, without=tried):
                self._pass(title, ready, report)
                tried |= {run.algorithm for run in ready.open}
                made |= {run.number: self._ledger.get(run.number) for run in ready.open}
        return list(made.values())

    def _tidy(self) -> None:
        """Remove what a call that was killed has left behind and no other will take up."""
        unfinished = {str(run.number) for run in self._ledger.runs(states=OPEN)}
        for staged in self._folder.staging.glob("*"):
            if staged.name not in unfinished:
                shutil.rmtree(staged)
        for file in (*self._folder.batches.glob("*"), *self._folder.cache.glob(".remux-*")):
            file.unlink()

    def _plan(self, title: Title, *, over_records: bool, without: set[str]) -> Plan | None:
        found = plan(
            title,
            self._catalogue.timeline(title.id),
            self._catalogue.assets(title.id),
            algorithms=self._algorithms,
            ledger=self._ledger,
            over_records=over_records,
            without=without,
        )
        return found if found.open else None

    def _pass(self, title: Title, ready: Plan, report: Report) -> None:
        """Bring the open runs of a plan to their end, whatever state they were left in."""
        batch_file = self._work(title, ready, report)
        manifests = {run.number: manifest for run in ready.open if (manifest := self._manifest(run))}
        for run in ready.open:
            if run.state in (State.PLANNED, State.RUNNING, State.STAGED):
                record(
                    self._ledger.get(run.number),
                    manifests[run.number],
                    ledger=self._ledger,
                    folder=self._folder,
                )
        self._load(ready.open, manifests)
        loaded = [run.number for run in ready.open if self._ledger.get(run.number).state is State.LOADED]
        if loaded:
            self._ledger.publish(loaded)
        for run in ready.open:
            shutil.rmtree(self._folder.staged(run.number), ignore_errors=True)
        if batch_file is not None:
            batch_file.unlink()

    def _work(self, title: Title, ready: Plan, report: Report) -> Path | None:
        """Work the tasks that no attempt has finished yet, in one decode; return the batch file."""
        tasks = tuple(task for task in ready.item.tasks if not self._finished(task.run))
        if not tasks:
            return None
        item = ready.item.model_copy(update={"tasks": tasks})
        batch = Batch(id=short_hash(*(task.run for task in tasks)), items=(item,))
        path = batch.write(self._folder.batches)
        for task in tasks:
            self._ledger.step(task.run, State.RUNNING)
        total = item.timeline.duration_ns
        stage = ", ".join(task.algorithm for task in tasks)
        report(Progress(title.name, stage, 0, total))
        work(
            item,
            folder=self._folder,
            algorithms=self._algorithms,
            read_records=lambda schema, run: self._lake.scan(table_name(schema), run),
            progress=lambda done: report(Progress(title.name, stage, done, total)),
        )
        report(Progress(title.name, stage, total, total))
        return path

    def _finished(self, run: int) -> bool:
        return (self._folder.staged(run) / MANIFEST).exists()

    def _manifest(self, run: Run) -> Manifest | None:
        return read_manifest(self._folder.staged(run.number)) if self._finished(run.number) else None

    def _load(self, runs: tuple[Run, ...], manifests: dict[int, Manifest]) -> None:
        ready = [run for run in runs if self._ledger.get(run.number).state is State.VALIDATED]
        staged = [
            Staged(run.number, schema, self._model(run, schema), file)
            for run in ready
            for schema, file in staged_files(self._folder.staged(run.number), manifests[run.number]).items()
        ]
        refused = load(staged, self._sink)
        for run in ready:
            if run.number in refused:
                self._ledger.step(run.number, State.FAILED, error=refused[run.number])
            else:
                self._ledger.step(run.number, State.LOADED)

    def _model(self, run: Run, schema: str) -> str | None:
        """Return the model that a table is kept apart by: only vectors are."""
        return run.model if has_vector(schema_type(schema)) else None
