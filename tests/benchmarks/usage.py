"""What servers use: CPU seconds, also of what they have started and what of that has ended, and memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress

import psutil

from services.process import Process

Clock = Callable[[], float]


def processor_seconds(servers: Iterable[Process]) -> float:
    """Return the CPU seconds of processes and all below them; who has waited for a child has its seconds."""
    return _summed(servers, lambda one: sum(one.cpu_times()[:4]))


def of_children(server: Process) -> float:
    """Return the CPU seconds of what a process has started that has ended."""
    found = server.find()
    return sum(found.cpu_times()[2:4]) if found else 0.0


def memory(servers: Iterable[Process]) -> float:
    """Return the MiB of processes and all below them; what several share is divided among them."""
    return _summed(servers, lambda one: one.memory_full_info().pss) / 2**20


def begun(clocks: Mapping[str, Clock]) -> Callable[[], dict[str, float]]:
    """Begin to measure, and return what says how far each clock has gone since."""
    before = {name: clock() for name, clock in clocks.items()}
    return lambda: {name: clock() - before[name] for name, clock in clocks.items()}


def _summed(servers: Iterable[Process], measure: Callable[[psutil.Process], float]) -> float:
    total = 0.0
    for server in servers:
        if found := server.find():
            for one in (found, *found.children(recursive=True)):
                with suppress(psutil.NoSuchProcess):
                    total += measure(one)
    return total
