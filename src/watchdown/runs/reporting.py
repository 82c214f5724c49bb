"""The report on a backfill: what became of each title, judged against the share that may fail."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from watchdown.runs.ledger import Run
from watchdown.runs.states import OPEN, PUBLISHED, State
from watchdown_schemas.errors import RunError

DUST: Final = 1e-9  # of a title: what 0.29 of 100 loses


@dataclass(frozen=True, kw_only=True, slots=True)
class Failed:
    """A run that readers do not see, why, and the command that tries again."""

    title: str
    title_name: str
    algorithm: str
    run: int
    state: str
    error: str
    command: str


@dataclass(frozen=True, kw_only=True, slots=True)
class BackfillReport:
    """What became of the runs of some batches: `passed` where no larger share failed than `tolerance`."""

    batches: tuple[str, ...]
    runs: int
    published: int
    failed: tuple[Failed, ...]
    tolerance: float

    @property
    def passed(self) -> bool:
        """Whether the failures are within the tolerance."""
        return len(self.failed) <= self.tolerance * self.runs + DUST


def report_on(
    batches: Iterable[str],
    runs: Iterable[Run],
    names: Mapping[str, str],
    *,
    tolerance: float,
    library: str,
) -> BackfillReport:
    """Judge runs; `names` has the names of their titles by id, `library` is where commands find them."""
    if not 0 <= tolerance <= 1:
        raise RunError("tolerance", f"is {tolerance:g}, no share of the titles", "Give a number from 0 to 1")
    every = list(runs)
    failed = [run for run in every if run.state not in PUBLISHED]
    return BackfillReport(
        batches=tuple(batches),
        runs=len(every),
        published=len(every) - len(failed),
        failed=tuple(
            Failed(
                title=run.title,
                title_name=names.get(run.title, run.title),
                algorithm=run.algorithm,
                run=run.number,
                state=run.state,
                error=run.error or _why(run),
                command=retry_command(run, library),
            )
            for run in failed
        ),
        tolerance=tolerance,
    )


def _why(run: Run) -> str:
    if run.state is State.CANCELLED:
        return "what it was planned for has changed since"
    return f"it is still {run.state}" if run.state in OPEN else "no reason is known"


def retry_command(run: Run, library: str) -> str:
    """Return the command that runs an algorithm over a title again; held rows are mended first."""
    at = f"--library {shlex.quote(library)}"
    if run.state is State.QUARANTINED:
        return f"watchdown quarantine list {at}"
    return f"watchdown backfill {run.algorithm} --titles {run.title} {at}"
