"""What one epoch's readers read: a point in time per index, opened when it is first needed."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

from opensearchpy.exceptions import NotFoundError

from watchdown.stores.opensearch.cluster import Cluster
from watchdown.stores.protocol import Snapshot
from watchdown_schemas.errors import CursorExpired, StoreError

KEEP: Final = "10m"  # how long a point in time outlives its last use


class Pins(Mapping[str, str]):
    """The aliases that were there when it was made, each with its point in time.

    Iterating tells the aliases and opens nothing.
    """

    def __init__(self, cluster: Cluster, aliases: Collection[str]) -> None:
        self._cluster = cluster
        self._aliases = aliases
        self._opened: dict[str, str] = {}
        self._kept = False
        self._lock = threading.Lock()

    def __getitem__(self, alias: str) -> str:
        if alias not in self._aliases:
            raise KeyError(alias)
        with self._lock:
            if alias not in self._opened:
                self._opened[alias] = open_pin(self._cluster, alias)
            return self._opened[alias]

    def __iter__(self) -> Iterator[str]:
        return iter(self._aliases)

    def __len__(self) -> int:
        return len(self._aliases)

    def __contains__(self, alias: object) -> bool:
        return alias in self._aliases

    def carried(self) -> dict[str, str]:
        """Return the points in time that were opened so far, for a cursor to come back to."""
        self._kept = True
        return dict(self._opened)

    def drop(self) -> None:
        """Let the server forget what no cursor comes back to."""
        with self._lock:
            pins, self._opened = [*self._opened.values()], {}
        if pins and not self._kept:
            with suppress(StoreError, NotFoundError):  # they end by themselves
                self._cluster.request(
                    "close points in time", "DELETE", "/_search/point_in_time", {"pit_id": pins}, deadline_s=0
                )

    def renew(self, alias: str, lost: str) -> None:
        """Forget a point in time that the server has lost."""
        with self._lock:
            if self._opened.get(alias) == lost:
                del self._opened[alias]


def open_pin(cluster: Cluster, alias: str) -> str:
    """Open a point in time of an index."""
    path = f"/{alias}/_search/point_in_time"
    return str(cluster.request("open a point in time", "POST", path, keep_alive=KEEP)["pit_id"])


def search(
    cluster: Cluster, snapshot: Snapshot, alias: str, body: Mapping[str, Any], doing: str = "search"
) -> Any:
    """Return the server's answer to a search of an index as a snapshot has it.

    Raises CursorExpired where a point in time that a cursor brought is no longer kept.
    """
    for last in (False, True):
        pin = str(snapshot[alias])
        try:
            return cluster.request(
                doing, "POST", "/_search", {**body, "pit": {"id": pin, "keep_alive": KEEP}}
            )
        except NotFoundError as error:
            if last or not isinstance(snapshot, Pins):
                cause = f"its point in time on {cluster.server} is no longer kept"
                raise CursorExpired(alias, cause, "Ask again from the first page") from error
            snapshot.renew(alias, pin)
    raise AssertionError(alias)
