"""From worked to seen: manifests into the ledger, the batch judged, rows loaded, runs published."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from watchdown.load.load import Staged, Take, load, unlimited
from watchdown.runs.ledger import Ledger, Run
from watchdown.runs.memo import Types
from watchdown.runs.record import record
from watchdown.runs.staging import Manifest, finished, keep_only, read_manifest, staged_files
from watchdown.runs.states import PUBLISHED, State
from watchdown.storage import keys
from watchdown.storage.protocol import Storage
from watchdown.stores.protocol import Sink
from watchdown.validation.policy import Tolerance
from watchdown_schemas.fields import has_vector

Judge = Callable[[Sequence[Run], Mapping[int, Manifest]], object]
_TO_RECORD = (State.PLANNED, State.RUNNING, State.STAGED)


class Publishing:
    """Brings worked runs to readers, whatever state they were left in."""

    def __init__(
        self,
        *,
        storage: Storage,
        ledger: Ledger,
        sink: Sink,
        types: Types,
        budget: Callable[[], AbstractContextManager[Take]] = lambda: nullcontext(unlimited),
        announce: Callable[[], object] = lambda: None,
    ) -> None:
        """Make it; `budget` is entered while rows are loaded, `announce` called after each publication."""
        self._budget = budget
        self._announce = announce
        self._storage = storage
        self._ledger = ledger
        self._sink = sink
        self._types = types

    @property
    def keeps_staged(self) -> bool:
        """Whether what published runs staged stays, being the system of record."""
        return not self._sink.of_record

    def publish(
        self, runs: Sequence[Run], tolerance: Callable[[Run], Tolerance], judge: Judge | None = None
    ) -> None:
        """Record, judge, load and publish runs whose work is finished; what fails on the way stays unseen."""
        numbers = [run.number for run in runs if finished(self._storage, run.number)]
        manifests = {number: read_manifest(self._storage, number) for number in numbers}
        for run in runs:
            if run.state in _TO_RECORD:
                current = self._ledger.get(run.number)
                record(
                    current,
                    manifests[run.number],
                    ledger=self._ledger,
                    storage=self._storage,
                    types=self._types,
                    tolerance=tolerance(run),
                )
        if judge is not None:
            judge([run for run in self._now(runs) if run.state is State.VALIDATED], manifests)
        self._load([run for run in self._now(runs) if run.state is State.VALIDATED], manifests, tolerance)
        loaded = [run.number for run in self._now(runs) if run.state is State.LOADED]
        if loaded:
            self._ledger.publish(loaded)
            self._announce()
        for run in self._now(runs):
            if self.keeps_staged and run.state in PUBLISHED and run.number in manifests:
                keep_only(self._storage, manifests[run.number])
            else:
                self._storage.delete_all(keys.staged(run.number))

    def _now(self, runs: Sequence[Run]) -> list[Run]:
        return [self._ledger.get(run.number) for run in runs]

    def _load(
        self,
        runs: Sequence[Run],
        manifests: Mapping[int, Manifest],
        tolerance: Callable[[Run], Tolerance],
    ) -> None:
        staged = [
            Staged(run.number, schema, model_of(run, schema, self._types), key)
            for run in runs
            for schema, key in staged_files(manifests[run.number]).items()
        ]
        if not runs:
            return
        with self._budget() as take:
            loaded = load(staged, self._sink, self._types, self._storage, take)
        for run in runs:
            facts: dict[str, Any] = {}
            error = loaded.refused.get(run.number)
            if dead := loaded.dead.get(run.number):
                counts = {name: rows - dead.get(name, 0) for name, rows in run.counts.items()}
                facts = {"counts": counts, "warnings": [*run.warnings, *loaded.warnings[run.number]]}
                error = error or tolerance(run).objection(sum(counts.values()), sum(dead.values()))
            if error is None:
                self._ledger.step(run.number, State.LOADED, **facts)
            else:
                self._ledger.step(run.number, State.FAILED, error=error, **facts)


def model_of(run: Run, schema: str, types: Types) -> str | None:
    """Return the model that a run's rows of a schema type are kept apart by: only vectors are."""
    return run.model if has_vector(types[schema]) else None
