"""The executor that works batches in this process, each under its lease, some titles at once."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from typing import Final

from watchdown.executors.protocol import Step, Wanted
from watchdown.executors.titles import Begun, Ended, Work, work_titles
from watchdown.load.claim import Claim
from watchdown.runs.batch import Batch
from watchdown.runs.batches import Batches
from watchdown.runs.batching import PlannedBatch
from watchdown.runs.control import Control
from watchdown.runs.leases import BatchLeases, Lease, holder_name
from watchdown.runs.states import OPEN, State
from watchdown_schemas.errors import LeaseLost, NotFound

LOOK_S: Final = 0.5  # at batches that other processes work
TELL_S: Final = 1.0
Follow = Callable[[PlannedBatch], Sequence[PlannedBatch]]
Stage = tuple[str, Callable[[], object]]


def nothing_more(_batch: PlannedBatch) -> Sequence[PlannedBatch]:
    """Let nothing follow a batch."""
    return ()


def unheard(_wanted: Wanted) -> Control:
    """Return what nobody says anything to."""
    return Control(lambda: ())


@dataclass(slots=True)
class _Course:
    """One backfill at work here: what is left, and how far it is, in titles."""

    wanted: Wanted
    control: Control
    left: deque[PlannedBatch]
    pool: ThreadPoolExecutor
    total: int = 0
    done: int = 0
    lost: dict[int, str] = field(default_factory=dict)

    def step(self, stage: str, more: int = 0, note: str | None = None) -> Step:
        """Tell how far a stage is, `more` titles beyond the batches that are done."""
        rows = self.control.rows
        return Step(stage=stage, done=self.done + more, total=self.total, note=note, rows=rows)


class InProcess:
    """Works while it is watched. A batch that another process works is left to it, and waited for at last."""

    def __init__(
        self,
        *,
        batches: Batches,
        leases: BatchLeases,
        read: Callable[[str], Batch],
        work: Work,
        follow: Follow = nothing_more,
        heard: Callable[[Wanted], Control] = unheard,
    ) -> None:
        """Make it; `follow` plans what reads a batch that was published, `heard` gives what people say."""
        self._batches = batches
        self._leases = leases
        self._read = read
        self._work = work
        self._follow = follow
        self._heard = heard
        self._courses: dict[str, _Course] = {}

    def run(self, wanted: Wanted) -> str:
        """Take a backfill on."""
        left = deque(wanted.planned.batches)
        total = sum(batch.titles for batch in left)
        pool = ThreadPoolExecutor(wanted.concurrency or 1, thread_name_prefix="backfill")
        self._courses[wanted.planned.plan] = _Course(wanted, self._heard(wanted), left, pool, total)
        return wanted.planned.plan

    def cancel(self, name: str) -> None:
        """Stop before the next title."""
        self._courses.pop(name, None)

    def end(self, algorithm: str, name: str) -> None:
        """Stop before the next title; other processes hear of it from the database."""
        del algorithm
        self.cancel(name)

    def watch(self, name: str) -> Iterator[Step]:
        """Work the backfill, batch by batch, each to its end; BackfillCancelled where somebody ended it."""
        if name not in self._courses:
            raise NotFound(name, "is no backfill of this process", "Begin it with: watchdown backfill")
        course = self._courses[name]
        try:
            while course.left and name in self._courses:
                before = len(course.left)
                for planned in tuple(course.left):
                    yield from self._if_free(course, planned, name)
                if len(course.left) == before and name in self._courses:
                    course.control.check()
                    yield course.step("work", note="the rest is at work in another process")
                    time.sleep(LOOK_S)
        finally:
            course.control.stop()
            course.pool.shutdown(cancel_futures=True)

    def _if_free(self, course: _Course, planned: PlannedBatch, name: str) -> Iterator[Step]:
        """Take a batch through its stages, unless another process works it."""
        if name not in self._courses:
            return
        if not self._is_over(course, planned):
            lease = self._leases.take(planned.batch, holder_name())
            if lease is None:
                return
            with self._leases.kept(lease):
                try:
                    yield from self._through(course, planned, lease, name)
                except LeaseLost as lost:
                    yield course.step("work", note=str(lost))
                    return
            if name not in self._courses:
                return
        course.left.remove(planned)
        course.done += planned.titles
        more = () if course.wanted.held_back else self._follow(planned)
        course.left.extend(more)
        course.total += sum(batch.titles for batch in more)
        yield course.step("load" if course.wanted.held_back else "publish")

    def _is_over(self, course: _Course, planned: PlannedBatch) -> bool:
        """Whether nothing is left to do for a batch; its file may be gone by then."""
        still = set(OPEN) - ({State.LOADED} if course.wanted.held_back else set())
        return all(run.state not in still for run in self._batches.runs(planned.batch))

    def _through(self, course: _Course, planned: PlannedBatch, lease: Lease, name: str) -> Iterator[Step]:
        if self._is_over(course, planned):
            return
        batch, course.lost, worked = self._read(planned.batch), {}, 0
        for told in work_titles(
            batch,
            at_once=course.wanted.concurrency or 1,
            work=self._work,
            control=course.control,
            pool=course.pool,
        ):
            if isinstance(told, Begun):
                yield course.step("work", worked, told.name)
                if name not in self._courses:
                    return
            elif isinstance(told, Ended):
                worked += 1
                if told.lost:
                    course.lost[told.index] = told.errors[0]
                yield from (Step(stage="work", failed=f"{told.name}: {error}") for error in told.errors)
            else:
                yield course.step("paused" if told.paused else "work", worked)
        yield course.step("work", worked)
        for stage, act in self._stages(course, planned.batch):
            yield course.step(stage)
            yield from self._staged(course, stage, act, lease)
            yield course.step(stage, planned.titles)

    def _staged(self, course: _Course, stage: str, act: Callable[[], object], lease: Lease) -> Iterator[Step]:
        """Let a stage act under the lease, and tell how far it is meanwhile."""

        def acting() -> None:
            with self._leases.guarding(lease):
                act()

        acted = course.pool.submit(acting)
        try:
            while not wait([acted], timeout=TELL_S).done:
                told = course.step(stage)
                yield replace(told, stage="paused") if course.control.paused else told
        except BaseException:
            course.control.stop()
            wait([acted])
            raise
        acted.result()

    def _stages(self, course: _Course, batch: str) -> list[Stage]:
        wanted = course.wanted
        claim = Claim(backfill=wanted.backfill, rate=wanted.rate, urgent=wanted.urgent)
        last: list[Stage] = [("publish", lambda: self._batches.publish(batch))]
        return [
            ("record", lambda: self._batches.record(batch, course.lost)),
            ("validate", lambda: self._batches.validate(batch)),
            ("load", lambda: self._batches.load(batch, claim, course.control.gate)),
            *([] if wanted.held_back else last),
        ]
