"""Recall@10 of vectors on OpenSearch at many selectivities, by filter and by titles, floats and 7 bits.

As the searcher chooses by itself, at a tenth of its usual border, and always by the graph.
"""

import argparse
import statistics
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa
from machine import machine
from numpy.typing import NDArray
from servers import library, opensearch
from vectors import CLUSTERS, DIMENSION, MODEL, Vectors, batches, clustered, view

from watchdown.stores.opensearch.cluster import Cluster
from watchdown.stores.opensearch.searcher import EXACT_UP_TO, OpenSearchSearcher
from watchdown.stores.opensearch.sink import OpenSearchSink
from watchdown.stores.protocol import VectorLeaf
from watchdown.view import View
from watchdown.where import StartsIn, Where
from watchdown_schemas.arrow import arrow_schema
from watchdown_schemas.time import NS
from watchdown_schemas.types import Embedding

LIMIT, AIM = 10, 0.95
PERCENT = (0.1, 1, 5, 10, 20, 50, 100)
PER_TITLE = 20
MODES = {"as it chooses": EXACT_UP_TO, "exact to 2,000": 2_000, "graph": 0}


def scopes(
    rows: int, seen: View, starts: Vectors
) -> Iterator[tuple[str, float, View, Where | None, Vectors]]:
    """Yield each way to leave rows in scope: its name, percent, view, filter, and the rows, bool [rows]."""
    titles = rows // PER_TITLE
    for percent in PERCENT:
        count = max(1, round(rows * percent / 100))
        where = StartsIn(start_ns=0, end_ns=count * NS) if percent < 100 else None
        yield "filter", percent, seen, where, starts < count
        some = frozenset(f"title-{run:06}" for run in range(1, max(1, round(titles * percent / 100)) + 1))
        scoped = seen.within(some if percent < 100 else None)
        yield "titles", percent, scoped, None, np.arange(rows) < len(some) * PER_TITLE


def measure(
    cluster: Cluster, vectors: Vectors, queries: Vectors, starts: NDArray[np.int64]
) -> dict[tuple[str, float], list[tuple[float, float]]]:
    """Return by scope the recall and the median milliseconds in each mode."""
    seen = view(len(vectors) // PER_TITLE)
    likeness = queries @ vectors.T
    found = defaultdict(list)
    for exact_up_to in MODES.values():
        searcher = OpenSearchSearcher(cluster, exact_up_to=exact_up_to)
        snapshot = searcher.snapshot(seen)
        for name, percent, scoped, where, within in scopes(len(vectors), seen, starts):
            truth = np.argsort(-np.where(within, likeness, -9), axis=1)[:, :LIMIT]
            inside = frozenset(starts[within].tolist())
            recalls, times = [], []
            for query, want in zip(queries, starts[truth].tolist(), strict=True):
                leaf = VectorLeaf("Embedding", MODEL, query)
                begun = time.perf_counter()
                rows = searcher.search(leaf, scoped, limit=LIMIT, snapshot=snapshot, where=where).rows
                times.append(time.perf_counter() - begun)
                have = {row["start_ns"] // NS for row in rows}
                assert have <= inside
                recalls.append(len(have & set(want)) / min(LIMIT, len(inside)))
            found[name, percent].append((statistics.mean(recalls), statistics.median(times) * 1000))
        searcher.close()
    return found


def report(kind: str, found: Mapping[tuple[str, float], Sequence[tuple[float, float]]]) -> None:
    """Print a line for each scope."""
    print(f"{kind}; recall@{LIMIT} and p50:  " + " | ".join(MODES))
    for (name, percent), by_mode in sorted(found.items()):
        told = " | ".join(f"{recall:.3f} {p50:5.1f} ms" for recall, p50 in by_mode)
        print(f"  {name} {percent:5g} %: {told}")
    for place, mode in enumerate(MODES):
        worst = min(by_mode[place][0] for by_mode in found.values())
        print(f"  {mode}: worst {worst:.3f}, aim {AIM}", flush=True)


def merge(cluster: Cluster) -> None:
    """Merge the index to one segment."""
    path = f"/{cluster.alias(Embedding, MODEL)}/_forcemerge"
    cluster.request("merge it", "POST", path, max_num_segments=1, timeout_s=600)
    cluster.changed()


def main() -> None:
    """Print recall of all kinds and modes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--queries", type=int, default=50)
    parser.add_argument("--clusters", type=int, default=CLUSTERS)
    parser.add_argument("--merged", action="store_true", help="also with the index merged to one segment")
    wishes = parser.parse_args()
    print(machine())
    dice = np.random.default_rng(7)
    vectors, queries = clustered(wishes.rows, wishes.queries, dice, clusters=wishes.clusters)
    starts = dice.permutation(wishes.rows)
    with opensearch() as server:
        for kind in ("floats", "7 bits"):
            with library(server, "bench-recall", quantised=kind == "7 bits") as cluster:
                runs = list(range(1, wishes.rows // PER_TITLE + 1))
                reader = pa.RecordBatchReader.from_batches(
                    arrow_schema(Embedding, DIMENSION), batches(vectors, PER_TITLE, starts)
                )
                outcome = OpenSearchSink(cluster).write(runs, Embedding, reader, model=MODEL)
                assert (outcome.written, outcome.refused) == (wishes.rows, {})
                report(kind, measure(cluster, vectors, queries, starts))
                if wishes.merged:
                    merge(cluster)
                    report(f"{kind}, one segment", measure(cluster, vectors, queries, starts))


if __name__ == "__main__":
    main()
