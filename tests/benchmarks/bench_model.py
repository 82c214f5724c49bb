"""Triton on this machine's cores with 32 requests in flight against the bare ONNX Runtime model, same batches.

The bare model is what the platform runs in process: one thread per run. It is called from one thread against
a server with one instance of the graph, and from two threads against a server with two. The client's and the
server's own work comes out of the same cores: what is shown is the price of the way there and back.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from machine import machine
from models.local_triton import LocalTriton
from numpy.typing import NDArray

from watchdown.models.export import export
from watchdown.models.served import TritonModels
from watchdown_algos.contract import Model
from watchdown_algos.discovery import discover

ALGORITHM = "visual-embedding"
IN_FLIGHT = 32


def batches(model: Model, graph: str, rows: int, count: int) -> list[NDArray]:
    """Return batches such as the algorithm makes."""
    if graph == "text":
        return [model.tokens([f"a red car and {n} dogs" for n in range(rows)])] * count
    dice = np.random.default_rng(0)
    return [dice.normal(size=(rows, 3, 64, 64)).astype(np.float32) for _ in range(count)]


def rows_per_second(model: Model, graph: str, work: Sequence[NDArray], callers: int) -> float:
    """Return how many rows come back per second when so many callers share the batches."""
    with ThreadPoolExecutor(callers) as pool:
        start = time.perf_counter()
        done = sum(map(len, pool.map(lambda batch: model(graph, batch), work)))
        return done / (time.perf_counter() - start)


def with_instances(repository: Path, count: int) -> None:
    """Let the server run so many instances of each graph."""
    for config in repository.glob("*/config.pbtxt"):
        config.write_text(config.read_text("utf-8").replace("count: 1", f"count: {count}"), "utf-8")


def main() -> None:
    """Print rows per second and their ratios."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, nargs="*", default=[1, 8, 32, 64])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--instances", type=int, nargs="*", default=[1, 2])
    wishes = parser.parse_args()
    print(machine())
    known = discover()[ALGORITHM]
    bare = known.load_model()
    assert bare is not None
    for instances in wishes.instances:
        with tempfile.TemporaryDirectory() as folder:
            repository = Path(folder)
            export([known], repository)
            with_instances(repository, instances)
            with LocalTriton(repository) as server:
                models = TritonModels(server.address, in_flight=IN_FLIGHT)
                served = models.model(ALGORITHM, known.folder, known.manifest.model)
                for graph in ("visual", "text"):
                    for rows in wishes.rows:
                        work = batches(bare, graph, rows, max(IN_FLIGHT, 4096 // rows))
                        compare(
                            f"{graph}, batches of {rows}",
                            instances,
                            wishes.rounds,
                            lambda: rows_per_second(bare, graph, work, instances),
                            lambda: rows_per_second(served, graph, work, IN_FLIGHT),
                        )
                models.close()


def compare(
    what: str, instances: int, rounds: int, bare: Callable[[], float], served: Callable[[], float]
) -> None:
    """Measure both sides in turn, and print medians."""
    bare(), served()
    pairs = [(served(), bare()) for _ in range(rounds)]
    mine, plain = (statistics.median(side) for side in zip(*pairs, strict=True))
    each = [mine / plain for mine, plain in pairs]
    print(
        f"{what}: Triton, {instances} instance(s) {mine:.0f} rows/s; bare, {instances} thread(s) {plain:.0f}; "
        f"ratio median {statistics.median(each):.2f} of {[round(one, 2) for one in each]}, aim 0.8"
    )


if __name__ == "__main__":
    main()
