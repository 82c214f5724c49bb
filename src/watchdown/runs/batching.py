"""Batches: what titles lack, planned once, and written where workers read it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from watchdown.catalogue.model import Title
from watchdown.catalogue.titles import Catalogue
from watchdown.runs.batch import SIZE, Batch, Item, Task
from watchdown.runs.ledger import Ledger
from watchdown.runs.measured import planned
from watchdown.runs.plan import Planner
from watchdown.runs.states import State
from watchdown.storage.protocol import Storage
from watchdown_algos.catalogue import AlgorithmCatalogue
from watchdown_schemas.ids import short_hash
from watchdown_schemas.registry import Registry

HELD: Final = "its rows are held in quarantine (run {}); see: watchdown quarantine list"


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedBatch:
    """A batch as its planner tells of it."""

    batch: str
    titles: int
    algorithms: tuple[str, ...]
    image: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """A title that an algorithm cannot be run over now, and why.

    `blocked` where something is to be mended or run first; else the title has nothing for it.
    """

    title: str
    algorithm: str
    why: str
    blocked: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Planned:
    """What is to be done: batches, how many runs are there already, and what cannot be run now."""

    batches: tuple[PlannedBatch, ...]
    up_to_date: int
    waiting: tuple[Waiting, ...]

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
        planner: Planner,
        algorithms: AlgorithmCatalogue,
        types: Registry,
    ) -> None:
        self._storage = storage
        self._catalogue = catalogue
        self._ledger = ledger
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
    ) -> Planned:
        """Return what titles lack of algorithms, in batches of up to `size` titles that share an image.

        What others have planned and not ended is told again, with the titles that are in a batch with it;
        `apart`, it is taken out of such a batch into one without other titles.
        """
        titles = list(titles)
        chosen = {title.id for title in titles}
        known: dict[str, PlannedBatch] = {}
        loose: dict[str, list[Item]] = defaultdict(list)
        waiting: list[Waiting] = []
        done = 0
        for title in titles:
            found = self._planner.plan(title, names)
            held = {
                run.algorithm: HELD.format(run.number) for run in found.done if run.state is State.QUARANTINED
            }
            done += len(found.done) - len(held)
            waiting += [
                Waiting(title=title.name, algorithm=name, why=why)
                for name, why in {**found.waiting, **held}.items()
            ]
            waiting += [
                Waiting(title=title.name, algorithm=name, why=why, blocked=False)
                for name, why in found.lacking.items()
            ]
            batch_of = {
                run.number: None if apart and run.batch and self._is_shared(run.batch, chosen) else run.batch
                for run in found.open
            }
            known |= {
                name: _told(Batch.read(self._storage, name))
                for name in batch_of.values()
                if name and name not in known
            }
            free = [task for task in found.item.tasks if batch_of[task.run] is None]
            for image, tasks in self._by_image(free).items():
                loose[image].append(found.item.model_copy(update={"tasks": tuple(tasks)}))
                if len(loose[image]) == size:
                    batch = self._write(image, loose.pop(image))
                    known[batch.id] = _told(batch)
        for image, items in loose.items():
            batch = self._write(image, items)
            known[batch.id] = _told(batch)
        return Planned(batches=tuple(known.values()), up_to_date=done, waiting=tuple(waiting))

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

    def _write(self, image: str, items: list[Item]) -> Batch:
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
        self._ledger.assign(batch.id, batch.runs)
        return batch


def _told(batch: Batch) -> PlannedBatch:
    return PlannedBatch(
        batch=batch.id, titles=len(batch.items), algorithms=tuple(batch.algorithms), image=batch.image
    )
