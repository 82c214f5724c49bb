"""Single facts of a library that its store must know: what is visible, how new its titles are, its types.

Each is a document with a number that only grows, its external version: any process may write it again, and
none can turn it back.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from opensearchpy.exceptions import ConflictError, OpenSearchException

from watchdown.stores.opensearch.cluster import Cluster
from watchdown.stores.opensearch.faults import translate
from watchdown.stores.opensearch.indices import ensure
from watchdown_schemas.derived.opensearch import KEPT
from watchdown_schemas.errors import StoreNotFound

MAPPING: Final[Mapping[str, Any]] = {
    "dynamic": "strict",
    "properties": {"number": {"type": "long"}, "payload": KEPT},
}


class State:
    """The documents of the index `<prefix>-state`; they are read as they are now, without a refresh."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._index = f"{cluster.layout.prefix}-state"
        self._there = False

    def number(self, name: str) -> int:
        """Return the number of a fact, 0 where it was never written."""
        found = self._get(name, "number")
        return int(found["number"]) if found else 0

    def payload(self, name: str) -> tuple[int, str] | None:
        """Return a fact with its number, None where it was never written."""
        found = self._get(name, "number,payload")
        return (int(found["number"]), str(found["payload"])) if found else None

    def write(self, name: str, number: int, payload: str) -> None:
        """Write a fact, unless one with a higher number is there."""
        if not self._there:
            ensure(self._cluster, self._index, MAPPING)
            self._there = True
        path, fact = f"/{self._index}/_doc/{name}", {"number": number, "payload": payload}
        try:
            self._cluster.insist("PUT", path, fact, version=number, version_type="external_gte")
        except ConflictError:
            return  # a newer one is there
        except OpenSearchException as error:
            raise translate(self._cluster.server, f"write down {name}", error) from error

    def forget(self, *names: str) -> None:
        """Remove facts."""
        gone = "".join(f'{{"delete":{{"_id":"{name}"}}}}\n' for name in names)
        if names:
            with suppress(StoreNotFound):
                self._cluster.request("forget facts", "POST", f"/{self._index}/_bulk", gone)

    def _get(self, name: str, fields: str) -> Mapping[str, Any] | None:
        try:
            path = f"/{self._index}/_doc/{name}"
            found = self._cluster.request(f"read {name}", "GET", path, _source=fields)
        except StoreNotFound:
            return None
        source: Mapping[str, Any] = found["_source"]
        return source
