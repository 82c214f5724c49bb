"""Judge a batch as a whole before it is loaded: its profile against what each schema type leads to expect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from watchdown.catalogue.titles import Catalogue
from watchdown.folder import Folder
from watchdown.runs.ledger import Ledger, Run
from watchdown.runs.memo import Types
from watchdown.runs.record import keep_good
from watchdown.runs.staging import Manifest, staged_files
from watchdown.runs.states import State
from watchdown.validation.judge import judge
from watchdown.validation.judgement import Judgement
from watchdown.validation.profile import Profile, profile, staged_batches
from watchdown_algos.catalogue import AlgorithmCatalogue
from watchdown_schemas.derived.expectations import expectation_suite
from watchdown_schemas.ids import short_hash
from watchdown_schemas.quality import Quality

CRITICAL = "critical"


@dataclass(frozen=True, kw_only=True, slots=True)
class Judging:
    """Judges the validated runs of a batch with Great Expectations.

    What fails an expectation that is critical is held in quarantine; the rest is a warning of its run.
    """

    folder: Folder
    catalogue: Catalogue
    ledger: Ledger
    algorithms: AlgorithmCatalogue
    types: Types

    def __call__(self, runs: Sequence[Run], manifests: Mapping[int, Manifest]) -> Judgement | None:
        """Judge runs, write one report with its Data Docs, and enter the verdicts; None without a run."""
        if not runs:
            return None
        profiles = [
            self._profile(run, manifests[run.number], name)
            for run in runs
            for name in manifests[run.number].counts
        ]
        suites = {
            (run.algorithm, self.types[name].schema_label()): expectation_suite(
                self.types[name], self._quality(run.algorithm, name)
            )
            for run in runs
            for name in manifests[run.number].counts
        }
        home = self.folder.reports / short_hash(*(run.number for run in runs))
        verdict = judge(profiles, suites, home)
        self._enter(verdict, runs, manifests)
        return verdict

    def _profile(self, run: Run, manifest: Manifest, name: str) -> Profile:
        title = self.catalogue.title_by_id(run.title)
        active = self.ledger.active(run.title, run.algorithm)
        file = staged_files(self.folder.staged(run.number), manifest).get(name)
        return profile(
            staged_batches(file, self.types[name]),
            self.types[name],
            algorithm=run.algorithm,
            title=title.id,
            name=title.name,
            run=run.number,
            duration_ns=self.catalogue.timeline(title.id).duration_ns,
            active_rows=active.counts.get(name, 0) if active else None,
        )

    def _quality(self, algorithm: str, name: str) -> Quality:
        quality = self.types[name].quality
        known = self.algorithms[algorithm].manifest.quality if algorithm in self.algorithms else {}
        return known[name].over(quality) if name in known else quality

    def _enter(self, verdict: Judgement, runs: Sequence[Run], manifests: Mapping[int, Manifest]) -> None:
        told: dict[int, list[tuple[bool, str]]] = {}
        for failure in verdict.failures:
            for fault in failure.faults:
                reason = (failure.severity == CRITICAL, failure.reason(fault))
                told.setdefault(fault.run, []).append(reason)
        for run in runs:
            reasons = told.get(run.number, [])
            place = verdict.report.relative_to(self.folder.root)
            if critical := [reason for is_critical, reason in reasons if is_critical]:
                error = f"{'; '.join(critical)} (see {place})"
                keep_good(run, manifests[run.number], self.folder)
                self.ledger.step(run.number, State.QUARANTINED, error=error)
            elif reasons:
                self.ledger.note(run.number, [reason for _, reason in reasons])
