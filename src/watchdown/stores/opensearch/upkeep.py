"""Upkeep of the indices: what was deleted leaves the segments, where it otherwise waits for a merge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from watchdown.stores.opensearch.clauses import Query
from watchdown.stores.opensearch.cluster import WHOLE, Cluster
from watchdown_schemas.errors import StoreError, StoreNotFound

MERGE_S: Final = 3_600.0
ALLOWED: Final = "index.merge.policy.expunge_deletes_allowed"  # percent of a segment; by default 10
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
