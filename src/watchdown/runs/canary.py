"""The canary: what the vectors of a run must be like before readers may see them.

What needs their rows is measured while they are staged, what needs the model is tried once and kept beside
it: to publish, only verdicts are looked at.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from watchdown.models.canary import verdict
from watchdown.runs.ledger import Run
from watchdown.runs.staging import Manifest
from watchdown.storage.protocol import Storage

FEW: Final = 3  # vectors that may be the same: of a title that shows one thing
LEAST_VARIANCE: Final = 1e-6  # of unit vectors; those of two frames that look the same lie further apart


def objection(run: Run, manifest: Manifest) -> str | None:
    """Return why what a run staged is not to be trusted; None where nothing speaks against it."""
    if run.model and manifest.model and manifest.model != run.model:
        cause = f"its vectors are of the model {manifest.model}, and it was planned for {run.model}"
        again = f"then: watchdown backfill {run.algorithm} --titles {run.title}"
        return f"{cause}; install the same model where runs are planned and worked, {again}"
    for schema, spread in manifest.spreads.items():
        if spread.rows > FEW and spread.variance < LEAST_VARIANCE:
            cause = f"the vectors of its {spread.rows} {schema} rows are all the same"
            return f"{cause} (variance {spread.variance:.1e}); mend what makes them, and make them again"
    return None


def objections(storage: Storage, runs: Iterable[Run]) -> dict[int, str]:
    """Return by number why the models of runs are not to be trusted; of each model one object is read."""
    by_model: dict[tuple[str, str], list[int]] = {}
    for run in runs:
        if run.model:
            by_model.setdefault((run.algorithm, run.model), []).append(run.number)
    found: dict[int, str] = {}
    for (algorithm, model), numbers in by_model.items():
        kept = verdict(storage, model)
        if kept and kept.algorithm == algorithm and kept.reason:
            cause = f"its model {model} fails its canary: {kept.reason}"
            remedy = f"install a sound model, then: watchdown backfill {algorithm}"
            found |= dict.fromkeys(numbers, f"{cause}; {remedy}")
    return found
