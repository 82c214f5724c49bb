"""The stores that the conformance suite proves, and rows to fill them with."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from watchdown.lake.tables import Lake
from watchdown.search.process import text_leaf
from watchdown.stores.holdings import Holdings
from watchdown.stores.lance.holdings import LanceHoldings
from watchdown.stores.lance.searcher import LanceSearcher
from watchdown.stores.lance.sink import LanceSink
from watchdown.stores.memory import MemoryStore
from watchdown.stores.opensearch.cluster import Access, Cluster, Layout
from watchdown.stores.opensearch.holdings import OpenSearchHoldings
from watchdown.stores.opensearch.searcher import EXACT_UP_TO, OpenSearchSearcher
from watchdown.stores.opensearch.sink import OpenSearchSink
from watchdown.stores.protocol import (
    Candidates,
    Facet,
    Leaf,
    Outcome,
    Schemas,
    Searcher,
    Sink,
    Snapshot,
    Types,
    VectorLeaf,
)
from watchdown.view import View
from watchdown.where import Where
from watchdown_schemas.columns import Stamp
from watchdown_schemas.errors import StoreNotFound
from watchdown_schemas.fields import has_vector
from watchdown_schemas.record import Record
from watchdown_schemas.rows import to_arrow
from watchdown_schemas.types import STANDARD_TYPES, DialogueLine, Embedding

MODEL: Final = "model"
DIMENSION: Final = 32
LANGUAGES: Final = ("de", "en", "es", "fr", "ja", "zh")
Vectors = NDArray[np.float32]
TEXTS: Final = ("Pull the shower curtain aside", "The children were running home", "To be or not to be")


@dataclass(frozen=True, slots=True)
class Store:
    """A sink with its searcher, asked as the platform asks them."""

    sink: Sink
    searcher: Searcher
    close: Callable[[], None] = lambda: None
    known: Holdings | None = None

    @property
    def holdings(self) -> Holdings:
        """What tells what the store holds."""
        assert self.known is not None
        return self.known

    def write(self, run: int, records: Sequence[Record], title: str = "t", model: str = MODEL) -> Outcome:
        """Write records of one type as a run of a title."""
        schema = type(records[0])
        dimension = DIMENSION if has_vector(schema) else None
        stamp = Stamp(run=run, title=title, timeline=f"{title}.1", asset="a", algorithm="x", version="1.0.0")
        return self.write_batch(run, schema, to_arrow(records, schema, stamp, dimension), model)

    def write_batch(
        self, run: int, schema: type[Record], batch: pa.RecordBatch, model: str = MODEL
    ) -> Outcome:
        """Write rows in their type's own layout as a run."""
        reader = pa.RecordBatchReader.from_batches(batch.schema, [batch.slice(0, 7), batch.slice(7)])
        return self.sink.write([run], schema, reader, model=model if has_vector(schema) else None)

    def search(
        self,
        leaf: Leaf,
        seen: View,
        limit: int = 10,
        at: Snapshot | None = None,
        where: Where | None = None,
    ) -> Candidates:
        """Search the newest snapshot, or a given one."""
        snapshot = self.searcher.snapshot(seen) if at is None else at
        return self.searcher.search(leaf, seen, limit=limit, snapshot=snapshot, where=where)

    def rows(
        self, schemas: Schemas, seen: View, where: Where | None = None, at: Snapshot | None = None
    ) -> list[dict[str, Any]]:
        """Return all of the visible rows that answer a filter, by id."""
        snapshot = self.searcher.snapshot(seen) if at is None else at
        batches = self.searcher.scan(schemas, seen, snapshot=snapshot, where=where)
        return sorted((row for batch in batches for row in batch.to_pylist()), key=lambda row: row["id"])

    def count(self, schemas: Schemas, seen: View, where: Where | None = None) -> int:
        """Count the visible rows that answer a filter."""
        return self.searcher.count(schemas, seen, snapshot=self.searcher.snapshot(seen), where=where)

    def facet(
        self, schemas: Schemas, field: str, seen: View, where: Where | None = None, limit: int = 100
    ) -> Facet:
        """Count the values of a field in the visible rows that answer a filter."""
        snapshot = self.searcher.snapshot(seen)
        return self.searcher.facet(schemas, field, seen, snapshot=snapshot, where=where, limit=limit)

    def said(self, words: str, seen: View, limit: int = 10) -> list[str]:
        """Return the texts of the lines that answer words."""
        return [row["text"] for row in self.search(text_leaf(words, LANGUAGES), seen, limit).rows]

    def scan(self, schema: str, seen: View, at: Snapshot | None = None, **how: Any) -> list[dict[str, Any]]:
        """Return the ids, runs and starts of visible rows in order."""
        snapshot = self.searcher.snapshot(seen) if at is None else at
        columns = ["id", "run", "title", "start_ns"]
        batches = self.searcher.scan(schema, seen, columns=columns, snapshot=snapshot, **how)
        rows = [row for batch in batches for row in batch.to_pylist()]
        return sorted(rows, key=lambda row: (row["run"], row["start_ns"]))


def memory(_folder: Path, types: Types = STANDARD_TYPES) -> Store:
    """Return the reference."""
    store = MemoryStore(types)
    return Store(store, store)


def lance(folder: Path, types: Types = STANDARD_TYPES) -> Store:
    """Return a lake whose rows stay outside the indices."""
    lake = Lake(folder)
    return Store(LanceSink(lake), LanceSearcher(lake, types), known=LanceHoldings(lake, types))


def lance_kept_up(folder: Path, types: Types = STANDARD_TYPES) -> Store:
    """Return a lake that is compacted and indexed after every write."""
    lake = Lake(folder, optimize_from=1)
    return Store(LanceSink(lake), LanceSearcher(lake, types), known=LanceHoldings(lake, types))


def opensearch(
    folder: Path,
    types: Types = STANDARD_TYPES,
    *,
    url: str,
    exact_up_to: int = EXACT_UP_TO,
    **layout: Any,
) -> Store:
    """Return a store on the real server, whose indices have names of their own and go when it is closed."""
    prefix = f"t{hashlib.sha256(str(folder).encode()).hexdigest()[:12]}"
    cluster = Cluster(Access(url=url), Layout(prefix=prefix, replicas=0, **layout))

    def close() -> None:
        cluster.request("remove them", "DELETE", f"/{prefix}-*")
        with suppress(StoreNotFound):
            cluster.request("remove them", "DELETE", f"/_index_template/{prefix}-*")
        cluster.close()

    sink, searcher = OpenSearchSink(cluster), OpenSearchSearcher(cluster, types, exact_up_to=exact_up_to)
    return Store(sink, searcher, close, OpenSearchHoldings(cluster, types))


STORES: Final[Mapping[str, Callable[..., Store]]] = {
    "memory": memory,
    "lance": lance,
    "lance kept up": lance_kept_up,
    "opensearch": partial(opensearch, shards=2),
}
VECTOR_STORES: Final[Mapping[str, Callable[..., Store]]] = {
    **STORES,
    "opensearch by graph": partial(opensearch, exact_up_to=0),
    "opensearch by 7 bits": partial(opensearch, exact_up_to=0, quantised=True, shards=2),
}


@contextmanager
def opened(
    request: pytest.FixtureRequest, folder: Path, types: Types = STANDARD_TYPES, name: str | None = None
) -> Iterator[Store]:
    """Give a store, that of a fixture's parameter unless named, empty, and take it away in the end."""
    name = name or request.param
    where = {"url": request.getfixturevalue("opensearch_url")} if name.startswith("opensearch") else {}
    store = VECTOR_STORES[name](folder, types, **where)
    try:
        yield store
    finally:
        store.close()


def view(
    visible: Iterable[int], *, last: int = 100, titles: Iterable[str] | None = None, epoch: int = 0
) -> View:
    """Return a view of runs, each set of them under an epoch of its own."""
    runs = frozenset(visible)
    scope = None if titles is None else frozenset(titles)
    number = epoch or hash((runs, last)) & 0xFFFFFFFF
    return View(epoch=number, last_run=last, visible=runs, titles=scope)


def lines(*texts: str | tuple[str, str]) -> list[DialogueLine]:
    """Return lines, English unless their language stands beside them, a second each."""
    pairs = [(text, "en") if isinstance(text, str) else text for text in texts]
    return [
        DialogueLine(start_ns=at * 10**9, end_ns=(at + 1) * 10**9, line=at, text=text, language=language)
        for at, (text, language) in enumerate(pairs)
    ]


def unit(rows: int, seed: int = 0) -> Vectors:
    """Return unit vectors that lie about a few centres, float32 [rows, DIMENSION]."""
    dice = np.random.default_rng(seed)
    centres = dice.normal(size=(12, DIMENSION))
    drawn = centres[dice.integers(0, 12, rows)] + 0.3 * dice.normal(size=(rows, DIMENSION))
    return (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)


def frames(vectors: Vectors) -> list[Embedding]:
    """Return an embedding per vector, a second each."""
    return [
        Embedding(start_ns=at * 10**9, end_ns=(at + 1) * 10**9, vector=vector)
        for at, vector in enumerate(vectors)
    ]


def near(vector: Vectors) -> VectorLeaf:
    """Return the leaf that asks for rows near a vector."""
    return VectorLeaf("Embedding", MODEL, vector)
