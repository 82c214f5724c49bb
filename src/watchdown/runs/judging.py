"""Judge a batch as a whole before it is loaded: its profile against what each schema type leads to expect."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa

from watchdown.catalogue.titles import Catalogue
from watchdown.runs.ledger import Ledger, Run
from watchdown.runs.memo import Types
from watchdown.runs.staging import Manifest, staged_files
from watchdown.storage import keys
from watchdown.storage.protocol import Storage
from watchdown.validation.judge import REPORT, judge
from watchdown.validation.judgement import Judgement
from watchdown.validation.profile import Profile, profile, staged_batches
from watchdown_algos.catalogue import AlgorithmCatalogue
from watchdown_schemas.derived.expectations import expectation_suite
from watchdown_schemas.ids import short_hash
from watchdown_schemas.quality import Quality

CRITICAL = "critical"


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What was found of one run: the error that holds it back, if there is one, and warnings."""

    error: str | None = None
    warnings: tuple[str, ...] = ()


Judge = Callable[[Sequence[Run], Mapping[int, Manifest]], Mapping[int, Verdict]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Judging:
    """Judges the staged runs of a batch with Great Expectations.

    What fails an expectation that is critical is an error of its run; the rest is a warning. `name` is that
    of the batch, where it has one.
    """

    storage: Storage
    work: Path
    catalogue: Catalogue
    ledger: Ledger
    algorithms: AlgorithmCatalogue
    types: Types
    name: str | None = None

    def __call__(self, runs: Sequence[Run], manifests: Mapping[int, Manifest]) -> Mapping[int, Verdict]:
        """Judge runs, write one report with its Data Docs, and return the verdict on each."""
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
        name = self.name or short_hash(*(run.number for run in runs))
        self.work.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=self.work, prefix=".judging-") as folder:
            home = Path(folder) / name
            verdict = judge(profiles, suites, home)
            self._keep(home, keys.report(name))
        return _verdicts(verdict, keys.report(name) + REPORT)

    def _keep(self, home: Path, prefix: str) -> None:
        """Put a report where all see it, `report.json` last: where that is, the report is whole."""
        self.storage.delete_all(prefix)
        files = sorted(path for path in home.rglob("*") if path.is_file())
        for path in sorted(files, key=lambda path: path == home / REPORT):
            with (
                path.open("rb") as file,
                self.storage.create(prefix + path.relative_to(home).as_posix()) as kept,
            ):
                shutil.copyfileobj(file, kept)

    def _profile(self, run: Run, manifest: Manifest, name: str) -> Profile:
        title = self.catalogue.title_by_id(run.title)
        active = self.ledger.active(run.title, run.algorithm)
        return profile(
            self._staged(manifest, name),
            self.types[name],
            algorithm=run.algorithm,
            title=title.id,
            name=title.name,
            run=run.number,
            duration_ns=self.catalogue.timeline(title.id).duration_ns,
            active_rows=active.counts.get(name, 0) if active else None,
        )

    def _staged(self, manifest: Manifest, name: str) -> Iterator[pa.RecordBatch]:
        key = staged_files(manifest).get(name)
        with nullcontext() if key is None else self.storage.open(key) as file:
            yield from staged_batches(file, self.types[name])

    def _quality(self, algorithm: str, name: str) -> Quality:
        quality = self.types[name].quality
        known = self.algorithms[algorithm].manifest.quality if algorithm in self.algorithms else {}
        return known[name].over(quality) if name in known else quality


def _verdicts(found: Judgement, place: str) -> dict[int, Verdict]:
    errors: dict[int, list[str]] = defaultdict(list)
    warnings: dict[int, list[str]] = defaultdict(list)
    for failure in found.failures:
        for fault in failure.faults:
            told = errors if failure.severity == CRITICAL else warnings
            told[fault.run].append(failure.reason(fault))
    return {
        run: Verdict(
            error=f"{'; '.join(errors[run])} (see {place})" if errors[run] else None,
            warnings=tuple(warnings[run]),
        )
        for run in {*errors, *warnings}
    }
