"""The report on a backfill: what became of each title, judged against the share that may fail."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from watchdown.runs.ledger import Run
from watchdown.runs.states import OPEN, PUBLISHED, State
from watchdown_schemas.errors import RunError

_ENDED_UNSEEN: Final = (State.CANCELLED, State.FAILED, State.QUARANTINED)
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
    log: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class BackfillReport:
    """What became of the runs of some batches, and how many titles were kept from being planned.

    `waiting` are loaded, and hidden until somebody promotes them.
    `passed` where of both together no larger share failed than `tolerance`.
    """

    batches: tuple[str, ...]
    runs: int
    published: int
    failed: tuple[Failed, ...]
    blocked: int
    tolerance: float
    waiting: int = 0

    @property
    def passed(self) -> bool:
        """Whether the failures are within the tolerance."""
        failed = len(self.failed) + self.blocked
        return failed <= self.tolerance * (self.runs + self.blocked) + DUST


def report_on(
    batches: Iterable[str],
    runs: Iterable[Run],
    names: Mapping[str, str],
    *,
    tolerance: float,
    library: str,
    via: str = "local",
    blocked: int = 0,
    later: Collection[str] = (),
    log: Callable[[Run], str | None] = lambda _run: None,
) -> BackfillReport:
    """Judge runs, and how many titles were `blocked`: kept from being planned by something to be mended.

    `names` has the names of their titles by id; `library` and `via` are those of the commands to try again;
    `later` are batches whose loaded runs are as they shall be; `log` says where the log of a run is.
    """
    if not 0 <= tolerance <= 1:
        raise RunError("tolerance", f"is {tolerance:g}, no share of the titles", "Give a number from 0 to 1")
    every = counting(runs)
    unseen = [run for run in every if run.state not in PUBLISHED]
    failed = [run for run in unseen if not (run.state is State.LOADED and run.batch in later)]
    return BackfillReport(
        batches=tuple(batches),
        runs=len(every),
        published=len(every) - len(unseen),
        waiting=len(unseen) - len(failed),
        failed=tuple(
            Failed(
                title=run.title,
                title_name=names.get(run.title, run.title),
                algorithm=run.algorithm,
                run=run.number,
                state=run.state,
                error=run.error or _why(run),
                command=retry_command(run, library, via),
                log=log(run),
            )
            for run in failed
        ),
        blocked=blocked,
        tolerance=tolerance,
    )


def counting(runs: Iterable[Run]) -> list[Run]:
    """Return the runs by which a backfill is judged.

    What was planned for inputs that have changed since, or has failed and was tried again, counts by the run
    that took its place.
    """
    found = list(runs)
    newest = {(run.title, run.algorithm): run.number for run in sorted(found, key=lambda run: run.number)}
    return [
        run
        for run in found
        if run.state not in _ENDED_UNSEEN or newest[run.title, run.algorithm] == run.number
    ]


def _why(run: Run) -> str:
    if run.state is State.CANCELLED:
        return "what it was planned for has changed since"
    if run.state is State.LOADED:
        return "it is loaded and not shown yet"
    return f"it is still {run.state}" if run.state in OPEN else "no reason is known"


def retry_command(run: Run, library: str, via: str) -> str:
    """Return the command that runs an algorithm over a title again; held rows are mended first."""
    at = f"--library {shlex.quote(library)}"
    if run.state is State.QUARANTINED:
        return f"watchdown quarantine list {at}"
    there = "" if via == "local" else f"--via {via} "
    return f"watchdown backfill {run.algorithm} --titles {run.title} {there}{at}"
