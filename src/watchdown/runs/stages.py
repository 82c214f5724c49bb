"""The stages between worked and seen: record, validate, load, publish.

Each takes runs in whatever state they are, moves on those that are at its door, and may be called again.
Who plans anew or cancels may end a run meanwhile: it is left as it ended.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from watchdown.load.claim import NOBODY, Claim
from watchdown.load.dead_letters import digest_of
from watchdown.load.load import Staged, Take, load, unlimited
from watchdown.runs import canary
from watchdown.runs.judging import Judge, Verdict
from watchdown.runs.ledger import Ledger, Run
from watchdown.runs.measured import stage
from watchdown.runs.memo import Types
from watchdown.runs.record import keep_good, keep_refused
from watchdown.runs.staging import Manifest, finished, keep_only, read_manifest, staged_files
from watchdown.runs.states import OPEN, PUBLISHED, Actor, State
from watchdown.storage import keys
from watchdown.storage.protocol import Storage
from watchdown.stores.protocol import Sink
from watchdown.validation.policy import Tolerance
from watchdown_algos.catalogue import Known
from watchdown_schemas.digest import Digest
from watchdown_schemas.errors import RunError
from watchdown_schemas.fields import has_vector

Gate = Callable[[int], None]
Budget = Callable[[Claim, Gate], AbstractContextManager[Take]]
Tolerances = Callable[[Run], Tolerance]
Steps = dict[int, tuple[State, dict[str, Any]]]


def open_gate(_rows: int) -> None:
    """Let everything pass."""


class Stages:
    """Brings worked runs to readers, whatever state they were left in."""

    def __init__(
        self,
        *,
        storage: Storage,
        ledger: Ledger,
        sink: Sink,
        types: Types,
        budget: Budget = lambda _claim, _gate: nullcontext(unlimited),
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

    @stage("record")
    def record(self, runs: Sequence[Run], lost: Mapping[int, str] | None = None) -> None:
        """Enter the manifests of runs that are worked.

        `lost` says by number why there will be no manifest of a run; should there be one, that counts.
        """
        begun: Steps = {}
        moves: Steps = {}
        for run in self._at(runs, State.PLANNED, State.RUNNING):
            if not finished(self._storage, run.number):
                if lost and run.number in lost:
                    moves[run.number] = (State.FAILED, {"error": lost[run.number]})
                continue
            manifest = read_manifest(self._storage, run.number)
            warnings = list(manifest.warnings)
            if run.state is State.PLANNED:
                begun[run.number] = (State.RUNNING, {})
            if error := manifest.error or self._gone(manifest):
                moves[run.number] = (State.FAILED, {"error": error, "warnings": warnings})
                continue
            facts: dict[str, Any] = {"counts": manifest.counts, "content": manifest.content}
            facts |= {"digests": manifest.digests, "warnings": warnings}
            if manifest.cost is not None:
                facts["cost"] = manifest.cost.model_dump()
            moves[run.number] = (State.STAGED, facts)
        self._move(begun, Actor.RECORDER)
        self._move(moves, Actor.RECORDER)

    @stage("validate")
    def validate(self, runs: Sequence[Run], tolerance: Tolerances, judge: Judge | None = None) -> None:
        """Let staged runs pass, or hold them in quarantine: each by its bad rows, all by `judge` together."""
        staged = self._at(runs, State.STAGED)
        manifests = {run.number: read_manifest(self._storage, run.number) for run in staged}
        objections = {run.number: _objection(tolerance(run), manifests[run.number]) for run in staged}
        sound = [run for run in staged if objections[run.number] is None]
        verdicts = judge(sound, manifests) if judge and sound else {}
        moves: Steps = {}
        for run in staged:
            manifest = manifests[run.number]
            verdict = verdicts.get(run.number, Verdict())
            reason = objections[run.number] or canary.objection(run, manifest) or verdict.error
            if reason is not None:
                keep_good(manifest, self._storage)
            warnings = [*run.warnings, *keep_refused(manifest, self._storage, self._types), *verdict.warnings]
            state = State.VALIDATED if reason is None else State.QUARANTINED
            moves[run.number] = (state, {"error": reason, "warnings": warnings})
        self._move(moves, Actor.VALIDATOR)

    @stage("load")
    def load(
        self, runs: Sequence[Run], tolerance: Tolerances, *, claim: Claim = NOBODY, gate: Gate = open_gate
    ) -> None:
        """Load validated runs into the store, within the budget and what is claimed of it.

        Runs whose model fails its canary are held instead.
        `gate` is called before rows are taken, with how many, and with 0 while their turn is waited for; it
        waits while the load is paused, and what it raises ends the load.
        """
        validated = self._at(runs, State.VALIDATED)
        self._keep_models(validated)
        validated = self._trusted(validated, Actor.VALIDATOR)
        if not validated:
            return
        staged = [
            Staged(run.number, schema, model_of(run, schema, self._types), key)
            for run in validated
            for schema, key in staged_files(read_manifest(self._storage, run.number)).items()
        ]
        with self._budget(claim, gate) as take:
            loaded = load(staged, self._sink, self._types, self._storage, _behind(gate, take))
        moves: Steps = {}
        for run in validated:
            facts: dict[str, Any] = {}
            error = loaded.refused.get(run.number)
            if dead := loaded.dead.get(run.number):
                counts = {name: rows - dead.get(name, 0) for name, rows in run.counts.items()}
                facts = {"counts": counts, "warnings": [*run.warnings, *loaded.warnings[run.number]]}
                facts |= {"digests": self._without_dead(run, dead)}
                error = error or tolerance(run).objection(sum(counts.values()), sum(dead.values()))
            state = State.LOADED if error is None else State.FAILED
            moves[run.number] = (state, facts if error is None else {**facts, "error": error})
        self._move(moves, Actor.LOADER)

    def show_again(self, numbers: Sequence[int]) -> None:
        """Show superseded runs again, all at one moment: they are what would be computed now."""
        if numbers:
            self._ledger.publish(numbers)
            self._announce()

    @stage("publish")
    def publish(self, runs: Sequence[Run], again: Sequence[int] = ()) -> None:
        """Show loaded runs to readers, all at one moment, and remove what those that ended have staged.

        Superseded runs may be shown `again` at the same moment. Those whose model fails its canary are held.
        """
        loaded = [run.number for run in self.examine(runs)]
        while loaded or again:
            try:
                self._ledger.publish([*loaded, *again])
            except RunError:
                before, loaded = loaded, [run.number for run in self._at(runs, State.LOADED)]
                if loaded == before:
                    raise
            else:
                break
        self._announce()  # also what a process that died has published and not told
        self.clear(runs)

    def examine(self, runs: Sequence[Run]) -> list[Run]:
        """Hold loaded runs whose model fails its canary; return the loaded ones that may be shown."""
        return self._trusted(self._at(runs, State.LOADED), Actor.PUBLISHER)

    def _trusted(self, runs: Sequence[Run], by: Actor) -> list[Run]:
        """Hold runs whose model fails its canary, and return the others."""
        held = canary.objections(self._storage, runs)
        for number in held:
            if finished(self._storage, number):
                keep_good(read_manifest(self._storage, number), self._storage)
        self._move({number: (State.QUARANTINED, {"error": held[number]}) for number in held}, by)
        if held and by is Actor.PUBLISHER:  # its rows are in the store already
            self._sink.delete([*held])
        return [run for run in runs if run.number not in held]

    def cancel(self, runs: Sequence[Run]) -> None:
        """End runs that are open, so that nobody ever sees them, and remove what they have staged."""
        opened = self._at(runs, *OPEN)
        self._move({run.number: (State.CANCELLED, {}) for run in opened}, Actor.PERSON)
        self.clear(runs)

    def clear(self, runs: Sequence[Run]) -> None:
        """Remove what runs that ended have staged, but for what is the system of record."""
        for run in self.now(runs):
            if self.keeps_staged and run.state in PUBLISHED and finished(self._storage, run.number):
                keep_only(self._storage, read_manifest(self._storage, run.number))
            elif run.state not in OPEN:
                self._storage.delete_all(keys.staged(run.number))

    def _move(self, moves: Steps, by: Actor) -> None:
        """Move runs on together, but for those that have ended meanwhile."""
        if moves:
            self._ledger.steps(moves, by=by, leave_ended=True)

    def _without_dead(self, run: Run, dead: Collection[str]) -> Mapping[str, str] | None:
        """Return the digests of a run's rows but for those that the store refused."""
        if run.digests is None:
            return None
        refused = {name: digest_of(run.number, name, self._storage) for name in dead}
        return {**run.digests} | {name: str(Digest.parse(run.digests[name]) - refused[name]) for name in dead}

    def _gone(self, manifest: Manifest) -> str | None:
        """Return why the rows of a manifest cannot be had; None where they lie there."""
        gone = [key for key in staged_files(manifest).values() if not self._storage.exists(key)]
        return f"{gone[0]} is gone, which its attempt had written" if gone else None

    def now(self, runs: Sequence[Run]) -> list[Run]:
        """Return runs as they stand."""
        return self._ledger.current(runs)

    def _at(self, runs: Sequence[Run], *states: State) -> list[Run]:
        return [run for run in self.now(runs) if run.state in states]


def as_manifests_say(algorithms: Mapping[str, Known]) -> Tolerances:
    """Return the tolerance of each run that its algorithm's manifest allows."""
    return lambda run: Tolerance(algorithms[run.algorithm].manifest.validation.tolerance)


def _behind(gate: Gate, take: Take) -> Take:
    def taken(rows: int, size: int) -> None:
        gate(rows)
        take(rows, size)

    return taken


def _objection(tolerance: Tolerance, manifest: Manifest) -> str | None:
    return tolerance.objection(sum(manifest.counts.values()), sum(manifest.refused.values()))


def model_of(run: Run, schema: str, types: Types) -> str | None:
    """Return the model that a run's rows of a schema type are kept apart by: only vectors are."""
    return run.model if has_vector(types[schema]) else None
