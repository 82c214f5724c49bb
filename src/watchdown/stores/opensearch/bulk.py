"""Bulk writes: documents in batches that suit the server, several in flight, each row accounted for.

What the server has too much of to do, as a whole or row by row, is sent again after a while, in smaller
pieces; what it refuses for good comes back with its reason. Sending a document twice stores it once, since
its id is its own.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import orjson
from opensearchpy.exceptions import OpenSearchException, TransportError

from watchdown.stores.opensearch.cluster import Cluster
from watchdown.stores.opensearch.faults import BAD_REQUEST, PASSING, said, translate
from watchdown.stores.opensearch.pace import Pace
from watchdown.stores.opensearch.patience import insist
from watchdown.stores.protocol import DeadRow

IN_FLIGHT: Final = 3
TOO_LARGE, CONFLICT = 413, 409
CREATED: Final = frozenset({200, 201})
CLOSED: Final = "index_closed_exception"


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
            deadline_s: For how long the server may take nothing at all of a batch.
            pace: How large batches are.
        """
        self._cluster = cluster
        self._index = index
        self._deadline_s = deadline_s
        self._pace = pace or Pace()
        self._given_up = threading.Event()

    def write(self, documents: Iterable[Document]) -> Iterator[DeadRow]:
        """Write documents; yield those that the server refuses for good.

        Raises LibraryError, as `Cluster.request` does, where the server takes none within the deadline.
        """
        with ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="bulk") as pool:
            flying: set[Future[list[DeadRow]]] = set()
            try:
                for batch in self._batches(documents):
                    flying.add(pool.submit(self._send, batch))
                    if len(flying) >= IN_FLIGHT:
                        done, flying = wait(flying, return_when=FIRST_COMPLETED)
                        yield from (one for future in done for one in future.result())
                yield from (one for future in flying for one in future.result())
            except BaseException:
                self._given_up.set()  # the others need not wait for the server any longer
                raise

    def _batches(self, documents: Iterable[Document]) -> Iterator[list[Document]]:
        batch: list[Document] = []
        size = 0
        for document in documents:
            if batch and size + document.size > self._pace.bytes:
                yield batch
                batch, size = [], 0
            batch.append(document)
            size += document.size
        if batch:
            yield batch

    def _send(self, waiting: list[Document]) -> list[DeadRow]:
        """Write a batch; return what is refused for good."""
        dead: list[DeadRow] = []
        while waiting:
            try:
                waiting, refused = insist(
                    partial(self._send_some, waiting),
                    self._deadline_s,
                    before_again=self._pace.refused,
                    given_up=self._given_up,
                )
            except OpenSearchException as error:
                raise translate(self._cluster.server, f"write to {self._index}", error) from error
            dead += refused
        return dead

    def _send_some(self, waiting: list[Document], left: float) -> tuple[list[Document], list[DeadRow]]:
        """Send the first of what waits, as much as suits the server by now.

        Returns what still waits, and what is refused for good. Raises TransportError where none is taken.
        """
        piece = next(self._batches(waiting))
        rest, body, begun = waiting[len(piece) :], _body(piece), time.monotonic()
        try:
            answer = self._cluster.once(
                "POST",
                f"/{self._index}/_bulk",
                body,
                timeout_s=min(left, self._cluster.timeout_s),
                filter_path="errors,items.*.status,items.*.error",
            )
        except TransportError as error:
            if error.status_code != TOO_LARGE:
                raise
            self._pace.too_large()
            if len(piece) == 1:
                return rest, [DeadRow(piece[0].id, piece[0].run, f"{len(body)} bytes are too many: HTTP 413")]
            half = len(piece) // 2
            return rest, [*self._send(piece[:half]), *self._send(piece[half:])]
        again, dead = _sorted(piece, answer)
        if again:
            self._pace.refused()
        else:
            self._pace.took(len(body), time.monotonic() - begun)
        return [*rest, *again], dead


def _body(batch: list[Document]) -> bytes:
    parts = []
    for one in batch:
        head: dict[str, Any] = {"_id": one.id}
        if one.version is not None:
            head |= {"version": one.version, "version_type": "external_gte"}
        parts += [b'{"index":', orjson.dumps(head), b"}\n", one.source, b"\n"]
    return b"".join(parts)


def _sorted(batch: list[Document], answer: dict[str, Any]) -> tuple[list[Document], list[DeadRow]]:
    """Return the documents to send again, and those refused for good.

    Raises TransportError where all are to be sent again, and where not the row is at fault but its index.
    """
    again: list[Document] = []
    dead: list[DeadRow] = []
    if not answer["errors"]:
        return again, dead
    for one, item in zip(batch, answer["items"], strict=True):
        status, fault = item["index"]["status"], item["index"].get("error", {})
        if status in PASSING:
            again.append(one)
        elif status == BAD_REQUEST and fault["type"] != CLOSED:
            dead.append(DeadRow(one.id, one.run, said(fault)))
        elif status not in CREATED and not (status == CONFLICT and one.version is not None):
            raise TransportError(status, fault["type"], {"error": fault})
    if len(again) == len(batch):
        last = answer["items"][-1]["index"]
        raise TransportError(last["status"], last["error"]["type"], {"error": last["error"]})
    return again, dead
