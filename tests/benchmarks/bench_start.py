"""Start and stop of each server of the tests: with no data yet, again with data, and when it runs already.

What the servers are made of was brought before. OpenSearch is started as tests do it, with the quick compiler
of Java, and as it is measured elsewhere here, with the whole one.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable
from functools import partial

from machine import machine

from services.kinds import KINDS
from services.opensearch import OpenSearch
from services.run import Run, discard, sweep
from services.service import Service
from services.tools import Missing


def used(service: Service) -> tuple[float, float]:
    """Return the CPU seconds and the resident MiB of a server's processes."""
    found = [one for process in service.processes if (one := process.find())]
    family = [each for one in found for each in (one, *one.children(recursive=True))]
    return (
        sum(sum(one.cpu_times()[:2]) for one in family),
        sum(one.memory_info().rss for one in family) / 2**20,
    )


def seconds(act: Callable[[], object]) -> float:
    """Return how long something takes."""
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun


def measure(make: Callable[[str], Service], rounds: int) -> str:
    """Return the medians of a server's starts, told in a line."""
    found: list[tuple[float, ...]] = []
    for turn in range(rounds):
        run = Run(f"bench-start-{os.getpid()}-{turn}", os.getpid())
        service = make(run.adopt(run.name))
        try:
            service.build()
            cold = seconds(service.up)
            cpu, memory = used(service)
            there = seconds(service.up)
            down = seconds(service.down)
            warm = seconds(service.up)
            found.append((cold, cpu, memory, warm, there, down))
        finally:
            discard(service.folder.parent)
    cold, cpu, memory, warm, there, down = (statistics.median(side) for side in zip(*found, strict=True))
    return (
        f"cold {cold:.1f} s ({cpu:.1f} CPU s, {memory:.0f} MiB), warm {warm:.1f} s, stopped in {down:.1f} s,"
        f" running already {there:.2f} s"
    )


def main() -> None:
    """Print a line for each server."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    wishes = parser.parse_args()
    print(machine())
    sweep()
    kinds: dict[str, Callable[[str], Service]] = {**KINDS}
    kinds["opensearch, whole compiler"] = partial(OpenSearch, java_options=())
    for name, make in kinds.items():
        try:
            print(f"  {name}: {measure(make, wishes.rounds)}", flush=True)
        except Missing as missing:
            print(f"  {name}: {missing}")


if __name__ == "__main__":
    main()
