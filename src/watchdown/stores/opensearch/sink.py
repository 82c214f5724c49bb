"""The sink on OpenSearch: runs go into the index of their type, whole, refreshed and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

import pyarrow as pa

from watchdown.stores.dead_rows import DeadRows
from watchdown.stores.opensearch import upkeep
from watchdown.stores.opensearch.bulk import Bulk, Document
from watchdown.stores.opensearch.clauses import Query
from watchdown.stores.opensearch.cluster import WHOLE, Cluster
from watchdown.stores.opensearch.documents import SCHEMA, documents
from watchdown.stores.opensearch.indices import Indices
from watchdown.stores.opensearch.pace import Pace
from watchdown.stores.protocol import Outcome
from watchdown_schemas.arrow import arrow_schema
from watchdown_schemas.errors import StoreNotFound
from watchdown_schemas.fields import vector_field
from watchdown_schemas.record import Record

LOAD_DEADLINE_S: Final = 120.0
MOST_RUNS: Final = 10_000  # in one request; the server takes 65,536 values
DELETE_S: Final = 300.0


class OpenSearchSink:
    """Writes runs into a cluster."""

    of_record: bool = False  # what it holds can be loaded again from what was staged

    def __init__(
        self, cluster: Cluster, *, deadline_s: float = LOAD_DEADLINE_S, pace: Pace | None = None
    ) -> None:
        """Make a sink; `deadline_s` is for how long the server may take no row at all of a batch."""
        self._cluster = cluster
        self._indices = Indices(cluster)
        self._deadline_s = deadline_s
        self._pace = pace or Pace()

    def write(
        self, runs: Sequence[int], schema: type[Record], batches: pa.RecordBatchReader, *, model: str | None
    ) -> Outcome:
        """Write the rows of one schema type of these runs, replacing what is there of them.

        Raises StoreError or StorageFull where the server stays away, full or closed beyond the deadline.
        """
        field = vector_field(schema)
        size = None if field is None else batches.schema.field(field.name).type.list_size
        alias, native = self._cluster.alias(schema, model), arrow_schema(schema, size)
        if not runs:
            return Outcome(0)
        given: Counter[int] = Counter()

        def told() -> Iterator[Document]:
            for batch in batches:
                for id_, run, source in documents(batch.select(native.names).cast(native), schema):
                    given[run] += 1
                    yield Document(id_, run, source)

        index, of = (
            self._indices.prepare(alias, schema, size),
            [_of(some, schema) for some in _in_parts(runs)],
        )
        try:
            dead = self._replace(alias, index, of, told())
            index = self._follow(alias, index, of)
        except StoreNotFound:
            self._indices.forget(alias)
            raise
        finally:
            self._cluster.changed()
        stored = self._count(index, runs, schema)
        return Outcome(sum(stored.values()), _missing(given, stored, dead), dead)

    def _replace(self, alias: str, index: str, old: Sequence[Query], rows: Iterator[Document]) -> DeadRows:
        """Write rows in place of those that an interrupted load left; return what is refused for good."""
        for some in old:
            self._delete(index, some)
        writer = Bulk(self._cluster, index, deadline_s=self._deadline_s, pace=self._pace)
        dead = DeadRows(writer.write(rows))
        self._indices.show(alias, index)
        return dead

    def _follow(self, alias: str, index: str, rows: Sequence[Query]) -> str:
        """Return the index that readers see by now; where it was built anew meanwhile, rows are copied."""
        while (current := self._indices.current(alias)) != index:
            for some in rows:
                copying = {"source": {"index": index, "query": some}, "dest": {"index": current}}
                self._cluster.request(
                    "copy runs", "POST", "/_reindex", copying, deadline_s=DELETE_S, refresh="true"
                )
            index = current
        return index

    def _delete(self, indices: str, query: Query) -> None:
        self._cluster.request("refresh it", "POST", f"/{indices}/_refresh")
        body = {"query": query}
        count = {**body, "size": 0, "track_total_hits": 1}
        found = self._cluster.request("count runs", "POST", f"/{indices}/_search", count, **WHOLE)
        if found["hits"]["total"]["value"]:
            self._cluster.request(
                "delete runs",
                "POST",
                f"/{indices}/_delete_by_query",
                body,
                deadline_s=DELETE_S,
                conflicts="proceed",
                refresh="true",
            )

    def _count(self, index: str, runs: Sequence[int], schema: type[Record]) -> Counter[int]:
        """Return how many rows there are of each run."""
        found: Counter[int] = Counter()
        for some in _in_parts(runs):
            by_run = {"runs": {"terms": {"field": "run", "size": len(some)}}}
            body = {"size": 0, "query": _of(some, schema), "aggs": by_run}
            answer = self._cluster.request("count runs", "POST", f"/{index}/_search", body, **WHOLE)
            found.update({one["key"]: one["doc_count"] for one in answer["aggregations"]["runs"]["buckets"]})
        return found

    def delete(self, runs: Sequence[int]) -> None:
        """Remove every row of these runs, be the index shown to readers yet or not."""
        for some in _in_parts(runs):
            self._delete(f"{self._cluster.layout.prefix}-*", {"terms": {"run": some}})
        self._cluster.changed()

    def tend(self) -> int:
        """Let the server merge what has many deleted rows; how many bytes that frees is not known."""
        upkeep.drop_retired(self._cluster)
        upkeep.merge_deleted(self._cluster)
        return 0

    def expunge(self, titles: Sequence[str], runs: Sequence[int]) -> None:
        """Remove every row of these titles and runs, and write the segments anew that held them."""
        for query in upkeep.of(titles, runs):
            self._delete(f"{self._cluster.layout.prefix}-*", query)
        upkeep.expunge(self._cluster)
        self._cluster.changed()

    def traces(self, titles: Sequence[str], runs: Sequence[int]) -> int:
        """Return how many rows of these titles and runs are left."""
        return upkeep.count(self._cluster, upkeep.of(titles, runs))


def _in_parts(runs: Sequence[int]) -> Iterator[list[int]]:
    for start in range(0, len(runs), MOST_RUNS):
        yield list(runs[start : start + MOST_RUNS])


def _of(runs: Sequence[int], schema: type[Record]) -> Query:
    # A run may have records of several types that share an index.
    return {"bool": {"filter": [{"terms": {"run": list(runs)}}, {"term": {SCHEMA: schema.__name__}}]}}


def _missing(given: Counter[int], stored: Counter[int], dead: DeadRows) -> dict[int, str]:
    """Return the runs of which less is stored than was given and not refused."""
    refused = dead.by_run
    return {
        run: f"{stored[run]} of {rows - refused[run]} rows are in the store after the load"
        for run, rows in given.items()
        if stored[run] != rows - refused[run]
    }
