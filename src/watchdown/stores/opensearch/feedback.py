"""How an OpenSearch bears a load: what it rejected, what waits to be written, and what a search takes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import cycle
from typing import Any, Final

from opensearchpy.exceptions import ConnectionTimeout, OpenSearchException, TransportError

from watchdown.stores.feedback import Look
from watchdown.stores.opensearch.cluster import Cluster, Method
from watchdown.stores.opensearch.documents import SCHEMA
from watchdown.stores.opensearch.faults import ABSENT, FORBIDDEN, PASSING, translate
from watchdown.stores.opensearch.pace import Pace
from watchdown.stores.opensearch.vectors import BREADTH, HIT
from watchdown.stores.shared import VECTOR
from watchdown_schemas.arrow import STEMS

REOPEN_S: Final = 60.0
LATE_S: Final = 5.0  # a search that takes longer counts as if it took this
LIMIT: Final = 10
QUERIES: Final = 16
WRITE_QUEUE: Final = "nodes.*.thread_pool.write.queue,nodes.*.thread_pool.write.threads"
Body = dict[str, Any]


class OpenSearchFeedback:
    """Searches the library's largest index, by vectors where one has some, else by words of its texts.

    What a search takes is counted by the server, as `took`, so that how busy this process is does not tell.
    """

    def __init__(self, cluster: Cluster, pace: Pace) -> None:
        """Make it; `pace` is that of the writers of this process."""
        self._cluster = cluster
        self._pace = pace
        self._searches: Iterator[tuple[str, Body]] | None = None
        self._opened_at = 0.0
        self._may_ask = True

    @property
    def rejected(self) -> int:
        """How often the server has had too much of what this process wrote."""
        return self._pace.rejected

    def look(self) -> Look:
        """Search once, and look at the queue of writes. Raises as `Cluster.request` does."""
        try:
            return Look(searched_ms=self._search(), queued=self._queue())
        except OpenSearchException as error:
            raise translate(self._cluster.server, "look at it", error) from error

    def _search(self) -> float | None:
        now = time.monotonic()
        if self._searches is None or now - self._opened_at > REOPEN_S:
            self._searches, self._opened_at = self._open(), now
        if self._searches is None:
            return None
        index, body = next(self._searches)
        try:
            return float(self._ask(f"/{index}/_search", body)["took"])
        except ConnectionTimeout:
            return LATE_S * 1000
        except TransportError as error:
            if error.status_code in PASSING:
                return LATE_S * 1000
            if error.status_code != ABSENT:
                raise
            self._searches = None
            return None

    def _queue(self) -> float | None:
        """Return how many writes wait for each thread of the node where most do; None if that is secret."""
        if not self._may_ask:
            return None
        try:
            found = self._ask("/_nodes/stats/thread_pool", filter_path=WRITE_QUEUE)
        except TransportError as error:
            self._may_ask = error.status_code != FORBIDDEN
            return None
        pools = [node["thread_pool"]["write"] for node in found.get("nodes", {}).values()]
        return max((pool["queue"] / max(1, pool["threads"]) for pool in pools), default=None)

    def _open(self) -> Iterator[tuple[str, Body]] | None:
        """Return searches of the index that is worth it most, again and again; None without any."""
        pattern = f"/{self._cluster.layout.prefix}-*"
        counts = self._ask(f"{pattern}/_stats/docs", filter_path="indices.*.primaries.docs.count")
        mappings = self._ask(f"{pattern}/_mapping")
        found = []
        for index, about in counts.get("indices", {}).items():
            fields = mappings.get(index, {}).get("mappings", {}).get("properties", {})
            if SCHEMA in fields:  # others hold no records
                found.append((VECTOR in fields, about["primaries"]["docs"]["count"], index, fields))
        for has_vector, rows, index, fields in sorted(found, key=lambda one: one[:2], reverse=True):
            made = self._by_vector(index) if has_vector else self._by_words(index, fields)
            if rows and (searches := [(index, body) for body in made]):
                return cycle(searches)
        return None

    def _by_vector(self, index: str) -> Iterator[Body]:
        for source in self._some(index, VECTOR):
            near = {"vector": source, "k": LIMIT, "method_parameters": {"ef_search": BREADTH}}
            yield {**HIT, "size": LIMIT, "query": {"knn": {VECTOR: near}}}

    def _by_words(self, index: str, fields: Body) -> Iterator[Body]:
        for field in (name for name in fields if name.endswith(STEMS)):
            for source in self._some(index, field):
                yield {**HIT, "size": LIMIT, "query": {"match": {field: source.split()[0]}}}

    def _some(self, index: str, field: str) -> Iterator[Any]:
        """Yield values of a field that are there."""
        body = {"size": QUERIES, "_source": [field], "query": {"exists": {"field": field}}}
        for hit in self._ask(f"/{index}/_search", body)["hits"]["hits"]:
            if value := hit["_source"].get(field):
                yield value

    def _ask(self, path: str, body: Body | None = None, **params: Any) -> Body:
        method: Method = "GET" if body is None else "POST"
        found: Body = self._cluster.once(method, path, body, timeout_s=LATE_S, **params)
        return found
