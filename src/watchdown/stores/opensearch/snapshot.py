"""What one epoch's readers read: a point in time per index, opened when it is first needed."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

from opensearchpy.exceptions import OpenSearchException, TransportError

from watchdown.stores.opensearch.cluster import WHOLE, Cluster
from watchdown.stores.opensearch.faults import translate
from watchdown.stores.protocol import Snapshot
from watchdown_schemas.errors import CursorExpired, LibraryError

KEEP: Final = "10m"  # how long a point in time outlives its last use
# A point in time that has ended, and one that a node had which is gone.
LOST: Final = frozenset({404, 500})


class Pins(Mapping[str, str]):
    """The aliases that were there when it was made, each with its point in time.

    Iterating tells the aliases and opens nothing. When the last reader has let go of it, its points in time
    go to `unused`, unless a cursor comes back to them.
    """

    def __init__(self, cluster: Cluster, aliases: Collection[str], unused: deque[str]) -> None:
        self._cluster = cluster
        self._aliases = aliases
        self._unused = unused
        self._opened: dict[str, str] = {}
        self._kept = False
        self._lock = threading.Lock()

    def __getitem__(self, alias: str) -> str:
        if alias not in self._aliases:
            raise KeyError(alias)
        with self._lock:
            if alias in self._opened:
                return self._opened[alias]
        opened = open_pin(self._cluster, alias)  # outside the lock: others need not wait for the server
        with self._lock:
            pin = self._opened.setdefault(alias, opened)
        if pin != opened:
            self._unused.append(opened)
        return pin

    def __iter__(self) -> Iterator[str]:
        return iter(self._aliases)

    def __len__(self) -> int:
        return len(self._aliases)

    def __contains__(self, alias: object) -> bool:
        return alias in self._aliases

    def __del__(self) -> None:
        if not self._kept:
            self._unused.extend(self._opened.values())

    def carried(self) -> dict[str, str]:
        """Return the points in time that were opened so far, for a cursor to come back to."""
        self._kept = True
        with self._lock:
            return dict(self._opened)

    def renew(self, alias: str, lost: str) -> None:
        """Forget a point in time that the server has lost."""
        with self._lock:
            if self._opened.get(alias) == lost:
                del self._opened[alias]


def open_pin(cluster: Cluster, alias: str) -> str:
    """Open a point in time of an index, of all its shards."""
    opened = cluster.request(
        "open a point in time",
        "POST",
        f"/{alias}/_search/point_in_time",
        keep_alive=KEEP,
        allow_partial_pit_creation="false",
    )
    return str(opened["pit_id"])


def close_pins(cluster: Cluster, pins: Collection[str]) -> None:
    """Let the server forget points in time; where it is away, they end by themselves."""
    if pins:
        with suppress(LibraryError):
            path, body = "/_search/point_in_time", {"pit_id": [*pins]}
            cluster.request("close points in time", "DELETE", path, body, deadline_s=0)


def search(
    cluster: Cluster, snapshot: Snapshot, alias: str, body: Mapping[str, Any], doing: str = "search"
) -> Any:
    """Return the server's answer to a search of an index as a snapshot has it.

    A point in time that the server has lost is opened anew, but for one that a cursor brought or whose
    first rows were read already: then CursorExpired is raised, since no other has the same order.
    """
    begins = isinstance(snapshot, Pins) and "search_after" not in body
    for last in (False, True):
        pin = str(snapshot[alias])
        try:
            return cluster.insist(
                "POST", "/_search", {**body, "pit": {"id": pin, "keep_alive": KEEP}}, **WHOLE
            )
        except OpenSearchException as error:
            lost = isinstance(error, TransportError) and error.status_code in LOST
            if lost and isinstance(snapshot, Pins):
                snapshot.renew(alias, pin)
            if lost and not begins:
                cause = f"its point in time on {cluster.server} is no longer kept"
                raise CursorExpired(alias, cause, "Ask again from the first page") from error
            if last or not lost:
                raise translate(cluster.server, doing, error) from error
    raise AssertionError(alias)
