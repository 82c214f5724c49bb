"""What 10,000 hidden runs cost a search, a count and a facet, on Lance and OpenSearch: CPU of all processes.

Each title has a run in view and another before it, nearly the same and hidden. The same is asked of the same
tables with every run in view, and of tables that never had the others, where even the rows are half as many.
No hidden row is ever among the answers.
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

PER_RUN, DIMENSION, LIMIT, VOCABULARY = 3, 128, 10, 10_000
TIMES, MORE_MS = 1.2, 2.0
LEAST_S = 0.4  # of CPU in a turn: the clock ticks in hundredths
LETTERS = [*"etaoinshrdlucmfwypvbgk"]
Question = Callable[[int], object]


class Rows:
    """Vectors and lines of titles, the same in each run of a title but for a little."""

    def __init__(self, titles: int, queries: int) -> None:
        self.dice = np.random.default_rng(11)
        self.titles = titles
        self.vectors, self.queries = clustered(titles * PER_RUN, queries, self.dice, dimension=DIMENSION)
        sizes = self.dice.integers(2, 10, VOCABULARY)
        vocabulary = ["".join(self.dice.choice(LETTERS, size)) for size in sizes]
        odds = 1 / np.arange(1, VOCABULARY + 1)
        said = self.dice.choice(vocabulary, size=(titles * PER_RUN, 8), p=odds / odds.sum())
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
    times = len(seen.visible) // rows.titles

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
        assert found == times * len(rows.texts)
        return found

    def count_some(_: int) -> object:
        found = searcher.count("DialogueLine", seen, snapshot=snapshot, where=few)
        assert found == times * rows.speakers.count("speaker 7")
        return found

    def facet(_: int) -> object:
        found = searcher.facet("DialogueLine", "speaker", seen, snapshot=snapshot)
        assert sum(rows_ for _, rows_ in found) == times * len(rows.texts)
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
    store: str, sides: Sequence[Mapping[str, Question]], clock: Callable[[], float], least: int
) -> None:
    """Print the CPU of each question: with runs hidden, with all of them shown, without them."""
    for name in sides[0]:
        asked = [side[name] for side in sides]
        warm = min(spent(question, least, clock) for question in asked)
        times = max(least, round(LEAST_S * 1000 / max(warm, 0.2)))
        rounds = [[spent(question, times, clock) for question in asked] for _ in range(5)]
        hidden, shown, without = (statistics.median(side) for side in zip(*rounds, strict=True))
        ratio, more = hidden / shown, hidden - shown
        good = "met" if ratio <= TIMES or more <= MORE_MS else "MISSED"
        print(
            f"  {store} {name}: {hidden:.2f} ms; all shown {shown:.2f}: {ratio:.2f}x, {more:+.2f} ms, {good};"
            f" never there {without:.2f}: {hidden / without:.2f}x, {hidden - without:+.2f} ms",
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
    hiding = View(epoch=1, last_run=every[-1], visible=frozenset(visible))
    showing = View(epoch=2, last_run=every[-1], visible=frozenset(every))

    def sides(whole: tuple[Sink, Searcher], part: tuple[Sink, Searcher]) -> list[dict[str, Question]]:
        fill(whole[0], rows, every)
        fill(part[0], rows, visible)
        asked = ((whole[1], hiding), (whole[1], showing), (part[1], hiding))
        return [questions(searcher, seen, rows) for searcher, seen in asked]

    with tempfile.TemporaryDirectory() as folder:
        lakes = [Lake(Path(folder) / name) for name in ("whole", "part")]
        whole, part = ((LanceSink(lake), LanceSearcher(lake)) for lake in lakes)
        compare("Lance", sides(whole, part), time.process_time, wishes.queries)
    with (
        opensearch() as server,
        library(server, "bench-hidden") as one,
        library(server, "bench-none") as other,
    ):
        whole, part = ((OpenSearchSink(each), OpenSearchSearcher(each)) for each in (one, other))
        compare("OpenSearch", sides(whole, part), cpu_clock(server), wishes.queries)


if __name__ == "__main__":
    main()
