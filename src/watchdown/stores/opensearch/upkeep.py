"""Upkeep of the indices: what was deleted leaves the segments, where it otherwise waits for a merge.

An index that another has taken the place of is retired: it stays for who reads it still, and goes later.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from watchdown.stores.opensearch.clauses import Query
from watchdown.stores.opensearch.cluster import WHOLE, Cluster
from watchdown.stores.opensearch.documents import SCHEMA
from watchdown_schemas.errors import StoreError, StoreNotFound

MERGE_S: Final = 3_600.0
ALLOWED: Final = "index.merge.policy.expunge_deletes_allowed"  # percent of a segment; by default 10
BUCKETS: Final = 5_000
RETIRED: Final = "retired_at"
STAYS_S: Final = 3_600.0  # longer than any page of results is held, and any load goes on
AT_ONCE: Final = 10_000  # values in one request


def of(titles: Sequence[str], runs: Sequence[int]) -> list[Query]:
    """Return queries for the documents of titles and runs, a request's worth each."""
    found: list[Query] = []
    for field, values in (("title", titles), ("run", runs)):
        found += [
            {"terms": {field: list(values[at : at + AT_ONCE])}} for at in range(0, len(values), AT_ONCE)
        ]
    return found


def merge_deleted(cluster: Cluster) -> None:
    """Let the server write segments anew of which a tenth was deleted; it goes on by itself."""
    path = f"/{cluster.layout.prefix}-*/_forcemerge"
    cluster.request("merge segments", "POST", path, only_expunge_deletes="true", wait_for_completion="false")


def expunge(cluster: Cluster) -> None:
    """Write every segment anew that holds a deleted document, and wait for it."""
    for index in _with_deleted(cluster):
        cluster.request("set it up to merge", "PUT", f"/{index}/_settings", {ALLOWED: 0})
        try:
            told = cluster.request(
                "merge segments",
                "POST",
                f"/{index}/_forcemerge",
                deadline_s=MERGE_S,
                only_expunge_deletes="true",
            )
        except StoreNotFound:
            continue
        if told["_shards"]["failed"]:
            cause = f"could not write the segments of {index} anew"
            raise StoreError(cluster.server, cause, "See its log, and repeat the command")
        cluster.request("set it up again", "PUT", f"/{index}/_settings", {ALLOWED: None})


def _with_deleted(cluster: Cluster) -> list[str]:
    told: Mapping[str, Any] = cluster.request(
        "look for deleted documents", "GET", f"/{cluster.layout.prefix}-*/_stats/docs"
    )
    return [name for name, about in told["indices"].items() if about["primaries"]["docs"]["deleted"]]


def count(cluster: Cluster, queries: Sequence[Query]) -> int:
    """Return how many documents answer any of these queries."""
    indices = f"{cluster.layout.prefix}-*"
    cluster.request("refresh them", "POST", f"/{indices}/_refresh")
    body = {"size": 0, "track_total_hits": True, "query": {"bool": {"should": list(queries)}}}
    if not queries:
        return 0
    found = cluster.request("count rows", "POST", f"/{indices}/_search", body, **WHOLE)
    return int(found["hits"]["total"]["value"])


def counted(cluster: Cluster, index: str, of: Sequence[Query] = ()) -> Iterator[tuple[str, int, int]]:
    """Yield the schema type, the run and the number of its rows that an index has and filters let through."""
    sources = [{"schema": {"terms": {"field": SCHEMA}}}, {"run": {"terms": {"field": "run"}}}]
    after: dict[str, Any] = {}
    while True:
        composite = {"size": BUCKETS, "sources": sources, **after}
        query = {"bool": {"filter": list(of)}}
        body = {"size": 0, "query": query, "aggs": {"held": {"composite": composite}}}
        found = cluster.request("count rows", "POST", f"/{index}/_search", body, **WHOLE)
        held = found["aggregations"]["held"]
        for bucket in held["buckets"]:
            yield bucket["key"]["schema"], bucket["key"]["run"], bucket["doc_count"]
        if "after_key" not in held:
            return
        after = {"after": held["after_key"]}


def retire(cluster: Cluster, index: str) -> None:
    """Note that another index has taken the place of one."""
    about = {"_meta": {RETIRED: time.time()}}
    cluster.request("note that it is retired", "PUT", f"/{index}/_mapping", about)


def drop_retired(cluster: Cluster) -> None:
    """Remove the indices that were retired so long ago that nobody reads them any more."""
    for index, about in cluster.request(
        "list the indices", "GET", f"/{cluster.layout.prefix}-*/_mapping"
    ).items():
        at = _retired_at(about)
        if at is not None and time.time() - at >= STAYS_S:
            _remove(cluster, index)


def drop_left(cluster: Cluster, index: str) -> None:
    """Remove an index that no alias shows, but for one that was retired a moment ago."""
    with suppress(StoreNotFound):
        about = cluster.request("read its mapping", "GET", f"/{index}/_mapping")[index]
        at = _retired_at(about)
        if at is None or time.time() - at >= STAYS_S:
            _remove(cluster, index)


def _remove(cluster: Cluster, index: str) -> None:
    with suppress(StoreNotFound):
        cluster.request("remove it", "DELETE", f"/{index}")


def _retired_at(about: Mapping[str, Any]) -> float | None:
    at = about["mappings"].get("_meta", {}).get(RETIRED)
    return None if at is None else float(at)
