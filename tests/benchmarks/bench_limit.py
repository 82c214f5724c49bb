"""Searches while another process loads into the same index: at rest, within a budget, without limit.

Questions come at a steady pace, whatever the answers do. How exactly loaders keep to a budget, and how soon
to a change of it, `bench_budget.py` shows; here the rate of the load itself stands beside the one set.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count, islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from machine import machine
from servers import library, opensearch
from vectors import DIMENSION, MODEL, Vectors, batch, batches, clustered, view

from watchdown.catalogue.database import open_database
from watchdown.load.clock import RealClock
from watchdown.load.leases import Leases
from watchdown.settings.address import parse
from watchdown.stores.opensearch.cluster import Cluster
from watchdown.stores.opensearch.searcher import OpenSearchSearcher
from watchdown.stores.opensearch.sink import OpenSearchSink
from watchdown.stores.protocol import VectorLeaf
from watchdown_schemas.arrow import arrow_schema
from watchdown_schemas.types import Embedding

PREFIX, LIMIT, AIM, PER_RUN, PART, MOST = "bench-limit", 10, 1.2, 20, 2_000, 4_000
LOADER = """
import sys, time
from pathlib import Path
from watchdown.catalogue.database import open_database
from watchdown.load.budget import Budget
from watchdown.load.load import Staged, load
from watchdown.settings.address import parse
from watchdown.storage.local import LocalStorage
from watchdown.stores.opensearch.cluster import Access, Cluster, Layout
from watchdown.stores.opensearch.sink import OpenSearchSink
from watchdown_schemas.types import STANDARD_TYPES

url, prefix, model, folder, *runs = sys.argv[1:]
sink = OpenSearchSink(Cluster(Access(url=url, timeout_s=120), Layout(prefix=prefix, replicas=0)))
with Budget(open_database(parse(f"sqlite:///{folder}/budget.db", {"sqlite"}))) as budget:
    def take(rows, size):
        budget.take(rows, size)
        print(time.time(), rows, flush=True)
    staged = [Staged(int(run), "Embedding", model, f"{run}.parquet") for run in runs]
    load(staged, sink, STANDARD_TYPES, LocalStorage(Path(folder)), take)
    print("done", flush=True)
"""


@contextmanager
def loading(url: str, folder: Path, runs: Sequence[int]) -> Iterator[Path]:
    """Load in another process until the block ends; give the file where it tells what it took, and when."""
    log = folder / "taken"
    with log.open("w") as file:
        command = [sys.executable, "-c", LOADER, url, PREFIX, MODEL, str(folder), *map(str, runs)]
        process = subprocess.Popen(command, stdout=file)
        try:
            yield log
        finally:
            process.kill()
            process.wait()


def stage(folder: Path, vectors: Vectors, runs: Sequence[int]) -> None:
    """Write what is to be loaded, a file for each run."""
    for run in runs:
        some = batch(vectors[:PART], run, np.arange(PART))
        pq.write_table(pa.Table.from_batches([some]), folder / f"{run}.parquet")


def rate(log: Path, begin: float, end: float) -> float:
    """Return the documents a second that a loader took over a time."""
    taken = [line.split() for line in log.read_text().splitlines() if line.count(" ") == 1]
    return sum(int(rows) for at, rows in taken if begin <= float(at) < end) / (end - begin)


def asked(search: Callable[[int], object], seconds: float, pace: float) -> list[float]:
    """Return the milliseconds of searches at a steady pace, counted from when each was due."""
    found, begin = [], time.perf_counter()
    for at in range(int(seconds * pace)):
        due = begin + at / pace
        time.sleep(max(0.0, due - time.perf_counter()))
        search(at)
        found.append((time.perf_counter() - due) * 1000)
    return found


def searching(cluster: Cluster, vectors: Vectors, queries: Vectors) -> Callable[[int], object]:
    """Fill an index; return what searches it."""
    seen = view(len(vectors) // PER_RUN)
    filled = batches(vectors, PER_RUN, np.arange(len(vectors)))
    reader = pa.RecordBatchReader.from_batches(arrow_schema(Embedding, DIMENSION), filled)
    OpenSearchSink(cluster).write(sorted(seen.visible), Embedding, reader, model=MODEL)
    searcher = OpenSearchSearcher(cluster)
    snapshot = searcher.snapshot(seen)

    def search(at: int) -> object:
        leaf = VectorLeaf("Embedding", MODEL, queries[at % len(queries)])
        found = searcher.search(leaf, seen, limit=LIMIT, snapshot=snapshot).rows
        assert all(row["run"] in seen.visible for row in found)
        return found

    return search


def main() -> None:
    """Print p50 and p95 at rest, beside a limited load, and beside one without limit."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=30_000)
    parser.add_argument("--rate", type=float, default=100.0, help="documents a second of the limited load")
    parser.add_argument("--pace", type=float, default=20.0, help="searches a second")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=3)
    wishes = parser.parse_args()
    print(machine())
    vectors, queries = clustered(wishes.rows, 200, np.random.default_rng(7))
    found: dict[str, list[list[float]]] = {"idle": [], "limited": [], "unlimited": []}
    rates: dict[str, list[float]] = {"limited": [], "unlimited": []}
    with (
        opensearch() as server,
        library(server, PREFIX) as cluster,
        tempfile.TemporaryDirectory() as name,
    ):
        folder = Path(name)
        new = count(1_000_001)
        database = open_database(parse(f"sqlite:///{folder}/budget.db", {"sqlite"}))
        leases = Leases(database, RealClock())
        search = searching(cluster, vectors, queries)
        asked(search, 5, wishes.pace)
        for _ in range(wishes.rounds):
            found["idle"].append(asked(search, wishes.seconds, wishes.pace))
            for kind, limit in (("limited", wishes.rate), ("unlimited", None)):
                runs = list(islice(new, 1 + int((limit or MOST) * (wishes.seconds + 4) / PART)))
                stage(folder, vectors, runs)
                leases.set_limits({"documents": limit, "bytes": None})
                with loading(server.url, folder, runs) as log:
                    while not log.read_text():
                        time.sleep(0.1)
                    time.sleep(2)
                    begin = time.time()
                    found[kind].append(asked(search, wishes.seconds, wishes.pace))
                    rates[kind].append(rate(log, begin, time.time()))
                    assert "done" not in log.read_text()
                time.sleep(2)  # what was in flight is written
        database.close()
    print(f"{wishes.pace:g} searches a second; {machine()}")
    report(found, rates, wishes.rate)


def p95(times: Sequence[float]) -> float:
    """Return the time that one in twenty exceeds."""
    return statistics.quantiles(times, n=20)[-1]


def report(found: dict[str, list[list[float]]], rates: dict[str, list[float]], wanted: float) -> None:
    """Print the medians of the rounds, and their ratios."""
    for kind, rounds in found.items():
        p50 = statistics.median(statistics.median(each) for each in rounds)
        slow = statistics.median(map(p95, rounds))
        told = f"; {statistics.median(rates[kind]):,.0f} documents a second" if kind in rates else ""
        print(f"  {kind}: p50 {p50:.1f} ms, p95 {slow:.1f} ms{told}")
    off = [each / wanted - 1 for each in rates["limited"]]
    print(f"  limited to {wanted:g} a second, off by {', '.join(f'{one:+.1%}' for one in off)}")
    for kind in rates:
        pairs = zip(found[kind], found["idle"], strict=True)
        each = [
            statistics.quantiles(one, n=20)[-1] / statistics.quantiles(rest, n=20)[-1] for one, rest in pairs
        ]
        aim = f", aim {AIM}" if kind == "limited" else ""
        print(f"  p95 {kind} / idle: {statistics.median(each):.2f} of {[round(one, 2) for one in each]}{aim}")


if __name__ == "__main__":
    main()
