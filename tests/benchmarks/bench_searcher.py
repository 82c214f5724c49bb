"""The searcher on OpenSearch beside the raw engine query, sent by hand with the plain client: p50.

`same` is the very request that ours sends; `bare` asks for the ten best and nothing else: no view, no filter,
no candidates to score. Queries take turns, so that all sides see the same machine.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from bench_hidden import Rows, fill
from machine import machine
from opensearchpy import OpenSearch
from servers import library, opensearch
from vectors import DIMENSION, MODEL, batches, clustered, view

from watchdown.search.process import text_leaf
from watchdown.stores.opensearch.cluster import Cluster
from watchdown.stores.opensearch.searcher import OpenSearchSearcher
from watchdown.stores.opensearch.sink import OpenSearchSink
from watchdown.stores.protocol import Leaf, VectorLeaf
from watchdown.view import View
from watchdown.where import StartsIn, Where
from watchdown_schemas.arrow import arrow_schema
from watchdown_schemas.time import NS
from watchdown_schemas.types import DialogueLine, Embedding

LIMIT, AIM, PER_RUN = 10, 1.1, 20
Body = Mapping[str, Any]


class Overheard(Cluster):
    """The connection, which remembers what was asked last of `/_search`."""

    asked: Body

    def request(self, doing: str, method: Any, path: str, body: Any = None, **how: Any) -> Any:
        """Ask, and remember."""
        if path == "/_search":
            self.asked = body
        return super().request(doing, method, path, body, **how)


def times(sides: Mapping[str, Callable[[int], object]], count: int) -> dict[str, list[float]]:
    """Return the milliseconds of each query on each side, in turns; a first round warms up."""
    found: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(3):
        for at in range(count):
            for name, side in sides.items():
                begun = time.perf_counter()
                side(at)
                if turn:
                    found[name].append((time.perf_counter() - begun) * 1000)
    return found


def compare(
    what: str,
    cluster: Overheard,
    raw: OpenSearch,
    asked: Sequence[tuple[Leaf, View, Where | None]],
    bare: Callable[[Leaf], tuple[str, Body]],
) -> None:
    """Print the medians of ours, of the same request by hand, and of the bare query."""
    searcher = OpenSearchSearcher(cluster)
    snapshot = searcher.snapshot(asked[0][1])

    def ours(at: int) -> object:
        leaf, seen, where = asked[at]
        found = searcher.search(leaf, seen, limit=LIMIT, snapshot=snapshot, where=where)
        assert found.rows
        return found

    bodies = []
    for at in range(len(asked)):
        ours(at)
        bodies.append(cluster.asked)
    plain = [bare(leaf) for leaf, _, _ in asked]
    sides: dict[str, Callable[[int], object]] = {
        "ours": ours,
        "same": lambda at: raw.search(body=bodies[at]),
        "bare": lambda at: raw.search(index=plain[at][0], body=plain[at][1]),
    }
    found = times(sides, len(asked))
    p50 = {name: statistics.median(each) for name, each in found.items()}
    p95 = {name: statistics.quantiles(each, n=20)[-1] for name, each in found.items()}
    told = ", ".join(f"{name} {p50[name]:.2f} ms (p95 {p95[name]:.1f})" for name in sides)
    print(f"{what}: {told}")
    paired = statistics.median(mine / same for mine, same in zip(found["ours"], found["same"], strict=True))
    print(
        f"  ours / same {p50['ours'] / p50['same']:.2f}, query by query {paired:.2f}, aim {AIM};"
        f" ours / bare {p50['ours'] / p50['bare']:.2f}",
        flush=True,
    )
    searcher.close()


def of_vectors(cluster: Overheard, raw: OpenSearch, rows: int, queries: int) -> None:
    """Compare searches by vector: in all there is, in a tenth by filter, in a tenth by title."""
    dice = np.random.default_rng(7)
    vectors, asked = clustered(rows, queries, dice)
    starts = dice.permutation(rows)
    reader = pa.RecordBatchReader.from_batches(
        arrow_schema(Embedding, DIMENSION), batches(vectors, PER_RUN, starts)
    )
    seen = view(rows // PER_RUN)
    OpenSearchSink(cluster).write(sorted(seen.visible), Embedding, reader, model=MODEL)
    leaves = [VectorLeaf("Embedding", MODEL, query) for query in asked]
    index = cluster.alias(Embedding, MODEL)

    def bare(leaf: Leaf) -> tuple[str, Body]:
        assert isinstance(leaf, VectorLeaf)
        near = {"vector": {"vector": leaf.vector.tolist(), "k": LIMIT}}
        return index, {"size": LIMIT, "_source": False, "query": {"knn": near}}

    compare("vectors, all", cluster, raw, [(leaf, seen, None) for leaf in leaves], bare)
    tenths = [StartsIn(start_ns=at * NS, end_ns=(at + rows // 10) * NS) for at in range(len(leaves))]
    new = [(leaf, seen, where) for leaf, where in zip(leaves, tenths, strict=True)]
    compare("vectors, a tenth, a filter", cluster, raw, new, bare)
    few = seen.within(frozenset(f"title-{run:06}" for run in range(1, rows // PER_RUN // 10)))
    compare("vectors, a tenth of the titles", cluster, raw, [(leaf, few, None) for leaf in leaves], bare)


def of_text(cluster: Overheard, raw: OpenSearch, titles: int, queries: int) -> None:
    """Compare searches of lines: few words, which most lines lack, and many, which most have one of."""
    rows = Rows(titles, queries)
    fill(OpenSearchSink(cluster), rows, [2 * title + 1 for title in range(titles)], [DialogueLine])
    seen = View(epoch=1, last_run=2 * titles, visible=frozenset(range(1, 2 * titles, 2)))
    index = cluster.alias(DialogueLine)

    def bare(leaf: Leaf) -> tuple[str, Body]:
        return index, {"size": LIMIT, "query": {"match": {"text_words": " ".join(leaf.words)}}}  # type: ignore[union-attr]

    for words, span in (("three rare words", slice(5, 8)), ("eight words", slice(0, 8))):
        chosen = rows.texts[:: len(rows.texts) // queries][:queries]
        said = [" ".join(sorted(text.split(), key=len)[span]) for text in chosen]
        leaves = [text_leaf(text, ["en"]) for text in said]
        compare(f"text, {words}", cluster, raw, [(leaf, seen, None) for leaf in leaves], bare)


def main() -> None:
    """Print all comparisons."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=30_000)
    parser.add_argument("--queries", type=int, default=50)
    wishes = parser.parse_args()
    print(machine())
    with opensearch() as server, library(server, "bench-searcher", kind=Overheard) as cluster:
        raw = OpenSearch(server.url, timeout=120)
        of_vectors(cluster, raw, wishes.rows, wishes.queries)
        of_text(cluster, raw, wishes.rows // 3, wishes.queries)
        raw.close()


if __name__ == "__main__":
    main()
