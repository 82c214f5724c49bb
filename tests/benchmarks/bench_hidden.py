"""What 10,000 hidden runs cost a search, a count and a facet, on Lance and OpenSearch: CPU of all processes.

Each title has a run in view and, in one of two libraries, another before it, nearly the same and hidden. Both
libraries answer the same questions, and no hidden row is ever among the answers.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from machine import machine
from servers import cpu_clock, library, opensearch
from vectors import MODEL, clustered

from watchdown.lake.tables import Lake
from watchdown.search.process import text_leaf
from watchdown.stores.lance.searcher import LanceSearcher
from watchdown.stores.lance.sink import LanceSink
from watchdown.stores.opensearch.searcher import OpenSearchSearcher
from watchdown.stores.opensearch.sink import OpenSearchSink
from watchdown.stores.protocol import Searcher, Sink, VectorLeaf
from watchdown.view import View
from watchdown.where import field
from watchdown_schemas.arrow import arrow_schema
from watchdown_schemas.columns import Stamp, from_columns
from watchdown_schemas.time import NS
from watchdown_schemas.types import DialogueLine, Embedding

PER_RUN, DIMENSION, LIMIT = 3, 128, 10
TIMES, MORE_MS = 1.2, 2.0
LEAST_S = 0.4  # of CPU in a turn: the clock ticks in hundredths
WORDS = [f"{one}{two}{three}" for one in "bdfgklmnprst" for two in ("a", "ei", "o") for three in "klmnrst"]
Question = Callable[[int], object]


class Rows:
    """Vectors and lines of titles, the same in each run of a title but for a little."""

    def __init__(self, titles: int, queries: int) -> None:
        self.dice = np.random.default_rng(11)
        self.titles = titles
        self.vectors, self.queries = clustered(titles * PER_RUN, queries, self.dice, dimension=DIMENSION)
        odds = 1 / np.arange(1, len(WORDS) + 1)
        said = self.dice.choice(WORDS, size=(titles * PER_RUN, 8), p=odds / odds.sum())
        self.texts = [" ".join(words) for words in said]
        self.speakers = [f"speaker {at}" for at in self.dice.integers(0, 50, titles * PER_RUN)]

    def batches(self, runs: list[int], schema: type) -> Iterator[pa.RecordBatch]:
        """Yield the rows of runs; run 2n and run 2n + 1 are of title n."""
        for run in runs:
            title = run // 2
            span = slice(title * PER_RUN, (title + 1) * PER_RUN)
            start = np.arange(PER_RUN) * NS
            columns: dict[str, Any] = {"start_ns": start, "end_ns": start + NS}
            if schema is Embedding:
                moved = self.vectors[span] + 0.003 * self.dice.standard_normal((PER_RUN, DIMENSION))
                columns["vector"] = (moved / np.linalg.norm(moved, axis=1, keepdims=True)).astype(np.float32)
            else:
                columns |= {
                    "line": np.arange(PER_RUN),
                    "text": self.texts[span],
                    "language": ["en"] * PER_RUN,
                }
                columns["speaker"] = self.speakers[span]
            known = f"title-{title:06}"
            stamp = Stamp(run=run, title=known, timeline="t", asset="a", algorithm="bench", version="1.0.0")
            dimension = DIMENSION if schema is Embedding else None
            yield from_columns(schema, columns, stamp, dimension).batch


def fill(
    sink: Sink, rows: Rows, runs: list[int], schemas: Sequence[type] = (Embedding, DialogueLine)
) -> None:
    """Write all rows of runs."""
    for schema in schemas:
        model, size = (MODEL, DIMENSION) if schema is Embedding else (None, None)
        reader = pa.RecordBatchReader.from_batches(arrow_schema(schema, size), rows.batches(runs, schema))
        sink.write(runs, schema, reader, model=model)


def questions(searcher: Searcher, seen: View, rows: Rows) -> dict[str, Question]:
    """Return what is asked, each by the number of the query."""
    snapshot = searcher.snapshot(seen)
    leaves = [VectorLeaf("Embedding", MODEL, query) for query in rows.queries]
    texts = [text_leaf(text, ["en"]) for text in rows.texts[:: len(rows.texts) // len(leaves)]]
    few = field("speaker") == "speaker 7"

    def checked(found: Any) -> object:
        assert found.rows
        assert all(row["run"] in seen.visible for row in found.rows)
        return found

    def search(leaf: Any) -> object:
        return checked(searcher.search(leaf, seen, limit=LIMIT, snapshot=snapshot))

    def scan(_: int) -> object:
        columns = ["run", "speaker"]
        found = list(searcher.scan("DialogueLine", seen, snapshot=snapshot, columns=columns, where=few))
        assert all(run in seen.visible for batch in found for run in batch.column("run").to_pylist())
        return found

    def count(_: int) -> object:
        found = searcher.count("DialogueLine", seen, snapshot=snapshot)
        assert found == len(rows.texts)
        return found

    def count_some(_: int) -> object:
        found = searcher.count("DialogueLine", seen, snapshot=snapshot, where=few)
        assert found == rows.speakers.count("speaker 7")
        return found

    def facet(_: int) -> object:
        found = searcher.facet("DialogueLine", "speaker", seen, snapshot=snapshot)
        assert sum(rows_ for _, rows_ in found) == len(rows.texts)
        return found

    return {
        "vectors": lambda at: search(leaves[at % len(leaves)]),
        "text": lambda at: search(texts[at % len(leaves)]),
        "count": count,
        "count of a speaker": count_some,
        "lines of a speaker": scan,
        "facet of speakers": facet,
    }


def spent(question: Question, times: int, clock: Callable[[], float]) -> float:
    """Return the CPU milliseconds of a question, asked so often."""
    before = clock()
    for at in range(times):
        question(at)
    return (clock() - before) / times * 1000


def compare(
    store: str,
    with_hidden: Mapping[str, Question],
    without: Mapping[str, Question],
    clock: Callable[[], float],
    least: int,
) -> None:
    """Print the CPU of each question in both libraries."""
    for name, hiding in with_hidden.items():
        sides = (hiding, without[name])
        warm = min(spent(side, least, clock) for side in sides)
        times = max(least, round(LEAST_S * 1000 / max(warm, 0.2)))
        rounds = [[spent(side, times, clock) for side in sides] for _ in range(5)]
        mine, bare = (statistics.median(side) for side in zip(*rounds, strict=True))
        ratio = statistics.median(hidden / none for hidden, none in rounds)
        more = statistics.median(hidden - none for hidden, none in rounds)
        good = "met" if ratio <= TIMES or more <= MORE_MS else "MISSED"
        print(
            f"  {store:10} {name:18} {mine:6.2f} ms CPU, none hidden {bare:6.2f} ms: {ratio:.2f}x,"
            f" {more:+.2f} ms: {good}",
            flush=True,
        )


def main() -> None:
    """Print both stores."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--titles", type=int, default=10_000)
    parser.add_argument("--queries", type=int, default=50)
    wishes = parser.parse_args()
    print(f"{machine()}; {wishes.titles} runs hidden, {PER_RUN} rows each; aim {TIMES}x or +{MORE_MS:g} ms")
    rows = Rows(wishes.titles, wishes.queries)
    visible = [2 * title + 1 for title in range(wishes.titles)]
    every = list(range(2 * wishes.titles))
    seen = View(epoch=1, last_run=every[-1] + 1, visible=frozenset(visible))
    with tempfile.TemporaryDirectory() as folder:
        asked = []
        for name, runs in (("hidden", every), ("none", visible)):
            lake = Lake(Path(folder) / name)
            fill(LanceSink(lake), rows, runs)
            asked.append(questions(LanceSearcher(lake), seen, rows))
        compare("Lance", asked[0], asked[1], time.process_time, wishes.queries)
    with (
        opensearch() as server,
        library(server, "bench-hidden") as hiding,
        library(server, "bench-none") as without,
    ):
        asked = []
        for cluster, runs in ((hiding, every), (without, visible)):
            fill(OpenSearchSink(cluster), rows, runs)
            asked.append(questions(OpenSearchSearcher(cluster), seen, rows))
        compare("OpenSearch", asked[0], asked[1], cpu_clock(server), wishes.queries)


if __name__ == "__main__":
    main()
