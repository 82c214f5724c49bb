"""The log of queries, where a library keeps one: what was asked and when, without results and without names.

Queries are gathered in memory and written some at a time, as objects of their own: many processes log side
by side, and none reads what others wrote. A search never fails, nor waits for another, because of the log.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from threading import Lock
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from watchdown.search.query import Picture, Query
from watchdown.storage import keys
from watchdown.storage.protocol import Storage
from watchdown_schemas.errors import LibraryError

AT_ONCE: Final = 200  # queries in an object
LONGEST_S: Final = 60.0  # that a query waits in memory while others come


class Logged(BaseModel):
    """A query that somebody asked, and when, in UTC."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    at: str
    query: Query


class QueryLog:
    """Notes queries, and keeps about the newest `keep` of all that are noted anywhere; with 0, none."""

    def __init__(self, storage: Storage, keep: int, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._storage = storage
        self._keep = keep
        self._elapsed = elapsed
        self._held: list[Logged] = []
        self._since = 0.0
        self._off = keep < 1
        self._lock = Lock()

    def note(self, query: Query) -> None:
        """Note a query that was answered; pictures are left out, and nothing is raised."""
        if self._off or isinstance(query.leaf, Picture):
            return
        one = Logged(at=datetime.now(UTC).isoformat(timespec="microseconds"), query=query)
        with self._lock:
            if not self._held:
                self._since = self._elapsed()
            self._held.append(one)
            if len(self._held) < AT_ONCE and self._elapsed() - self._since < LONGEST_S:
                return
        self.flush()

    def flush(self) -> None:
        """Write what is held; who may not write logs no more."""
        with self._lock:
            held, self._held = self._held, []
        if not held:
            return
        name = f"{held[-1].at.replace(':', '').replace('+0000', 'Z')}-{len(held)}-{uuid.uuid4().hex[:8]}"
        lines = "".join(f"{one.model_dump_json()}\n" for one in held)
        try:
            self._storage.put(keys.queries(name), lines.encode())
            self._trim()
        except (LibraryError, OSError):
            self._off = True

    def _trim(self) -> None:
        """Remove objects that hold none of the newest queries; their names say how many each has."""
        left, gone = self._keep, list[str]()
        for key in sorted((stored.key for stored in self._storage.list(keys.QUERIES)), reverse=True):
            if left <= 0:
                gone.append(key)
            left -= _count(key)
        self._storage.delete(gone)


def logged(storage: Storage) -> Iterator[Logged]:
    """Yield the queries of a log, newest first; lines that are none are left out."""
    for key in sorted((stored.key for stored in storage.list(keys.QUERIES)), reverse=True):
        found: list[Logged] = []
        for line in storage.read(key).splitlines():
            with suppress(ValidationError):
                found.append(Logged.model_validate_json(line))
        yield from reversed(found)


def clear(storage: Storage) -> int:
    """Forget all queries; return how many those were."""
    found = [stored.key for stored in storage.list(keys.QUERIES)]
    storage.delete(found)
    return sum(map(_count, found))


def _count(key: str) -> int:
    count = key.rsplit("-", 2)[-2] if key.count("-") > 1 else ""
    return int(count) if count.isdecimal() else 0
