"""The sink on OpenSearch: runs go into the index of their type, whole, refreshed and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

import pyarrow as pa
from opensearchpy.exceptions import NotFoundError

from watchdown.stores.opensearch.bulk import Bulk, Document, Pace
from watchdown.stores.opensearch.cluster import Cluster
from watchdown.stores.opensearch.documents import SCHEMA, documents
from watchdown.stores.opensearch.indices import Indices
from watchdown.stores.protocol import DeadRow, Outcome
from watchdown_schemas.arrow import arrow_schema
from watchdown_schemas.fields import vector_field
from watchdown_schemas.record import Record

LOAD_DEADLINE_S: Final = 120.0
MOST_RUNS: Final = 10_000  # of one write that are counted in one request
DELETE_S: Final = 300.0


class OpenSearchSink:
    """Writes runs into a cluster."""

    of_record: bool = False  # what it holds can be loaded again from what was staged

    def __init__(self, cluster: Cluster, *, deadline_s: float = LOAD_DEADLINE_S) -> None:
        self._cluster = cluster
        self._indices = Indices(cluster)
        self._deadline_s = deadline_s
        self._pace = Pace()

    def write(
        self, runs: Sequence[int], schema: type[Record], batches: pa.RecordBatchReader, *, model: str | None
    ) -> Outcome:
        """Write the rows of one schema type of these runs, replacing what is there of them.

        Raises StoreError where the server stays away or full beyond the deadline.
        """
        field = vector_field(schema)
        size = None if field is None else batches.schema.field(field.name).type.list_size
        alias, native = self._cluster.alias(schema, model), arrow_schema(schema, size)
        index = self._indices.name(alias)
        if not runs:
            return Outcome(0)
        self._indices.prepare(alias, schema, size)
        self._clear(index, runs, schema)
        given: Counter[int] = Counter()

        def told() -> Iterator[Document]:
            for batch in batches:
                for id_, run, source in documents(batch.select(native.names).cast(native), schema):
                    given[run] += 1
                    yield Document(id_, run, source)

        writer = Bulk(self._cluster, index, deadline_s=self._deadline_s, pace=self._pace)
        try:
            dead = list(writer.write(told()))
        finally:
            self._cluster.changed()
        self._indices.show(alias)
        self._cluster.changed()
        stored = self._count(index, runs, schema)
        return Outcome(sum(stored.values()), _missing(given, stored, dead), dead)

    def _clear(self, index: str, runs: Sequence[int], schema: type[Record]) -> None:
        """Remove what an interrupted load left of these runs."""
        self._cluster.request("refresh it", "POST", f"/{index}/_refresh")
        if self._count(index, runs, schema):
            self._delete(index, _of(runs, schema))

    def _delete(self, index: str, query: dict[str, Any]) -> None:
        self._cluster.request(
            "delete runs",
            "POST",
            f"/{index}/_delete_by_query",
            {"query": query},
            timeout_s=DELETE_S,
            conflicts="proceed",
            refresh="true",
        )
        self._cluster.changed()

    def _count(self, index: str, runs: Sequence[int], schema: type[Record]) -> Counter[int]:
        """Return how many rows there are of each run."""
        found: Counter[int] = Counter()
        for start in range(0, len(runs), MOST_RUNS):
            some = runs[start : start + MOST_RUNS]
            by_run = {"runs": {"terms": {"field": "run", "size": len(some)}}}
            body = {"size": 0, "query": _of(some, schema), "aggs": by_run}
            answer = self._cluster.request("count runs", "POST", f"/{index}/_search", body)
            found.update({one["key"]: one["doc_count"] for one in answer["aggregations"]["runs"]["buckets"]})
        return found

    def delete(self, runs: Sequence[int]) -> None:
        """Remove every row of these runs."""
        for alias in sorted(self._indices.shown()):
            for start in range(0, len(runs), MOST_RUNS):
                try:
                    self._delete(alias, {"terms": {"run": list(runs[start : start + MOST_RUNS])}})
                except NotFoundError:
                    break


def _of(runs: Sequence[int], schema: type[Record]) -> dict[str, Any]:
    # A run may have records of several types that share an index.
    return {"bool": {"filter": [{"terms": {"run": list(runs)}}, {"term": {SCHEMA: schema.__name__}}]}}


def _missing(given: Counter[int], stored: Counter[int], dead: Sequence[DeadRow]) -> dict[int, str]:
    """Return the runs of which less is stored than was given and not refused."""
    refused = Counter(row.run for row in dead)
    return {
        run: f"{stored[run]} of {rows - refused[run]} rows are in the store after the load"
        for run, rows in given.items()
        if stored[run] != rows - refused[run]
    }
