"""What people notice who search while half of all rows are removed: latency of text and vector queries.

Each title has a run in view and one that was superseded. All superseded runs are removed, portion by portion
as the collector does, in a process of its own; the same questions are asked before and meanwhile, each of the
newest snapshot. Answers are the same throughout.
"""

import argparse
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from machine import machine
from servers import library, opensearch
from vectors import MODEL, clustered

from watchdown.lake.tables import Lake
from watchdown.runs.collect import portions
from watchdown.runs.collectable import Doomed
from watchdown.runs.states import State
from watchdown.search.process import text_leaf
from watchdown.stores.lance.searcher import LanceSearcher
from watchdown.stores.lance.sink import LanceSink
from watchdown.stores.opensearch.cluster import Access, Cluster, Layout
from watchdown.stores.opensearch.searcher import OpenSearchSearcher
from watchdown.stores.opensearch.sink import OpenSearchSink
from watchdown.stores.protocol import Leaf, Searcher, Sink, VectorLeaf
from watchdown.view import View
from watchdown_schemas.arrow import arrow_schema
from watchdown_schemas.columns import Stamp, from_columns
from watchdown_schemas.time import NS
from watchdown_schemas.types import DialogueLine, Embedding

PER_RUN, DIMENSION, LIMIT, WORDS = 50, 128, 10, 5_000
LETTERS = [*"etaoinshrdlucmfwypvbgk"]
PREFIX = "bench_collect"
MakeSink = Callable[[], Sink]


class Rows:
    """Vectors and lines of titles, the same in both runs of a title."""

    def __init__(self, titles: int) -> None:
        self.dice = np.random.default_rng(5)
        self.titles = titles
        self.vectors, self.queries = clustered(titles * PER_RUN, 100, self.dice, dimension=DIMENSION)
        vocabulary = ["".join(self.dice.choice(LETTERS, size)) for size in self.dice.integers(4, 11, WORDS)]
        odds = 1 / np.arange(1, WORDS + 1)
        said = self.dice.choice(vocabulary, size=(titles * PER_RUN, 6), p=odds / odds.sum())
        self.texts = [" ".join(words) for words in said]

    def batches(self, schema: type, runs: range) -> Iterator[pa.RecordBatch]:
        """Yield the rows of runs; runs 2n and 2n + 1 are of title n."""
        for run in runs:
            title, start = run // 2, np.arange(PER_RUN) * NS
            span = slice(title * PER_RUN, (title + 1) * PER_RUN)
            columns: dict[str, Any] = {"start_ns": start, "end_ns": start + NS}
            if schema is Embedding:
                columns["vector"] = self.vectors[span]
            else:
                columns |= {"line": np.arange(PER_RUN), "text": self.texts[span]}
                columns["language"] = ["en"] * PER_RUN
            known = f"title-{title:06}"
            stamp = Stamp(run=run, title=known, timeline="t", asset="a", algorithm="bench", version="1.0.0")
            yield from_columns(schema, columns, stamp, DIMENSION if schema is Embedding else None).batch

    def leaves(self) -> list[Leaf]:
        """Return what is asked: vectors and words in turn."""
        vectors: list[Leaf] = [VectorLeaf("Embedding", MODEL, query) for query in self.queries]
        texts: list[Leaf] = [text_leaf(text, ["en"]) for text in self.texts[:: len(self.texts) // 100]]
        return [leaf for pair in zip(vectors, texts, strict=False) for leaf in pair]


def fill(sink: Sink, rows: Rows) -> None:
    """Write all runs, a thousand at a time."""
    for schema in (Embedding, DialogueLine):
        model, size = (MODEL, DIMENSION) if schema is Embedding else (None, None)
        for first in range(0, 2 * rows.titles, 1000):
            runs = range(first, min(first + 1000, 2 * rows.titles))
            given = pa.RecordBatchReader.from_batches(arrow_schema(schema, size), rows.batches(schema, runs))
            sink.write(list(runs), schema, given, model=model)


def remove(make: MakeSink, titles: int, begun: Any, ended: Any) -> None:
    """Remove the superseded run of each title, then tend the store."""
    sink = make()
    doomed = [
        Doomed(
            number=2 * title,
            title="",
            algorithm="",
            state=State.SUPERSEDED,
            counts={"Embedding": PER_RUN, "DialogueLine": PER_RUN},
        )
        for title in range(titles)
    ]
    begun.set()
    before = time.perf_counter()
    for some in portions(doomed):
        sink.delete([one.number for one in some])
    deleted = time.perf_counter() - before
    sink.tend()
    tended = time.perf_counter() - before - deleted
    print(
        f"  {sum(one.rows for one in doomed):,} rows in {deleted:.1f} s, tended in {tended:.1f} s", flush=True
    )
    ended.set()


def latencies(
    searcher: Searcher, seen: View, leaves: list[Leaf], until: Callable[[int], bool]
) -> list[float]:
    """Return the milliseconds of queries, each of the newest snapshot."""
    found: list[float] = []
    while not until(len(found)):
        leaf = leaves[len(found) % len(leaves)]
        before = time.perf_counter()
        rows = searcher.search(leaf, seen, limit=LIMIT, snapshot=searcher.snapshot(seen)).rows
        found.append(1000 * (time.perf_counter() - before))
        assert rows
        assert all(row["run"] % 2 for row in rows)
    return found


def told(name: str, found: list[float]) -> list[float]:
    """Print the quantiles of latencies, and return median, p95 and p99."""
    at = statistics.quantiles(found, n=100)
    print(f"  {name}: p50 {at[49]:.1f} ms, p95 {at[94]:.1f}, p99 {at[98]:.1f} of {len(found)}", flush=True)
    return [at[49], at[94], at[98]]


def compare(store: str, make: MakeSink, searcher: Searcher, rows: Rows) -> None:
    """Print latencies before, while and after half of all rows are removed."""
    print(f"{store}: {4 * rows.titles * PER_RUN:,} rows, half of them go", flush=True)
    fill(make(), rows)
    last = 2 * rows.titles - 1
    seen = View(epoch=1, last_run=last, visible=frozenset(range(1, last + 1, 2)))
    leaves = rows.leaves()
    latencies(searcher, seen, leaves, lambda asked: asked >= 50)
    idle = told("idle", latencies(searcher, seen, leaves, lambda asked: asked >= 500))
    forks = multiprocessing.get_context("spawn")
    begun, ended = forks.Event(), forks.Event()
    remover = forks.Process(target=remove, args=(make, rows.titles, begun, ended))
    remover.start()
    begun.wait()
    busy = told("meanwhile", latencies(searcher, seen, leaves, lambda asked: ended.is_set() and asked > 100))
    remover.join()
    told("after", latencies(searcher, seen, leaves, lambda asked: asked >= 500))
    ratios = [one / other for one, other in zip(busy, idle, strict=True)]
    print(f"  meanwhile / idle: p50 {ratios[0]:.2f}x, p95 {ratios[1]:.2f}x, p99 {ratios[2]:.2f}x", flush=True)


def lance_sink(folder: Path) -> Sink:
    """Return the sink of a lake."""
    return LanceSink(Lake(folder))


def opensearch_sink(url: str) -> Sink:
    """Return the sink of a server."""
    return OpenSearchSink(Cluster(Access(url=url, timeout_s=120), Layout(prefix=PREFIX, replicas=0)))


def main() -> None:
    """Print both stores."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--titles", type=int, default=5_000, help="of 200 rows each")
    parser.add_argument("--on-server", type=int, default=1_000, help="titles in OpenSearch; 0 leaves it out")
    wishes = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        compare("Lance", partial(lance_sink, home), LanceSearcher(Lake(home)), Rows(wishes.titles))
    if wishes.on_server:
        with opensearch() as server, library(server, PREFIX) as cluster:
            searcher = OpenSearchSearcher(cluster)
            compare("OpenSearch", partial(opensearch_sink, server.url), searcher, Rows(wishes.on_server))


if __name__ == "__main__":
    main()
