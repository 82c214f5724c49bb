"""The stages between worked and seen: record, validate, load, publish.

Each takes runs in whatever state they are, moves on those that are at its door, and may be called again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from watchdown.load.claim import NOBODY, Claim
from watchdown.load.load import Staged, Take, load, unlimited
from watchdown.load.pace import paced
from watchdown.runs.judging import Judge, Verdict
from watchdown.runs.ledger import Ledger, Run
from watchdown.runs.memo import Types
from watchdown.runs.record import keep_good, keep_refused
from watchdown.runs.staging import Manifest, finished, keep_only, read_manifest, staged_files
from watchdown.runs.states import OPEN, PUBLISHED, State
from watchdown.storage import keys
from watchdown.storage.protocol import Storage
from watchdown.stores.protocol import Sink
from watchdown.validation.policy import Tolerance
from watchdown_algos.catalogue import Known
from watchdown_schemas.fields import has_vector

Budget = Callable[[Claim], AbstractContextManager[Take]]
Tolerances = Callable[[Run], Tolerance]


class Stages:
    """Brings worked runs to readers, whatever state they were left in."""

    def __init__(
        self,
        *,
        storage: Storage,
        ledger: Ledger,
        sink: Sink,
        types: Types,
        budget: Budget = lambda _claim: nullcontext(unlimited),
        announce: Callable[[], object] = lambda: None,
        keep_models: Callable[[Sequence[Run]], object] = lambda _runs: None,
    ) -> None:
        """Make them; `budget` is entered while rows are loaded, `announce` called after each publication.

        `keep_models` keeps what searches need of the models behind runs, before these can be seen.
        """
        self._budget = budget
        self._announce = announce
        self._keep_models = keep_models
        self._storage = storage
        self._ledger = ledger
        self._sink = sink
        self._types = types

    @property
    def keeps_staged(self) -> bool:
        """Whether what published runs staged stays, being the system of record."""
        return not self._sink.of_record

    def through(self, runs: Sequence[Run], tolerance: Tolerances, judge: Judge | None = None) -> None:
        """Take worked runs through every stage; what fails on the way stays unseen."""
        self.record(runs)
        self.validate(runs, tolerance, judge)
        self.load(runs, tolerance)
        self.publish(runs)

    def record(self, runs: Sequence[Run], lost: Mapping[int, str] | None = None) -> None:
        """Enter the manifests of runs that are worked.

        `lost` says by number why there will be no manifest of a run; should there be one, that counts.
        """
        for run in self._at(runs, State.PLANNED, State.RUNNING):
            if not finished(self._storage, run.number):
                if lost and run.number in lost:
                    self._ledger.step(run.number, State.FAILED, error=lost[run.number])
                continue
            manifest = read_manifest(self._storage, run.number)
            warnings = list(manifest.warnings)
            if run.state is State.PLANNED:
                self._ledger.step(run.number, State.RUNNING)
            if error := manifest.error or self._gone(manifest):
                self._ledger.step(run.number, State.FAILED, error=error, warnings=warnings)
                continue
            facts = {"counts": manifest.counts, "content": manifest.content, "warnings": warnings}
            self._ledger.step(run.number, State.STAGED, **facts)

    def validate(self, runs: Sequence[Run], tolerance: Tolerances, judge: Judge | None = None) -> None:
        """Let staged runs pass, or hold them in quarantine: each by its bad rows, all by `judge` together."""
        staged = self._at(runs, State.STAGED)
        manifests = {run.number: read_manifest(self._storage, run.number) for run in staged}
        objections = {run.number: _objection(tolerance(run), manifests[run.number]) for run in staged}
        sound = [run for run in staged if objections[run.number] is None]
        verdicts = judge(sound, manifests) if judge and sound else {}
        for run in staged:
            manifest = manifests[run.number]
            verdict = verdicts.get(run.number, Verdict())
            reason = objections[run.number] or verdict.error
            if reason is not None:
                keep_good(manifest, self._storage)
            warnings = [*run.warnings, *keep_refused(manifest, self._storage, self._types), *verdict.warnings]
            state = State.VALIDATED if reason is None else State.QUARANTINED
            self._ledger.step(run.number, state, error=reason, warnings=warnings)

    def load(self, runs: Sequence[Run], tolerance: Tolerances, *, claim: Claim = NOBODY) -> None:
        """Load validated runs into the store, within the budget and what is claimed of it."""
        validated = self._at(runs, State.VALIDATED)
        if not validated:
            return
        staged = [
            Staged(run.number, schema, model_of(run, schema, self._types), key)
            for run in validated
            for schema, key in staged_files(read_manifest(self._storage, run.number)).items()
        ]
        rate = claim.rate
        self._keep_models(validated)
        with self._budget(claim) as take:
            loaded = load(staged, self._sink, self._types, self._storage, paced(take, rate) if rate else take)
        for run in validated:
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

    def publish(self, runs: Sequence[Run]) -> None:
        """Show loaded runs to readers, all at one moment, and remove what those that ended have staged."""
        if loaded := [run.number for run in self._at(runs, State.LOADED)]:
            self._ledger.publish(loaded)
            self._announce()
        for run in self._now(runs):
            if self.keeps_staged and run.state in PUBLISHED and finished(self._storage, run.number):
                keep_only(self._storage, read_manifest(self._storage, run.number))
            elif run.state not in OPEN:
                self._storage.delete_all(keys.staged(run.number))

    def _gone(self, manifest: Manifest) -> str | None:
        """Return why the rows of a manifest cannot be had; None where they lie there."""
        gone = [key for key in staged_files(manifest).values() if not self._storage.exists(key)]
        return f"{gone[0]} is gone, which its attempt had written" if gone else None

    def _now(self, runs: Sequence[Run]) -> list[Run]:
        return self._ledger.current(runs)

    def _at(self, runs: Sequence[Run], *states: State) -> list[Run]:
        return [run for run in self._now(runs) if run.state in states]


def as_manifests_say(algorithms: Mapping[str, Known]) -> Tolerances:
    """Return the tolerance of each run that its algorithm's manifest allows."""
    return lambda run: Tolerance(algorithms[run.algorithm].manifest.validation.tolerance)


def _objection(tolerance: Tolerance, manifest: Manifest) -> str | None:
    return tolerance.objection(sum(manifest.counts.values()), sum(manifest.refused.values()))


def model_of(run: Run, schema: str, types: Types) -> str | None:
    """Return the model that a run's rows of a schema type are kept apart by: only vectors are."""
    return run.model if has_vector(types[schema]) else None
