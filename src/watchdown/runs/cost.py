"""What it costs to work a run, measured where it is worked: processor, graphics card, clock and bytes."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from watchdown_algos.contract import Model


T = TypeVar("T")


class Cost(BaseModel):
    """What a run cost: seconds of processors, of a graphics card and of the clock, and bytes that it staged.

    `media_ns` is how much media it was worked over, by which it compares with others.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    cpu_s: float
    gpu_s: float = 0.0
    clock_s: float
    bytes: int = 0
    media_ns: int = 0


class Shares:
    """Processor time of this process, shared evenly among those who work in it at the same moment.

    Decoders work in threads of their own, so that a thread's time alone would not tell.
    """

    def __init__(self, clock: Callable[[], float] = time.process_time) -> None:
        self._clock = clock
        self._lock = Lock()
        self._last = clock()
        self._used: dict[int, float] = {}
        self._next = 0

    @contextmanager
    def taking(self) -> Iterator[Callable[[], float]]:
        """Take part, and give what tells how many seconds the share has been so far."""
        with self._lock:
            self._settle()
            key = self._next
            self._next += 1
            self._used[key] = 0.0
        try:
            yield lambda: self._so_far(key)
        finally:
            with self._lock:
                self._settle()
                del self._used[key]

    def _so_far(self, key: int) -> float:
        with self._lock:
            self._settle()
            return self._used[key]

    def _settle(self) -> None:
        now = self._clock()
        spent, self._last = now - self._last, now
        for key in self._used:
            self._used[key] += spent / len(self._used)


SHARES: Final = Shares()


class Meter:
    """Seconds that one task takes for itself: of its thread's processor and of the clock."""

    def __init__(self) -> None:
        self.cpu_s = 0.0
        self.clock_s = 0.0
        self.gpu_s = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count what is done within; only one thread may be within at a time, and not twice."""
        cpu, clock = time.thread_time(), time.perf_counter()
        try:
            yield
        finally:
            self.cpu_s += time.thread_time() - cpu
            self.clock_s += time.perf_counter() - clock


class TimedModel:
    """A model whose calls are timed where it runs on a graphics card."""

    def __init__(self, model: Model, meter: Meter) -> None:
        self._model = model
        self._meter = meter

    @property
    def fingerprint(self) -> str:
        """Identify weights and preprocessing."""
        return self._model.fingerprint

    @property
    def dimension(self) -> int:
        """The length of the vectors that come out."""
        return self._model.dimension

    def __call__(self, graph: str, batch: NDArray[Any]) -> NDArray[np.float32]:
        """Run one of the model's graphs on a batch."""
        begin = time.perf_counter()
        try:
            return self._model(graph, batch)
        finally:
            if getattr(self._model, "on_gpu", False):  # a server tells once it has answered
                self._meter.gpu_s += time.perf_counter() - begin

    def tokens(self, texts: list[str]) -> NDArray[np.int64]:
        """Return the texts as token ids."""
        return self._model.tokens(texts)


def metered(meter: Meter, feed: Iterator[T]) -> Iterator[T]:
    """Yield what a feed gives, and count what it takes to make it."""
    while True:
        with meter.running():
            try:
                one = next(feed)
            except StopIteration:
                return
        yield one


def costs(total: Cost, meters: Sequence[Meter], fed: Collection[int]) -> list[Cost]:
    """Return what each task cost: what it took itself, and its even part of all else, such as the decode.

    `fed` are the indexes of those for whom the rest was done; all of them where there is none.
    """
    parts = fed or range(len(meters))
    cpu = max(0.0, total.cpu_s - sum(meter.cpu_s for meter in meters)) / max(1, len(parts))
    clock = max(0.0, total.clock_s - sum(meter.clock_s for meter in meters)) / max(1, len(parts))
    return [
        Cost(
            cpu_s=meter.cpu_s + cpu * (index in parts),
            gpu_s=meter.gpu_s,
            clock_s=meter.clock_s + clock * (index in parts),
            media_ns=total.media_ns,
        )
        for index, meter in enumerate(meters)
    ]
