"""Bulk writes: documents in batches that suit the server, several in flight, each row accounted for.

What the server has too much of to do, as a whole or row by row, is sent again after a while; what it refuses
for good comes back with its reason. Sending a document twice stores it once, since its id is its own.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import orjson
from opensearchpy.exceptions import OpenSearchException, TransportError
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random_exponential

from watchdown.stores.opensearch.cluster import Cluster
from watchdown.stores.opensearch.faults import PASSING, passes, said, translate
from watchdown.stores.protocol import DeadRow

START_BYTES: Final = 1 << 20
LEAST_BYTES: Final = 64 << 10
MOST_BYTES: Final = 8 << 20
SLOW_S, QUICK_S = 2.0, 0.5
IN_FLIGHT: Final = 3
REJECTED, TOO_LARGE, CONFLICT = 429, 413, 409
CREATED: Final = frozenset({200, 201})


@dataclass(frozen=True, slots=True)
class Document:
    """One row on its way: its id, its run, and its JSON.

    With a `version`, it is not written where one of a later version is there.
    """

    id: str
    run: int
    source: bytes
    version: int | None = None

    @property
    def size(self) -> int:
        """How many bytes it takes in a request."""
        return len(self.source) + len(self.id) + 32


class Pace:
    """How large batches are: halved when the server is slow or full, larger again while it is quick."""

    def __init__(self) -> None:
        self.bytes: int = START_BYTES
        self._lock = threading.Lock()

    def took(self, seconds: float) -> None:
        """Note how long a full batch took."""
        with self._lock:
            if seconds > SLOW_S:
                self.bytes = max(LEAST_BYTES, self.bytes // 2)
            elif seconds < QUICK_S:
                self.bytes = min(MOST_BYTES, self.bytes * 3 // 2)

    def refused(self) -> None:
        """Note that the server has had too much."""
        with self._lock:
            self.bytes = max(LEAST_BYTES, self.bytes // 2)


class Bulk:
    """Writes documents into one index."""

    def __init__(
        self,
        cluster: Cluster,
        index: str,
        *,
        deadline_s: float,
        pace: Pace | None = None,
    ) -> None:
        """Make a writer.

        Args:
            cluster: The server.
            index: The index.
            deadline_s: For how long a batch is sent again while the server does not take it.
            pace: How large batches are.
        """
        self._cluster = cluster
        self._index = index
        self._deadline_s = deadline_s
        self._pace = pace or Pace()

    def write(self, documents: Iterable[Document]) -> Iterator[DeadRow]:
        """Write documents; yield those that the server refuses for good.

        Raises StoreError where the server cannot be written to within the deadline.
        """
        batches = self._batches(iter(documents))
        with ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="bulk") as pool:
            flying: set[Future[list[DeadRow]]] = set()
            try:
                for batch in batches:
                    flying.add(pool.submit(self._send, batch))
                    if len(flying) >= IN_FLIGHT:
                        done, flying = wait(flying, return_when=FIRST_COMPLETED)
                        yield from (one for future in done for one in future.result())
                yield from (one for future in flying for one in future.result())
            finally:
                for future in flying:
                    future.cancel()

    def _batches(self, documents: Iterator[Document]) -> Iterator[list[Document]]:
        while batch := list(islice(documents, 1)):
            size = batch[0].size
            while size < self._pace.bytes and (more := next(documents, None)) is not None:
                batch.append(more)
                size += more.size
            yield batch

    def _send(self, batch: list[Document]) -> list[DeadRow]:
        """Write one batch, sending again what may yet pass; return what is refused for good."""
        refused: list[DeadRow] = []
        waiting = batch

        def once() -> None:
            nonlocal waiting
            begun = time.monotonic()
            answer = self._cluster.once(
                "POST",
                f"/{self._index}/_bulk",
                _body(waiting),
                filter_path="errors,items.*.status,items.*.error",
            )
            waiting, lost = _sorted(waiting, answer)
            refused.extend(lost)
            if waiting:
                raise TransportError(REJECTED, "rejected", {"error": "it rejects single documents"})
            self._pace.took(time.monotonic() - begun)

        sending = Retrying(
            retry=retry_if_exception(passes),
            stop=stop_after_delay(self._deadline_s),
            wait=wait_random_exponential(multiplier=0.2, max=10),
            before_sleep=lambda _: self._pace.refused(),
            reraise=True,
        )
        try:
            sending(once)
        except OpenSearchException as error:
            if isinstance(error, TransportError) and error.status_code == TOO_LARGE and len(waiting) > 1:
                self._pace.refused()
                half = len(waiting) // 2
                return [*refused, *self._send(waiting[:half]), *self._send(waiting[half:])]
            raise translate(self._cluster.server, f"write to {self._index}", error) from error
        return refused


def _body(batch: list[Document]) -> bytes:
    parts = []
    for one in batch:
        head: dict[str, Any] = {"_id": one.id}
        if one.version is not None:
            head |= {"version": one.version, "version_type": "external_gte"}
        parts += [b'{"index":', orjson.dumps(head), b"}\n", one.source, b"\n"]
    return b"".join(parts)


def _sorted(batch: list[Document], answer: dict[str, Any]) -> tuple[list[Document], list[DeadRow]]:
    """Return the documents to send again, and those refused for good."""
    if not answer["errors"]:
        return [], []
    again, refused = [], []
    for one, item in zip(batch, answer["items"], strict=True):
        result = item["index"]
        if result["status"] in PASSING:
            again.append(one)
        elif result["status"] == CONFLICT and one.version is not None:
            continue  # a later one is there
        elif result["status"] not in CREATED:
            refused.append(DeadRow(one.id, one.run, said(result.get("error"))))
    return again, refused
