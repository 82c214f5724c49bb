"""The collector: removes what was superseded or left, and keeps the store compact. One process at a time.

Each step may be repeated: what a killed collector has given up and not removed, the next one removes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from watchdown.load.claim import Claim
from watchdown.media.source import clear_half_made
from watchdown.runs.collectable import Collectable, Doomed, Policy, parts
from watchdown.runs.ledger import Ledger
from watchdown.runs.pictures import Pictures
from watchdown.runs.stages import Budget, open_gate
from watchdown.runs.states import OPEN, State
from watchdown.runs.sweeping import HALF_MADE, Left, Sweeping
from watchdown.storage import keys
from watchdown.storage.protocol import Storage
from watchdown.stores.protocol import Sink
from watchdown_schemas.errors import RunError, StorageDenied

RUNS, ROWS, WRITES, OLD = "runs", "rows", "writes that nobody ended", "old versions of tables"
ROWS_AT_ONCE: Final = 20_000
RUNS_AT_ONCE: Final = 1_000
FILES_AT_ONCE: Final = 500
Report = Callable[["Step"], object]


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """How far the collector is: what it does, and how much of how much is done (0 where nobody knows)."""

    doing: str
    done: int = 0
    total: int = 0


@dataclass(kw_only=True, slots=True)
class Collected:
    """What was removed, or would be: how many of each kind, their bytes where known, and notes."""

    counts: Counter[str] = field(default_factory=Counter)
    bytes: Counter[str] = field(default_factory=Counter)
    runs: list[Doomed] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def note(self, left: Left) -> None:
        """Count an object."""
        self.counts[left.kind] += 1
        self.bytes[left.kind] += left.object.size


@dataclass(frozen=True, kw_only=True, slots=True)
class Collector:
    """Collects one library; whoever calls it sees to it that no other does.

    `planning` keeps others from planning while batches are removed, `announce` tells the store what changed.
    """

    storage: Storage
    ledger: Ledger
    collectable: Collectable
    sink: Sink
    pictures: Pictures
    work: Path
    budget: Budget
    announce: Callable[[], object] = lambda: None
    planning: Callable[[], AbstractContextManager[object]] = nullcontext

    def run(self, policy: Policy, *, dry_run: bool = False, report: Report = lambda _step: None) -> Collected:
        """Remove what the policy does not keep; a dry run only says what that would be."""
        found = Collected()
        self._end_idle_writes(policy, found, dry_run=dry_run)
        if not dry_run:
            report(Step(doing="giving up runs"))
            self.collectable.give_up(policy)
            self.announce()  # from here on no reader begins to read what is removed below
        found.runs = [*self.collectable.pending(), *(self.collectable.candidates(policy) if dry_run else ())]
        found.counts[RUNS], found.counts[ROWS] = len(found.runs), sum(one.rows for one in found.runs)
        if not dry_run:
            self._remove_rows(found.runs, report)
            for some in parts(self.collectable.held()):
                self.sink.delete(some)  # whoever held them may have died before he did
        self._sweep(policy, found, dry_run=dry_run, report=report)
        if not dry_run:
            self.collectable.confirm([one.number for one in found.runs])
            report(Step(doing="tending the store"))
            found.bytes[OLD] += self.sink.tend()
        return found

    def _end_idle_writes(self, policy: Policy, found: Collected, *, dry_run: bool) -> None:
        """Cancel runs that programs began to write and left; what they wrote goes with a later collection."""
        before = self.collectable.now() - policy.idle_writes.total_seconds()
        for number in self.collectable.idle(policy):
            newest = max((one.written for one in self.storage.list(keys.staged(number))), default=0.0)
            if newest <= before and (dry_run or self._cancel(number)):
                found.counts[WRITES] += 1

    def _cancel(self, number: int) -> bool:
        if self.ledger.get(number).state not in OPEN:
            return False
        try:
            error = "nobody went on writing it; the collector has ended it"
            self.ledger.step(number, State.CANCELLED, error=error)
        except RunError:  # finished or cancelled since
            return False
        return True

    def _remove_rows(self, doomed: Sequence[Doomed], report: Report) -> None:
        """Remove the rows of runs from the store, some runs at a time, as fast as the budget gives."""
        if not doomed:
            return
        total, done = sum(one.rows for one in doomed), 0
        with self.budget(COLLECTING, open_gate) as take:
            for some in portions(doomed):
                rows = sum(one.rows for one in some)
                take(rows, 0)
                self.sink.delete([one.number for one in some])
                done += rows
                report(Step(doing="removing rows", done=done, total=total))

    def _sweep(self, policy: Policy, found: Collected, *, dry_run: bool, report: Report) -> None:
        """Remove files that nobody needs."""
        sweeping = Sweeping(
            self.storage,
            self.collectable,
            keeps_staged=not self.sink.of_record,
            references=partial(self.pictures.led_to, without={one.number for one in found.runs}),
        )
        doomed: Collection[int] = {one.number for one in found.runs}
        report(Step(doing="looking through files"))
        self._remove(sweeping.of_runs(policy, doomed), found, dry_run=dry_run)
        with nullcontext() if dry_run else self.planning():
            self._remove(sweeping.batches(policy), found, dry_run=dry_run)
            self._remove(sweeping.models(policy, doomed), found, dry_run=dry_run)
        self._remove(sweeping.bundles(policy), found, dry_run=dry_run)
        before = self.collectable.now() - max(policy.grace, policy.unfinished).total_seconds()
        try:
            for half in self.storage.half_made(before, remove=not dry_run):
                found.note(Left(HALF_MADE, half))
        except StorageDenied as error:
            found.notes.append(f"unfinished files were not looked for: {error}")
        if not dry_run:
            clear_half_made(self.work)

    def _remove(self, left: Iterable[Left], found: Collected, *, dry_run: bool) -> None:
        waiting: list[str] = []
        for one in left:
            found.note(one)
            waiting.append(one.object.key)
            if len(waiting) >= FILES_AT_ONCE and not dry_run:
                self.storage.delete(waiting)
                waiting.clear()
        if not dry_run:
            self.storage.delete(waiting)


COLLECTING: Final = Claim()


def portions(doomed: Sequence[Doomed]) -> Iterator[list[Doomed]]:
    """Yield runs in lists of so many rows that a store removes them in a moment."""
    some: list[Doomed] = []
    rows = 0
    for one in doomed:
        some.append(one)
        rows += one.rows
        if rows >= ROWS_AT_ONCE or len(some) >= RUNS_AT_ONCE:
            yield some
            some, rows = [], 0
    if some:
        yield some
