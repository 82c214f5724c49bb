"""Batches: what titles lack, planned once, and written where workers read it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from watchdown.catalogue.model import Title
from watchdown.catalogue.titles import Catalogue
from watchdown.runs.batch import SIZE, Batch, Item, Task
from watchdown.runs.leases import BatchLeases
from watchdown.runs.ledger import Ledger
from watchdown.runs.measured import planned
from watchdown.runs.outlook import AS_DECLARED, Parameters
from watchdown.runs.plan import Plan, Planner
from watchdown.runs.states import State
from watchdown.runs.wanted import Past
from watchdown.storage.protocol import Storage
from watchdown_algos.catalogue import AlgorithmCatalogue
from watchdown_schemas.ids import short_hash
from watchdown_schemas.registry import Registry

ON_DEMAND: Final = 100  # the priority of what somebody waits for; a backfill's own is lower
TAKEN_BACK: Final = "its result was taken back (run {}); show it again with: watchdown backfill {} --again"
HELD: Final = "its rows are held in quarantine (run {}); see: watchdown quarantine list"


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedBatch:
    """A batch as its planner tells of it; what has a higher priority is worked first."""

    batch: str
    titles: int
    algorithms: tuple[str, ...]
    image: str
    priority: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """A title that an algorithm cannot be run over now, and why.

    `blocked` where something is to be mended or run first; else its result was `taken_back`, or the title
    has nothing for it.
    """

    title: str
    algorithm: str
    why: str
    blocked: bool = True
    taken_back: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Planned:
    """What is to be done: batches, how many runs are there already, and what cannot be run now.

    `again` are runs that were seen before, are wanted now, and only need to be shown again.
    """

    batches: tuple[PlannedBatch, ...]
    up_to_date: int
    waiting: tuple[Waiting, ...]
    again: tuple[int, ...] = ()

    @property
    def blocked(self) -> int:
        """How many runs something keeps from being planned."""
        return sum(one.blocked for one in self.waiting)

    @property
    def plan(self) -> str:
        """Identify the plan: two that are to do the same are the same."""
        return short_hash(*(batch.batch for batch in self.batches))


class Batching:
    """Plans batches. What is in one that has not ended stays there: to plan twice is no fault."""

    def __init__(
        self,
        *,
        storage: Storage,
        catalogue: Catalogue,
        ledger: Ledger,
        leases: BatchLeases,
        planner: Planner,
        algorithms: AlgorithmCatalogue,
        types: Registry,
    ) -> None:
        self._storage = storage
        self._catalogue = catalogue
        self._ledger = ledger
        self._leases = leases
        self._planner = planner
        self._algorithms = algorithms
        self._types = types

    @planned
    def plan(
        self,
        titles: Iterable[Title],
        names: Collection[str],
        *,
        size: int = SIZE,
        apart: bool = False,
        priority: int = 0,
        parameters: Parameters = AS_DECLARED,
        again: bool = False,
    ) -> Planned:
        """Return what titles lack of algorithms, in batches of up to `size` titles that share an image.

        The oldest titles come first. What others have planned and not ended is told again, with the titles
        that are in a batch with it; `apart`, it is taken out of such a batch into one without other titles.
        With `again`, what somebody took back is wanted once more.
        """
        titles = sorted(titles, key=lambda title: (title.added_at, title.name, title.id))
        chosen = {title.id for title in titles}
        known: dict[str, PlannedBatch | None] = {}
        loose: dict[str, list[Item]] = defaultdict(list)
        waiting: list[Waiting] = []
        shown_again: list[int] = []
        done = 0
        for found in self._planner.plans(titles, names, parameters=parameters, again=again):
            kept_back = [one for run in found.done if (one := _kept_back(found, run))]
            done += len(found.done) - len(kept_back)
            shown_again += [run.number for run in found.again]
            waiting += [*_waiting(found), *kept_back]
            batch_of = {
                run.number: None if apart and run.batch and self._is_shared(run.batch, chosen) else run.batch
                for run in found.open
            }
            known |= {name: None for name in batch_of.values() if name and name not in known}
            free = [task for task in found.item.tasks if batch_of[task.run] is None]
            for image, tasks in self._by_image(free).items():
                loose[image].append(found.item.model_copy(update={"tasks": tuple(tasks)}))
                if len(loose[image]) == size:
                    batch = self._write(image, loose.pop(image), priority)
                    known[batch.batch] = batch
        for image, items in loose.items():
            batch = self._write(image, items, priority)
            known[batch.batch] = batch
        told = self._told([name for name, batch in known.items() if batch is None])
        batches = [batch or told[name] for name, batch in known.items()]
        return Planned(
            batches=tuple(sorted(batches, key=lambda batch: -batch.priority)),
            up_to_date=done,
            waiting=tuple(waiting),
            again=tuple(shown_again),
        )

    def _told(self, names: Sequence[str]) -> dict[str, PlannedBatch]:
        """Return open batches as they were entered; of one that was not, by its file."""
        entered = self._leases.entered(names)
        files = {name: Batch.read(self._storage, name) for name in names if name not in entered}
        return {
            **{name: _of_file(batch, 0) for name, batch in files.items()},
            **{
                row.name: PlannedBatch(
                    batch=row.name,
                    titles=row.titles,
                    algorithms=tuple(row.algorithms),
                    image=row.image,
                    priority=row.priority,
                )
                for row in entered.values()
            },
        }

    def _is_shared(self, batch: str, titles: Collection[str]) -> bool:
        """Whether there are other titles than these in a batch."""
        return any(run.title not in titles for run in self._ledger.runs(batch=batch))

    def dependants(self, algorithms: Iterable[str]) -> set[str]:
        """Return the algorithms that read what some algorithms make."""
        made = {name for one in algorithms for name in self._algorithms[one].manifest.produces}
        return {
            name
            for name, known in self._algorithms.items()
            if known.manifest.over_records and made & set(known.manifest.consumes)
        }

    def _by_image(self, tasks: Iterable[Task]) -> dict[str, list[Task]]:
        found: dict[str, list[Task]] = defaultdict(list)
        for task in tasks:
            found[self._algorithms[task.algorithm].manifest.image].append(task)
        return found

    def _write(self, image: str, items: list[Item], priority: int) -> PlannedBatch:
        """Write a batch, then note it in the ledger: what is noted is there."""
        manifests = [
            self._algorithms[name].manifest
            for name in {task.algorithm for one in items for task in one.tasks}
        ]
        for name in {name for manifest in manifests for name in manifest.produces}:
            self._types.remember(self._types[name])
        used = {name for manifest in manifests for name in manifest.schema_types}
        batch = Batch.of(self._catalogue.library(), items, image=image, types=self._types.kept(used))
        batch.write(self._storage)
        self._leases.enter(
            batch.id, image=image, titles=len(items), algorithms=batch.algorithms, priority=priority
        )
        self._ledger.assign(batch.id, batch.runs)
        return _of_file(batch, priority)


def _of_file(batch: Batch, priority: int) -> PlannedBatch:
    return PlannedBatch(
        batch=batch.id,
        titles=len(batch.items),
        algorithms=tuple(batch.algorithms),
        image=batch.image,
        priority=priority,
    )


def _kept_back(found: Plan, run: Past) -> Waiting | None:
    """Return why readers do not see a run though it is made; None where they do."""
    name, title = run.algorithm, found.item.name
    if run.state is State.QUARANTINED:
        return Waiting(title=title, algorithm=name, why=HELD.format(run.number))
    if run.state is State.SUPERSEDED:
        why = TAKEN_BACK.format(run.number, name)
        return Waiting(title=title, algorithm=name, why=why, blocked=False, taken_back=True)
    return None


def _waiting(found: Plan) -> Iterator[Waiting]:
    for name, why in found.waiting.items():
        yield Waiting(title=found.item.name, algorithm=name, why=why)
    for name, why in found.lacking.items():
        yield Waiting(title=found.item.name, algorithm=name, why=why, blocked=False)
