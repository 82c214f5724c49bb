"""Recording: manifests from staging into the ledger, and the judgement whether a run may go on."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Collection
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from watchdown.folder import Folder
from watchdown.runs.ledger import Ledger, Run
from watchdown.runs.memo import Types
from watchdown.runs.staging import Manifest, refused_files, staged_files
from watchdown.runs.states import State
from watchdown.validation.check import REASONS, ROW
from watchdown.validation.policy import Tolerance


def record(
    run: Run, manifest: Manifest, *, ledger: Ledger, folder: Folder, types: Types, tolerance: Tolerance
) -> State:
    """Enter a manifest: the run is validated, failed, or quarantined where it has too many bad rows."""
    if manifest.error is not None:
        ledger.step(run.number, State.FAILED, error=manifest.error, warnings=list(manifest.warnings))
        return State.FAILED
    reason = tolerance.objection(sum(manifest.counts.values()), sum(manifest.refused.values()))
    warnings = [*manifest.warnings, *keep_refused(run, manifest, folder, types)]
    if reason is not None:
        keep_good(run, manifest, folder)
    if run.state is not State.STAGED:
        ledger.step(
            run.number, State.STAGED, counts=manifest.counts, content=manifest.content, warnings=warnings
        )
    judged = State.VALIDATED if reason is None else State.QUARANTINED
    ledger.step(run.number, judged, error=reason)
    return judged


def keep_refused(run: Run, manifest: Manifest, folder: Folder, types: Types) -> list[str]:
    """Copy refused rows to quarantine and return a warning for each file."""
    warnings = []
    for schema, source in refused_files(folder.staged(run.number), manifest).items():
        target = quarantine_file(folder, run.number, schema)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        count = manifest.refused[schema]
        rows = f"{count} {types[schema].schema_label()} row{'s' * (count > 1)}"
        place = target.relative_to(folder.root)
        warnings.append(f"{rows} refused, with reasons in {place} (most often: {_commonest_reason(source)})")
    return warnings


def keep_good(run: Run, manifest: Manifest, folder: Folder) -> None:
    """Keep the good rows of a run that is held back beside its bad ones: once these are mended, all go on."""
    for schema, source in staged_files(folder.staged(run.number), manifest).items():
        target = good_file(folder, run.number, schema)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def _commonest_reason(refused: Path) -> str:
    reasons: pa.ChunkedArray = pq.read_table(refused, columns=[REASONS])[REASONS]
    return str(Counter(reasons.to_pylist()).most_common(1)[0][0])


def quarantine_file(folder: Folder, run: int, schema: str) -> Path:
    """Return where the refused rows of a run lie."""
    return folder.quarantine / f"{run}-{schema}.parquet"


def good_file(folder: Folder, run: int, schema: str) -> Path:
    """Return where the good rows of a run that was held back lie."""
    return folder.quarantine / f"{run}-{schema}.good.parquet"


def move_refused(folder: Folder, old: int, new: int, schema: str, handed_back: Collection[int] = ()) -> None:
    """Leave the refused rows of a run to the one that takes its place, but for those handed back."""
    source, target = quarantine_file(folder, old, schema), quarantine_file(folder, new, schema)
    if source.exists():
        kept = pq.ParquetFile(source).read()
        kept = kept.filter(pc.invert(pc.is_in(kept[ROW], pa.array(handed_back, pa.int64()))))
        parts = [kept] if kept.num_rows else []
        if target.exists():
            parts.append(pq.ParquetFile(target).read())
        if parts:
            pq.write_table(pa.concat_tables(parts, promote_options="permissive"), target)
        source.unlink()
    good_file(folder, old, schema).unlink(missing_ok=True)
