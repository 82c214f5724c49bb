"""A backfill in three ways: by Airflow and Kubernetes, by the same commands by hand, and in one process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from measured import Command, Measured
from usage import Clock, begun, of_children, processor_seconds

import watchdown
from services.kubernetes.components import NODE
from services.platform import Platform
from services.postgresql import PostgreSQL

ALGORITHM, MADE, LOOK_S, LONGEST_S = "visual-embedding", "Embedding", 0.2, 60.0
STAGES = ("record", "validate", "load", "publish")


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """What one backfill took: when it was asked for and seen by a searcher, and CPU seconds by family."""

    asked: float
    seen: float
    commands: tuple[Command, ...]
    cpu: dict[str, float]

    @property
    def seconds(self) -> float:
        """From asking to searchable."""
        return self.seen - self.asked

    def command(self, name: str) -> Command:
        """Return what the commands of a name took together."""
        found = [one for one in self.commands if one.name == name]
        begin, end = min(one.begin for one in found), max(one.end for one in found)
        return Command(name, begin, end, sum(one.cpu for one in found))


class Ways:
    """The ways on one platform, by a program that says what it took."""

    def __init__(self, platform: Platform, program: Measured, worker: Measured) -> None:
        """Take a platform, the program of Airflow's tasks, and that of the pods' image."""
        self._platform, self._program, self._worker = platform, program, worker

    def by_airflow(self, library: Path) -> Taken:
        """Have Airflow fan the titles out as pods, as fast as there is room for them."""
        return self._measured(library, partial(self._backfill, library, "airflow"), in_airflow=True)

    def local(self, library: Path) -> Taken:
        """Work all in one process."""
        return self._measured(library, partial(self._backfill, library, "local"))

    def by_hand(self, library: Path, beside: int = 2) -> Taken:
        """Run the commands of Airflow's tasks and pods one after the other, some of `work` at a time."""
        return self._measured(library, partial(self._commands, library, beside))

    def _backfill(self, library: Path, via: str) -> None:
        self._program.call("backfill", ALGORITHM, "--only", "--via", via, "--json", "--library", str(library))

    def _commands(self, library: Path, beside: int) -> None:
        here = ("--library", str(library))
        [batch] = self._program.call("batch", ALGORITHM, "--json", *here)["batches"]
        named = ("--batch", batch["batch"], *here)
        with ThreadPoolExecutor(beside) as pods:
            each = [
                pods.submit(self._worker.call, "work", "--index", str(index), *named)
                for index in range(batch["titles"])
            ]
        for one in each:
            one.result()
        for stage in (*STAGES, "report"):
            self._program.call(stage, *named, "--json")

    def _measured(self, library: Path, act: Callable[[], None], *, in_airflow: bool = False) -> Taken:
        self._taken()
        with seen(library) as sight:
            spent, asked = begun(self._clocks()), time.time()
            act()
            cpu = spent()
        commands = self._taken()
        of_work = sum(one.cpu for one in commands if one.name == "work")
        others = sum(one.cpu for one in commands if one.name != "work")
        if in_airflow:
            cpu["Airflow"] -= sum(one.cpu for one in commands if one.name != "backfill")
        cpu["Kubernetes"] -= cpu["work"]
        cpu = {"work": cpu.pop("work") + of_work, "other commands": others, **cpu}
        return Taken(asked=asked, seen=sight.result(), commands=commands, cpu=cpu)

    def _taken(self) -> tuple[Command, ...]:
        return (*self._program.taken(), *self._worker.taken())

    def _clocks(self) -> dict[str, Clock]:
        on = self._platform
        servers = (on.airflow, on.kubernetes, PostgreSQL(on.airflow.name), on.opensearch, on.triton, on.s3)
        names = ("Airflow", "Kubernetes", "PostgreSQL", "OpenSearch", "Triton", "S3")
        clocks: dict[str, Clock] = {"work": lambda: of_children(on.kubernetes.processes[NODE])}
        for name, server in zip(names, servers, strict=True):
            clocks[name] = partial(processor_seconds, server.processes)
        return clocks


@contextmanager
def seen(library: Path) -> Iterator[Future[float]]:
    """Look for records all the while from outside, and give when they were seen first."""
    ended = threading.Event()

    def look() -> float:
        with watchdown.open(library) as opened:
            assert not opened.count(MADE)
            ready.set()
            while not opened.count(MADE):
                if ended.wait(LOOK_S) and time.time() > deadline[0]:
                    raise TimeoutError("what was published is not seen")
            return time.time()

    ready, deadline = threading.Event(), [float("inf")]
    with ThreadPoolExecutor(1) as searcher:
        sight = searcher.submit(look)
        ready.wait(LONGEST_S)
        try:
            yield sight
        finally:
            deadline[0] = time.time() + LONGEST_S
            ended.set()
