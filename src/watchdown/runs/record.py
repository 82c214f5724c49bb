"""Recording: manifests from staging into the ledger, and the judgement whether a run may go on."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq

from watchdown.folder import Folder
from watchdown.runs.ledger import Ledger, Run
from watchdown.runs.staging import Manifest, refused_files
from watchdown.runs.states import State
from watchdown.validation.check import REASONS
from watchdown_schemas.types import schema_type


def record(run: Run, manifest: Manifest, *, ledger: Ledger, folder: Folder) -> State:
    """Enter a manifest: the run is validated, failed, or quarantined when no good row is left."""
    if manifest.error is not None:
        ledger.step(run.number, State.FAILED, error=manifest.error, warnings=list(manifest.warnings))
        return State.FAILED
    warnings = [*manifest.warnings, *keep_refused(run, manifest, folder)]
    if run.state is not State.STAGED:
        ledger.step(
            run.number, State.STAGED, counts=manifest.counts, content=manifest.content, warnings=warnings
        )
    judged = State.QUARANTINED if manifest.refused and not any(manifest.counts.values()) else State.VALIDATED
    error = "every row was refused" if judged is State.QUARANTINED else None
    ledger.step(run.number, judged, error=error)
    return judged


def keep_refused(run: Run, manifest: Manifest, folder: Folder) -> list[str]:
    """Copy refused rows to quarantine and return a warning for each file."""
    warnings = []
    for schema, source in refused_files(folder.staged(run.number), manifest).items():
        target = quarantine_file(folder, run.number, schema)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        count = manifest.refused[schema]
        rows = f"{count} {schema_type(schema).schema_label()} row{'s' * (count > 1)}"
        place = target.relative_to(folder.root)
        warnings.append(f"{rows} refused, with reasons in {place} (most often: {_commonest_reason(source)})")
    return warnings


def _commonest_reason(refused: Path) -> str:
    reasons = pq.read_table(refused, columns=[REASONS])[REASONS].to_pylist()
    return str(Counter(reasons).most_common(1)[0][0])


def quarantine_file(folder: Folder, run: int, schema: str) -> Path:
    """Return where the refused rows of a run lie."""
    return folder.quarantine / f"{run}-{schema}.parquet"
