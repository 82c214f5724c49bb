"""Loading embeddings into OpenSearch, validated and within a budget, beside `parallel_bulk` of its client.

Ours goes the whole way: a staged Parquet file is read and checked, then loaded by the platform, which asks
the budget, makes documents, refreshes, counts what is there and shows it. The client's helper loads the same
documents from the same file, as one writes it: rows as Python has them, unchecked, and a refresh. Beside it,
the helper with dictionaries that lie ready, and the limit: bodies that lie ready, sent by as many threads.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow.parquet as pq
from machine import machine
from opensearchpy import OpenSearch, helpers
from servers import cpu_clock, library, opensearch
from vectors import DIMENSION, MODEL, batch, clustered

from watchdown.catalogue.database import open_database
from watchdown.load.budget import Budget
from watchdown.load.clock import RealClock
from watchdown.load.leases import Leases
from watchdown.load.load import Staged, load
from watchdown.settings.address import parse
from watchdown.storage.local import LocalStorage
from watchdown.stores.opensearch.cluster import Cluster
from watchdown.stores.opensearch.documents import documents
from watchdown.stores.opensearch.indices import Indices
from watchdown.stores.opensearch.sink import OpenSearchSink
from watchdown.validation.check import Check
from watchdown_schemas.time import NS
from watchdown_schemas.types import STANDARD_TYPES, Embedding

THREADS, AIM = 4, 1.5
BODY = 1 << 20
MUCH = {"documents": 1e6, "bytes": 1e10}  # a second: a limit that is accounted for and never met
STAGED = "staged.parquet"


class Sides:
    """The three ways to load the same rows; each returns when they can be found."""

    def __init__(self, url: str, folder: Path, rows: int, budget: Budget) -> None:
        self._url, self._storage, self._budget, self._rows = url, LocalStorage(folder), budget, rows
        vectors, _ = clustered(rows, 1, np.random.default_rng(1))
        made = batch(vectors, 1, np.arange(rows))
        with self._storage.create(STAGED) as file, pq.ParquetWriter(file, made.schema) as writer:
            writer.write_batch(made)
        self._sources = [(id_, source) for id_, _, source in documents(made, Embedding)]
        self.bytes = sum(len(source) for _, source in self._sources)
        self._ready = [{"_id": id_, "_source": orjson.loads(source)} for id_, source in self._sources]
        self._bodies = list(self._as_bodies())

    def _as_bodies(self) -> Iterator[bytes]:
        body = b""
        for id_, source in self._sources:
            body += b'{"index":{"_id":"%s"}}\n%s\n' % (id_.encode(), source)
            if len(body) >= BODY:
                yield body
                body = b""
        yield body

    def ours(self, cluster: Cluster) -> None:
        """Check and load."""
        check = Check(Embedding, self._rows * NS)
        with self._storage.open(STAGED) as source:
            for some in pq.ParquetFile(source).iter_batches(batch_size=1_000):
                assert not check(some).faults
        staged = [Staged(1, "Embedding", MODEL, STAGED)]
        sink = OpenSearchSink(cluster)
        loaded = load(staged, sink, STANDARD_TYPES, self._storage, self._budget.take)
        assert not loaded.refused
        assert not loaded.dead

    def helper(self, cluster: Cluster) -> None:
        """Load the same file by `parallel_bulk`, as it comes."""
        self._bulk(cluster, self._rows_of_file())

    def dictionaries(self, cluster: Cluster) -> None:
        """Load what lies ready by `parallel_bulk`."""
        self._bulk(cluster, self._ready)

    def _bulk(self, cluster: Cluster, given: Iterable[dict[str, Any]]) -> None:
        with self._client(cluster) as (client, index):
            done = helpers.parallel_bulk(client, given, thread_count=THREADS, index=index)
            assert sum(good for good, _ in done) == self._rows
            client.indices.refresh(index=index)

    def _rows_of_file(self) -> Iterator[dict[str, Any]]:
        with self._storage.open(STAGED) as source:
            for some in pq.ParquetFile(source).iter_batches(batch_size=1_000):
                for row in some.to_pylist():
                    told = {name: value for name, value in row.items() if value is not None}
                    yield {"_id": row["id"], "_source": told | {"schema": "Embedding", "marks": []}}

    def bodies(self, cluster: Cluster) -> None:
        """Send what was made beforehand."""
        with self._client(cluster) as (client, index), ThreadPoolExecutor(THREADS) as pool:
            answers = pool.map(lambda body: client.bulk(body=body, index=index), self._bodies)
            assert not any(answer["errors"] for answer in answers)
            client.indices.refresh(index=index)

    @contextmanager
    def _client(self, cluster: Cluster) -> Iterator[tuple[OpenSearch, str]]:
        """Give a plain client and a fresh index, made as ours is."""
        indices, alias = Indices(cluster), cluster.alias(Embedding, MODEL)
        index = indices.prepare(alias, Embedding, DIMENSION)
        client = OpenSearch(self._url, timeout=120, pool_maxsize=THREADS)
        yield client, index
        client.close()


def main() -> None:
    """Print rates, processor time and ratios."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    wishes = parser.parse_args()
    print(machine())
    with opensearch() as server, tempfile.TemporaryDirectory() as folder:
        database = open_database(parse(f"sqlite:///{folder}/budget.db", {"sqlite"}))
        Leases(database, RealClock()).set_limits(MUCH)
        with Budget(database) as budget:
            sides = Sides(server.url, Path(folder), wishes.rows, budget)
            ways: dict[str, Callable[[Cluster], None]] = {
                "ours": sides.ours,
                "parallel_bulk": sides.helper,
                "parallel_bulk of dictionaries": sides.dictionaries,
                "bodies made beforehand": sides.bodies,
            }
            clock = cpu_clock(server)
            rates: dict[str, list[float]] = {name: [] for name in ways}
            costs: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
            for turn in range(wishes.rounds + 1):  # the first warms up
                for name, way in ways.items():
                    with library(server, "bench-load") as cluster:
                        begun, cpu, own = time.perf_counter(), clock(), time.process_time()
                        way(cluster)
                        seconds = time.perf_counter() - begun
                        cpu, own = clock() - cpu, time.process_time() - own
                    if turn:
                        rates[name].append(wishes.rows / seconds)
                        costs[name].append((own / wishes.rows * 1e3, cpu / wishes.rows * 1e3))
            print(f"{wishes.rows} documents, {sides.bytes / 1e6:.0f} MB of JSON; {machine()}")
        database.close()
    report(rates, costs)


def report(rates: dict[str, list[float]], costs: dict[str, list[tuple[float, float]]]) -> None:
    """Print medians, and ours over the others round by round."""
    for name, rate in rates.items():
        own, whole = (statistics.median(side) for side in zip(*costs[name], strict=True))
        print(
            f"  {name}: {statistics.median(rate):.0f} documents/s, CPU ms a document: {own:.2f} here,"
            f" {whole:.2f} with the server"
        )
    for name in list(rates)[1:]:
        each = [mine / other for mine, other in zip(rates["ours"], rates[name], strict=True)]
        spent = [other[1] / mine[1] for mine, other in zip(costs["ours"], costs[name], strict=True)]
        rate = statistics.median(rates["ours"]) / statistics.median(rates[name])
        told = [round(ratio, 2) for ratio in each]
        aim = f", aim {AIM}" if name == "parallel_bulk" else ""
        print(
            f"  ours / {name}: medians of the rates {rate:.2f}{aim}; round by round {told};"
            f" by CPU {statistics.median(spent):.2f}"
        )


if __name__ == "__main__":
    main()
