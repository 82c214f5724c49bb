"""The titles of a batch, some of them worked at once in threads of this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol

from watchdown.runs.batch import Batch
from watchdown.runs.control import Control
from watchdown.runs.staging import Manifest
from watchdown_schemas.errors import AlgorithmError

LOOK_S: Final = 1.0


class Work(Protocol):
    """Works one item of a batch, or returns what was finished before."""

    def __call__(self, batch: Batch, index: int, progress: Callable[[int], None]) -> list[Manifest]:
        """Return the manifest of each task; `progress` is told of the way, and what it raises ends it."""
        ...


@dataclass(frozen=True, slots=True)
class Begun:
    """A title is at work from now on."""

    name: str


@dataclass(frozen=True, slots=True)
class Ended:
    """A title is worked; `errors` has what failed, `lost` says that no manifest tells of it."""

    index: int
    name: str
    errors: tuple[str, ...] = ()
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Going:
    """Nothing is new; `paused` where no title is begun."""

    paused: bool


def work_titles(
    batch: Batch, *, at_once: int, work: Work, control: Control, pool: ThreadPoolExecutor
) -> Iterator[Begun | Ended | Going]:
    """Work all titles of a batch, up to `at_once` of them at one time, and yield how they go.

    While it is paused no title is begun. What `control` raises, or a fault of the machine, ends it at once:
    no title is left at work.
    """
    waiting = iter(range(len(batch.items)))
    at_work: dict[Future[list[Manifest]], int] = {}
    try:
        left = True
        while left or at_work:
            control.check()
            while left and len(at_work) < at_once and not control.paused:
                index = next(waiting, None)
                if index is None:
                    left = False
                    break
                yield Begun(batch.items[index].name)
                at_work[pool.submit(work, batch, index, partial(_went_on, control))] = index
            done, _ = wait(at_work, timeout=LOOK_S, return_when=FIRST_COMPLETED)
            for future in done:
                yield _ended(batch, at_work.pop(future), future)
            if not done and (left or at_work):
                yield Going(control.paused)
    except BaseException:
        control.stop()
        for future in at_work:
            future.cancel()
        wait(at_work)
        raise


def _went_on(control: Control, _nanoseconds: int) -> None:
    control.check()


def _ended(batch: Batch, index: int, future: Future[list[Manifest]]) -> Ended:
    name = batch.items[index].name
    try:
        errors = [manifest.error for manifest in future.result()]
    except AlgorithmError as error:
        return Ended(index, name, (str(error),), lost=True)
    return Ended(index, name, tuple(error for error in errors if error))
