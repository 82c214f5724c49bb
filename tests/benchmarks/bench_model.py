"""Triton on this machine, 32 requests in flight, against the bare ONNX Runtime model, the same batches.

The server is as `watchdown models export` makes it. It, the client and the way between them share the cores
that are here. The bare model is called as the platform calls it in process, one thread at a time; beside it,
from as many threads as there are cores, which leaves none to whoever feeds it.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from machine import machine
from numpy.typing import NDArray

from services.run import Run, discard
from services.triton import Triton
from watchdown.models.export import export
from watchdown.models.served import TritonModels
from watchdown_algos.contract import Model
from watchdown_algos.discovery import discover

ALGORITHM = "visual-embedding"
IN_FLIGHT = 32
ROWS = 4096
AIM = 0.8


def batches(model: Model, graph: str, rows: int) -> list[NDArray[Any]]:
    """Return batches such as the algorithm makes."""
    count = max(2 * IN_FLIGHT, ROWS // rows)
    if graph == "text":
        return [model.tokens([f"a red car and {n} dogs" for n in range(rows)])] * count
    dice = np.random.default_rng(0)
    return [dice.integers(0, 256, (rows, 64, 64, 3), dtype=np.uint8) for _ in range(count)]


def rows_per_second(model: Model, graph: str, work: Sequence[NDArray[Any]], callers: int) -> float:
    """Return how many rows come back per second when so many callers share the batches."""
    with ThreadPoolExecutor(callers) as pool:
        start = time.perf_counter()
        done = sum(map(len, pool.map(partial(model, graph), work)))
        return done / (time.perf_counter() - start)


def cpu(process: psutil.Process) -> float:
    """Return the CPU seconds that a process and its children have used."""
    return sum(sum(one.cpu_times()[:2]) for one in [process, *process.children(recursive=True)])


def compare(
    bare: Model, served: Model, server: psutil.Process, graph: str, *, rows: int, rounds: int
) -> None:
    """Measure all sides in turn, and print medians."""
    work = batches(bare, graph, rows)
    sides = {
        "Triton": partial(rows_per_second, served, graph, work, IN_FLIGHT),
        "bare": partial(rows_per_second, bare, graph, work, 1),
        "bare, all cores": partial(rows_per_second, bare, graph, work, os.cpu_count() or 1),
    }
    found: dict[str, list[float]] = {name: [] for name in sides}
    costs: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(rounds + 1):  # the first warms up
        for name, measure in sides.items():
            before = time.process_time() + cpu(server)
            speed = measure()
            spent = time.process_time() + cpu(server) - before
            if turn:
                found[name].append(speed)
                costs[name].append(spent / sum(map(len, work)) * 1e6)
    print(f"{graph}, {rows} rows a batch:")
    for name, speeds in found.items():
        cost = statistics.median(costs[name])
        print(f"  {name:15} {statistics.median(speeds):7.0f} rows/s, {cost:4.0f} us CPU a row")
    for name in ("bare", "bare, all cores"):
        each = [mine / plain for mine, plain in zip(found["Triton"], found[name], strict=True)]
        aim = f", aim {AIM}" if name == "bare" else ""
        print(
            f"  Triton / {name}: median {statistics.median(each):.2f} of {[round(r, 2) for r in each]}{aim}"
        )


def main() -> None:
    """Print rows per second and their ratios."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, nargs="*", default=[1, 16, 64])
    parser.add_argument("--rounds", type=int, default=5)
    wishes = parser.parse_args()
    print(f"{machine()}; {IN_FLIGHT} in flight")
    known = discover()[ALGORITHM]
    bare = known.load_model()
    assert bare is not None
    assert known.manifest.model is not None
    with tempfile.TemporaryDirectory() as folder:
        export([known], Path(folder))
        run = Run(f"bench-{os.getpid()}", os.getpid())
        server = Triton(run.adopt(run.name), repository=Path(folder))
        try:
            server.up()
            process = server.processes[0].find()
            assert process is not None
            models = TritonModels(server.grpc, in_flight=IN_FLIGHT)
            served = models.model(ALGORITHM, known.folder, known.manifest.model)
            for graph in known.manifest.model.graphs:
                for rows in wishes.rows:
                    compare(bare, served, process, graph, rows=rows, rounds=wishes.rounds)
            models.close()
        finally:
            discard(server.folder.parent)


if __name__ == "__main__":
    main()
