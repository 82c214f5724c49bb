"""Execution in process: plan, work, record, load and publish, pass by pass, until nothing is missing.

Wherever it was stopped, the next call goes on: open runs are found in the ledger, finished work in staging.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from watchdown.catalogue.model import Title
from watchdown.catalogue.titles import Catalogue
from watchdown.media.shelf import Shelf
from watchdown.media.source import clear_half_made
from watchdown.runs.batch import Batch
from watchdown.runs.feeds import ReadRecords
from watchdown.runs.judging import Judge
from watchdown.runs.leases import BatchLeases, holder_name
from watchdown.runs.ledger import Ledger, Run
from watchdown.runs.plan import Plan, Planner
from watchdown.runs.progress import Progress, Report
from watchdown.runs.stages import Stages, as_manifests_say
from watchdown.runs.staging import finished
from watchdown.runs.states import OPEN, State
from watchdown.runs.work import work
from watchdown.storage import keys
from watchdown_algos.catalogue import AlgorithmCatalogue
from watchdown_schemas.registry import Registry


class Executor:
    """Brings titles up to date with the algorithm catalogue."""

    def __init__(
        self,
        *,
        shelf: Shelf,
        catalogue: Catalogue,
        ledger: Ledger,
        planner: Planner,
        leases: BatchLeases,
        stages: Stages,
        read_records: ReadRecords,
        algorithms: AlgorithmCatalogue,
        types: Registry,
        hidden: Callable[[str], bool] = lambda _batch: False,
    ) -> None:
        """Make it; `hidden` says of a batch whether what it makes is to be shown with others, and not yet."""
        self._hidden = hidden
        self._shelf = shelf
        self._storage = shelf.storage
        self._catalogue = catalogue
        self._ledger = ledger
        self._planner = planner
        self._leases = leases
        self._stages = stages
        self._read_records = read_records
        self._algorithms = algorithms
        self._tolerance = as_manifests_say(algorithms)
        self._types = types

    def bring_up_to_date(
        self,
        title: Title,
        report: Report = lambda _: None,
        judge: Judge | None = None,
        only: Collection[str] | None = None,
    ) -> list[Run]:
        """Run whatever the title lacks, pass by pass; return the runs that were made or resumed.

        The first pass is over media; those over records follow until nothing more can be made. `judge` looks
        at each pass as a whole before it is loaded; `only` names the algorithms, which are all without it.
        What is in a batch that another process works is left to that one, and so is what stays hidden.
        """
        self._tidy()
        made: dict[int, Run] = {}
        for over_records in (False, True):
            tried = set() if only is None else set(self._algorithms) - set(only)
            while ready := self._plan(title, over_records=over_records, without=tried):
                again = [run.number for run in ready.again]
                tried |= {run.algorithm for run in ready.open} | {run.algorithm for run in ready.again}
                self._stages.show_again(again)
                made |= {number: self._ledger.get(number) for number in again}
                with self._own(ready) as own:
                    if own.open:
                        self._pass(title, own, report, judge)
                made |= {run.number: self._ledger.get(run.number) for run in own.open}
        return list(made.values())

    def _tidy(self) -> None:
        """Remove what a call that was killed has left behind and no other will take up."""
        if not self._stages.keeps_staged:  # else this would look through every run there ever was
            # First what lies there, then what the ledger says of it: others begin runs meanwhile.
            left = {keys.run_of(stored.key) for stored in self._storage.list(keys.STAGED)}
            batches = [found.key for found in self._storage.list(keys.BATCHES)]
            unfinished = {run.number: run.batch for run in self._ledger.runs(states=OPEN)}
            for run in left - unfinished.keys():
                self._storage.delete_all(keys.staged(run))
            taken_up = {keys.batch(batch) for batch in unfinished.values() if batch}
            self._storage.delete(key for key in batches if key not in taken_up)
        clear_half_made(self._shelf.work)

    def _plan(self, title: Title, *, over_records: bool, without: set[str]) -> Plan | None:
        found = self._planner.plan(
            title,
            {
                name
                for name, known in self._algorithms.items()
                if known.manifest.over_records == over_records and name not in without
            },
        )
        return found if found.open or found.again else None

    @contextmanager
    def _own(self, ready: Plan) -> Iterator[Plan]:
        """Hold the batches that a plan's runs are in, and give the plan without what others hold."""
        with ExitStack() as held:
            busy = set[str]()
            for batch in sorted({run.batch for run in ready.open if run.batch}):
                self._leases.enter(batch)
                if self._hidden(batch):
                    busy.add(batch)
                elif lease := self._leases.take(batch, holder_name()):
                    held.enter_context(self._leases.kept(lease))
                    held.enter_context(self._leases.guarding(lease))
                else:
                    busy.add(batch)
            own = tuple(run for run in ready.open if run.batch not in busy)
            numbers = {run.number for run in own}
            tasks = tuple(task for task in ready.item.tasks if task.run in numbers)
            yield replace(ready, open=own, item=ready.item.model_copy(update={"tasks": tasks}))

    def _pass(self, title: Title, ready: Plan, report: Report, judge: Judge | None) -> None:
        """Bring the open runs of a plan to their end, whatever state they were left in."""
        batch = self._work(title, ready, report)
        runs = [self._ledger.get(run.number) for run in ready.open]
        self._stages.through(runs, self._tolerance, judge)
        if batch is not None:
            self._storage.delete([batch])

    def _work(self, title: Title, ready: Plan, report: Report) -> str | None:
        """Work the tasks that no attempt has finished yet, in one decode; return the batch's key."""
        tasks = tuple(task for task in ready.item.tasks if not finished(self._storage, task.run))
        if not tasks:
            return None
        item = ready.item.model_copy(update={"tasks": tasks})
        batch = Batch.of(self._catalogue.library(), [item])
        key = batch.write(self._storage)
        for name in {name for task in tasks for name in self._algorithms[task.algorithm].manifest.produces}:
            self._types.remember(self._types[name])
        for task in tasks:
            self._ledger.step(task.run, State.RUNNING)
        total = item.timeline.duration_ns
        stage = ", ".join(task.algorithm for task in tasks)
        report(Progress(title.name, stage, 0, total))
        work(
            item,
            shelf=self._shelf,
            algorithms=self._algorithms,
            read_records=self._read_records,
            types=self._types,
            progress=lambda done: report(Progress(title.name, stage, done, total)),
        )
        report(Progress(title.name, stage, total, total))
        return key
