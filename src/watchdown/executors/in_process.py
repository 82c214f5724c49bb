"""The executor that works batches in this process, one title after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from watchdown.executors.protocol import Step, Wanted
from watchdown.load.claim import Claim
from watchdown.runs.batch import Batch
from watchdown.runs.batches import Batches
from watchdown.runs.staging import Manifest
from watchdown_schemas.errors import AlgorithmError, NotFound

Writing = Callable[[], AbstractContextManager[None]]


class Work(Protocol):
    """Works one item of a batch, or returns what was finished before."""

    def __call__(self, batch: Batch, index: int) -> list[Manifest]:
        """Return the manifest of each task."""
        ...


class InProcess:
    """Works while it is watched. The writer's lock is held for each stage, not while titles are worked."""

    def __init__(
        self, *, batches: Batches, read: Callable[[str], Batch], work: Work, writing: Writing
    ) -> None:
        self._batches = batches
        self._read = read
        self._work = work
        self._writing = writing
        self._wanted: dict[str, Wanted] = {}

    def run(self, wanted: Wanted) -> str:
        """Take a backfill on."""
        self._wanted[wanted.planned.plan] = wanted
        return wanted.planned.plan

    def watch(self, name: str) -> Iterator[Step]:
        """Work the backfill, batch by batch, each to its end."""
        if name not in self._wanted:
            raise NotFound(name, "is no backfill of this process", "Begin it with: watchdown backfill")
        wanted = self._wanted[name]
        total = sum(batch.titles for batch in wanted.planned.batches)
        done = 0
        for planned in wanted.planned.batches:
            batch = self._read(planned.batch)
            lost: dict[int, str] = {}
            for index, item in enumerate(batch.items):
                yield Step(stage="work", done=done + index, total=total, note=item.name)
                if name not in self._wanted:
                    return
                try:
                    errors = [manifest.error for manifest in self._work(batch, index)]
                except AlgorithmError as error:
                    errors = [str(error)]
                    lost[index] = str(error)
                yield from (Step(stage="work", failed=f"{item.name}: {told}") for told in errors if told)
            for stage, act in self._stages(wanted, lost):
                yield Step(stage=stage, done=done, total=total)
                with self._writing():
                    act(planned.batch)
            done += planned.titles
            yield Step(stage="publish", done=done, total=total)

    def cancel(self, name: str) -> None:
        """Stop before the next title."""
        self._wanted.pop(name, None)

    def _stages(self, wanted: Wanted, lost: Mapping[int, str]) -> list[tuple[str, Callable[[str], object]]]:
        return [
            ("record", lambda batch: self._batches.record(batch, lost)),
            ("validate", self._batches.validate),
            ("load", lambda batch: self._batches.load(batch, Claim(rate=wanted.rate))),
            ("publish", self._batches.publish),
        ]
