"""Search over 100,000 embeddings in the folder: recall against brute force, CPU against plain LanceDB."""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import lancedb
import numpy as np
import pyarrow as pa
from machine import machine

from watchdown.catalogue.model import Timeline, Title
from watchdown.client.services import Services
from watchdown.lake.tables import Lake
from watchdown.runs.states import State
from watchdown.settings import Settings
from watchdown.stores.protocol import VectorLeaf, table_name
from watchdown_schemas.arrow import arrow_schema
from watchdown_schemas.columns import Stamp, from_columns
from watchdown_schemas.time import NS
from watchdown_schemas.types import Embedding

DIMENSION, PER_TITLE, MODEL = 128, 1_000, "bench"


def clustered(rows: int, dice: np.random.Generator) -> np.ndarray:
    """Return unit vectors in clusters, a few per title, float32 [rows, DIMENSION]."""
    centres = dice.normal(size=(rows // 100, DIMENSION))
    which = dice.integers(0, len(centres), rows // 50).repeat(50)
    vectors = centres[which] + 0.6 * dice.normal(size=(rows, DIMENSION))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def fill(services: Services, vectors: np.ndarray) -> None:
    """Enter titles and runs, load the vectors as the product does, and publish."""
    schema = arrow_schema(Embedding, DIMENSION)
    runs, batches = [], []
    for first in range(0, len(vectors), PER_TITLE):
        title = f"title-{first:06}"
        timeline = Timeline(id=f"{title}.1", title=title, duration_ns=PER_TITLE * NS, rate=24)
        services.catalogue.add(Title(id=title, name=title, added_at=""), timeline, [])
        slot = {"title": title, "timeline": timeline.id, "algorithm": "bench", "version": "1.0.0"}
        run = services.ledger.plan(**slot, memo_key="k", model=MODEL)
        part = vectors[first : first + PER_TITLE]
        times = [second * NS for second in range(len(part))]
        stamp = Stamp(
            run=run.number, title=title, timeline=timeline.id, asset="a", algorithm="bench", version="1.0.0"
        )
        columns = {"start_ns": times, "end_ns": [time + NS for time in times], "vector": part}
        batches.append(from_columns(Embedding, columns, stamp, DIMENSION).batch)
        runs.append(run.number)
    reader = pa.RecordBatchReader.from_batches(schema, batches)
    services.store.sink.write(runs, Embedding, reader, model=MODEL)
    Lake(services.settings.store.file).maintain(table_name("Embedding", MODEL))
    for number in runs:
        for state in (State.RUNNING, State.STAGED, State.VALIDATED, State.LOADED):
            services.ledger.step(number, state)
    services.ledger.publish(runs)


def cpu(calls: list[Callable[[], object]]) -> float:
    """Return CPU milliseconds per call, over all threads."""
    start = time.process_time()
    for call in calls:
        call()
    return (time.process_time() - start) * 1000 / len(calls)


def main() -> None:
    """Print recall and ratios."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=100)
    parser.add_argument("--limit", type=int, default=10)
    wishes = parser.parse_args()
    print(machine())
    dice = np.random.default_rng(3)
    vectors = clustered(wishes.rows, dice)
    noise = 0.03 * dice.normal(size=(wishes.queries, DIMENSION))
    queries = vectors[dice.integers(0, len(vectors), wishes.queries)] + noise
    queries = (queries / np.linalg.norm(queries, axis=1, keepdims=True)).astype(np.float32)
    truth = np.argsort(-(queries @ vectors.T), axis=1)[:, : wishes.limit]
    with tempfile.TemporaryDirectory() as folder:
        services = Services(Settings.of_folder(Path(folder) / "library"), create=True)
        fill(services, vectors)
        report(services, queries, truth, wishes.limit)
        services.close()


def report(services: Services, queries: np.ndarray, truth: np.ndarray, limit: int) -> None:
    """Measure and print."""
    name = table_name("Embedding", MODEL)
    table = lancedb.connect(services.settings.store.file).open_table(name)
    columns = ["id", "run", "title", "timeline", "asset", "start_ns", "end_ns", "_distance"]

    def straight(query: np.ndarray) -> list[dict[str, object]]:
        search = table.search(query, vector_column_name="vector").distance_type("l2").limit(limit)
        return search.nprobes(20).refine_factor(10).select(columns).to_list()

    def ours(query: np.ndarray) -> list[object]:
        view = services.ledger.view()
        snapshot = services.searcher.snapshot(view)
        leaf = VectorLeaf("Embedding", MODEL, query)
        return list(services.searcher.search(leaf, view, limit=limit, snapshot=snapshot).rows)

    ids = {(row["title"], row["start_ns"]): place for place, row in enumerate(_places(services, name))}
    found = [{ids[row["title"], row["start_ns"]] for row in ours(query)} for query in queries]
    pairs = zip(found, truth.tolist(), strict=True)
    recall = statistics.mean(len(have & set(want)) / limit for have, want in pairs)
    print(f"recall@{limit} against brute force: {recall:.4f}, aim 0.98")
    rounds = []
    for _ in range(5):
        bare = cpu([lambda query=query: straight(query) for query in queries])
        rounds.append((cpu([lambda query=query: ours(query) for query in queries]), bare))
    ratios = [mine / bare for mine, bare in rounds]
    mine, bare = (statistics.median(side) for side in zip(*rounds, strict=True))
    each = [round(ratio, 2) for ratio in ratios]
    print(f"CPU per search {mine:.2f} ms, plain LanceDB {bare:.2f} ms, nprobes 20, refine 10")
    print(f"ratio: median {statistics.median(ratios):.2f} of {each}, aim 1.2")


def _places(services: Services, name: str) -> list[dict[str, object]]:
    rows = (
        Lake(services.settings.store.file)
        .dataset(name)
        .scanner(columns=["title", "start_ns"])
        .to_table()
        .to_pylist()
    )
    return sorted(rows, key=lambda row: (row["title"], row["start_ns"]))


if __name__ == "__main__":
    main()
