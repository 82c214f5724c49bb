"""Searches beside a load that the governor holds back, on Lance and on OpenSearch; how soon it settles.

Questions come at a steady pace from this process while another loads all it may into the same table, again
and again the same runs, so few that the lake makes no index of vectors of them: that is no load. With
--plot FILE.png, the rate of the load and the searches of every second are drawn over time.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from machine import machine
from plot import Curve, draw
from servers import library, opensearch
from vectors import DIMENSION, MODEL, Vectors, batch, batches, clustered, view

from watchdown.catalogue.database import open_database
from watchdown.lake.tables import Lake
from watchdown.load.clock import RealClock
from watchdown.load.leases import Leases
from watchdown.settings.address import parse
from watchdown.stores.lance.searcher import LanceSearcher
from watchdown.stores.lance.sink import LanceSink
from watchdown.stores.opensearch.searcher import OpenSearchSearcher
from watchdown.stores.opensearch.sink import OpenSearchSink
from watchdown.stores.protocol import Searcher, Sink, VectorLeaf
from watchdown_schemas.arrow import arrow_schema
from watchdown_schemas.types import Embedding

PREFIX, LIMIT, AIM, PER_RUN, PART, RUNS = "bench-governor", 10, 1.2, 20, 2_000, 8
FIRST_NEW = 1_000_001
TOLD_S = 2.0  # loaders tell once a second what they took
LOADER = """
import sys
from pathlib import Path
from watchdown.catalogue.database import open_database
from watchdown.lake.tables import Lake
from watchdown.load.budget import Budget
from watchdown.load.load import Staged, load
from watchdown.settings.address import parse
from watchdown.storage.local import LocalStorage
from watchdown.stores.lance.feedback import LanceFeedback
from watchdown.stores.lance.sink import LanceSink
from watchdown.stores.opensearch.cluster import Access, Cluster, Layout
from watchdown.stores.opensearch.feedback import OpenSearchFeedback
from watchdown.stores.opensearch.pace import Pace
from watchdown.stores.opensearch.sink import OpenSearchSink
from watchdown_schemas.types import STANDARD_TYPES

place, prefix, model, folder, first, files, governed = sys.argv[1:]
if place.startswith("http"):
    cluster, pace = Cluster(Access(url=place, timeout_s=120), Layout(prefix=prefix, replicas=0)), Pace()
    sink, feedback = OpenSearchSink(cluster, pace=pace), OpenSearchFeedback(cluster, pace)
else:
    sink, feedback = LanceSink(Lake(Path(place))), LanceFeedback(Path(place))
database = open_database(parse(f"sqlite:///{folder}/budget.db", {"sqlite"}))
with Budget(database, feedback=feedback if governed == "1" else None) as budget:
    print("ready", flush=True)
    for round in range(1_000):
        load(
            [Staged(int(first) + at, "Embedding", model, f"{at}.parquet") for at in range(int(files))],
            sink, STANDARD_TYPES, LocalStorage(Path(folder)), budget.take,
        )
"""


@dataclass
class Course:
    """What happened in a time: searches (when, milliseconds) and the load's rate (when, documents/s)."""

    searches: list[tuple[float, float]] = field(default_factory=list)
    rates: list[tuple[float, float]] = field(default_factory=list)

    def p95(self, begin: float = 0.0) -> float:
        """Return what one search in twenty exceeds, from a second on."""
        return statistics.quantiles([ms for at, ms in self.searches if at >= begin], n=20)[-1]

    def p50(self, begin: float = 0.0) -> float:
        """Return what every other search exceeds, from a second on."""
        return statistics.median(ms for at, ms in self.searches if at >= begin)

    def rate(self, begin: float, end: float) -> float:
        """Return the documents a second over a time."""
        return statistics.mean([0.0, *(rate for at, rate in self.rates if begin <= at < end)][1:] or [0.0])


class Side:
    """One store: filled, searched here and loaded into by another process."""

    def __init__(self, place: str, sink: Sink, searcher: Searcher, folder: Path) -> None:
        self.place, self.sink, self.searcher, self.folder = place, sink, searcher, folder
        folder.mkdir(exist_ok=True)
        self.leases = Leases(open_database(parse(f"sqlite:///{folder}/budget.db", {"sqlite"})), RealClock())

    def fill(self, vectors: Vectors, queries: Vectors) -> Callable[[int], object]:
        """Fill the store and stage what is to be loaded; return what searches it."""
        seen = view(len(vectors) // PER_RUN)
        filled = batches(vectors, PER_RUN, np.arange(len(vectors)))
        reader = pa.RecordBatchReader.from_batches(arrow_schema(Embedding, DIMENSION), filled)
        self.sink.write(sorted(seen.visible), Embedding, reader, model=MODEL)
        for at in range(RUNS):
            some = batch(vectors[:PART], FIRST_NEW + at, np.arange(PART))
            pq.write_table(pa.Table.from_batches([some]), self.folder / f"{at}.parquet")
        snapshot = self.searcher.snapshot(seen)

        def search(at: int) -> object:
            leaf = VectorLeaf("Embedding", MODEL, queries[at % len(queries)])
            return self.searcher.search(leaf, seen, limit=LIMIT, snapshot=snapshot).rows

        return search

    @contextmanager
    def loading(self, *, governed: bool) -> Iterator[None]:
        """Load in another process until the block ends."""
        numbers = map(str, (FIRST_NEW, RUNS, int(governed)))
        command = [sys.executable, "-c", LOADER, self.place, PREFIX, MODEL, str(self.folder), *numbers]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield
        finally:
            process.kill()
            process.communicate()

    def watched(self, search: Callable[[int], object], seconds: float, pace: float) -> Course:
        """Search at a steady pace, and note how fast the load is."""
        course, ended, begin = Course(), Event(), time.perf_counter()

        def look() -> None:
            before: dict[str, tuple[float, int]] = {}
            while not ended.wait(TOLD_S):
                found = self.leases.budget()
                now = {one["id"]: (found.at, one["documents"]) for one in found.loaders}
                told = [(now[one][1] - before[one][1]) / TOLD_S for one in now if one in before]
                course.rates.append((time.perf_counter() - begin, sum(told)))
                before = now

        looking = Thread(target=look)
        looking.start()
        for at in range(int(seconds * pace)):
            due = begin + at / pace
            time.sleep(max(0.0, due - time.perf_counter()))
            search(at)
            course.searches.append((due - begin, (time.perf_counter() - due) * 1000))
        ended.set()
        looking.join()
        return course


def settled(course: Course) -> float:
    """Return the second from which on the load's rate, over 10 s, stays within a half of its last."""
    end = course.searches[-1][0]
    last = course.rate(end - 20, end)
    times = [at for at in range(int(end) - 20) if not 0.5 * last <= course.rate(at, at + 10) <= 1.5 * last]
    return float(max(times, default=-1) + 1)


def main() -> None:
    """Print p50 and p95 at rest, beside a governed load and beside one that is not."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=30_000)
    parser.add_argument("--pace", type=float, default=20.0, help="searches a second")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rest", type=float, default=20.0)
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--only", choices=("lance", "opensearch"))
    wishes = parser.parse_args()
    print(machine())
    vectors, queries = clustered(wishes.rows, 200, np.random.default_rng(7))
    curves: list[Curve] = []
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for name in ("lance", "opensearch"):
            if wishes.only not in (None, name):
                continue
            side = lance_side(root) if name == "lance" else opensearch_side(stack, root)
            search = side.fill(vectors, queries)
            side.watched(search, 5, wishes.pace)
            rest = side.watched(search, wishes.rest, wishes.pace)
            with side.loading(governed=True):
                governed = side.watched(search, wishes.seconds, wishes.pace)
            ruled = side.leases.budget().governor
            again = side.watched(search, wishes.rest, wishes.pace)
            side.leases.choose(auto=False)
            with side.loading(governed=False):
                free = side.watched(search, wishes.rest, wishes.pace)
            tell(name, (rest, again), governed, free, wishes.seconds)
            print(f"    last: {ruled.why}; the probe's p95 at rest {ruled.idle_p95_ms or 0:.1f} ms")
            curves.append(Curve(name, governed.rates, governed.searches, rest.p95()))
    if wishes.plot:
        draw(curves, wishes.plot)


def lance_side(root: Path) -> Side:
    """Return a lake in a folder."""
    place = root / "lake"
    return Side(str(place), LanceSink(Lake(place)), LanceSearcher(Lake(place)), root / "lance")


def opensearch_side(stack: ExitStack, root: Path) -> Side:
    """Return an index of a server that ends with this process."""
    server = stack.enter_context(opensearch())
    cluster = stack.enter_context(library(server, PREFIX))
    return Side(server.url, OpenSearchSink(cluster), OpenSearchSearcher(cluster), root / "opensearch")


def tell(name: str, rests: Sequence[Course], governed: Course, free: Course, seconds: float) -> None:
    """Print what a store's searches took, and the ratios."""
    half = seconds / 2
    idle, p50 = (
        statistics.mean(each) for each in ([one.p95() for one in rests], [one.p50() for one in rests])
    )
    print(f"{name}; {machine()}")
    print(f"    at rest: p50 {p50:.1f} ms, p95 {' and '.join(f'{one.p95():.1f}' for one in rests)} ms")
    print(
        f"    governed, second half: p50 {governed.p50(half):.1f} ms, p95 {governed.p95(half):.1f} ms;"
        f" {governed.rate(half, seconds):,.0f} documents/s; settled after {settled(governed):.0f} s"
    )
    rate = free.rate(2, free.searches[-1][0])
    print(f"    not governed: p50 {free.p50(2):.1f} ms, p95 {free.p95(2):.1f} ms; {rate:,.0f} documents/s")
    ratio, worse = governed.p95(half) / idle, free.p95(2) / idle
    print(f"    p95 over that at rest: governed {ratio:.2f}, aim {AIM}; not governed {worse:.2f}")


if __name__ == "__main__":
    main()
