"""An OpenSearch that has bad days with bulk writes: what stands before the real one, and what it does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from opensearchpy.exceptions import ConnectionTimeout, TransportError

from watchdown.stores.opensearch.cluster import Cluster

FULL: Final = {"type": "rejected_execution_exception", "reason": "the queue is full"}
Once = Callable[..., Any]


class Faulty:
    """What stands before a real server and has bad days with bulk writes."""

    def __init__(self, cluster: Cluster) -> None:
        self._once: Once = cluster.once
        self.bulks = 0
        self.fault: Callable[[Once, bytes], Any] | None = None

    def __call__(self, method: str, path: str, body: Any, **how: Any) -> Any:
        if not path.endswith("_bulk") or self.fault is None:
            return self._once(method, path, body, **how)
        self.bulks += 1

        def send(some: bytes) -> Any:
            return self._once(method, path, some, **how)

        return self.fault(send, body)


def rejects_half(send: Once, body: bytes) -> Any:
    """Store every second document, and reject the others."""
    lines = body.splitlines(keepends=True)
    pairs = [lines[at] + lines[at + 1] for at in range(0, len(lines), 2)]
    if len(pairs) == 1:
        return send(body)
    taken = iter(send(b"".join(pairs[::2])).get("items", []))
    rejected = {"index": {"status": 429, "error": FULL}}
    items = [next(taken) if at % 2 == 0 else rejected for at in range(len(pairs))]
    return {"errors": True, "items": items}


def times_out_afterwards(send: Once, body: bytes) -> Any:
    """Store all, and do not say so."""
    send(body)
    raise ConnectionTimeout("TIMEOUT", "timed out", TimeoutError("read timed out"))


def too_busy(_send: Once, _body: bytes) -> Any:
    """Take nothing."""
    raise TransportError(429, FULL["type"], {"error": FULL})
