"""What the OpenSearch client raises, as errors of our own tree, and which of it may pass if one waits."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Sequence
from typing import Any, Final

from opensearchpy.exceptions import (
    ConnectionError as NoConnection,
)
from opensearchpy.exceptions import (
    ConnectionTimeout,
    OpenSearchException,
    SSLError,
    TransportError,
)

from watchdown_schemas.errors import (
    LibraryError,
    StorageFull,
    StoreDenied,
    StoreError,
    StoreNotFound,
    StoreReadOnly,
    StoreUnavailable,
    StoreVersion,
)

PASSING: Final = frozenset({429, 502, 503, 504})
BAD_REQUEST, UNAUTHORISED, FORBIDDEN, ABSENT = 400, 401, 403, 404
SHOWN: Final = 300  # letters of what a server says; its log has the rest


def passes(error: BaseException) -> bool:
    """Whether the same request may succeed later: the server is away, or has too much to do."""
    if isinstance(error, SSLError):  # of these, only a connection that was cut
        return any(isinstance(one, ssl.SSLEOFError) for one in getattr(error.info, "args", ()))
    if isinstance(error, NoConnection):  # a timeout is one too
        return True
    return isinstance(error, TransportError) and error.status_code in PASSING


def reason_of(error: TransportError) -> str:
    """Return what the server says, in one line."""
    info = error.info
    words = said(info.get("error", info)) if isinstance(info, dict) else str(error.error)
    return words if len(words) <= SHOWN else f"{words[:SHOWN]}…"


def said(fault: Any) -> str:
    """Return the reason of an error as the server's JSON has it: type and words of its root."""
    if not isinstance(fault, dict):
        return str(fault)
    if fault.get("failures"):  # of a request that goes over many documents
        fault = fault["failures"][0].get("cause") or {}
    root = (fault.get("root_cause") or [fault])[0]
    deeper = fault.get("caused_by") or {}
    words = [str(root.get("type", "")), str(root.get("reason", "")), str(deeper.get("reason", ""))]
    return ": ".join(dict.fromkeys(word for word in words if word))


def translate(server: str, doing: str, error: OpenSearchException) -> LibraryError:
    """Return the error of our own tree for one of the client's, whose notes say how often it was tried."""
    tried = ", ".join([doing, *getattr(error, "__notes__", ())])
    if isinstance(error, ConnectionTimeout):
        cause = f"did not answer in time ({tried})"
        remedy = "See its load and its health (GET _cluster/health), or raise opensearch.timeout_s"
        return StoreUnavailable(server, cause, remedy)
    if isinstance(error, SSLError) and not passes(error):
        remedy = (
            "Set opensearch.ca to the file of certificates that sign the server's, or write `store` as "
            "opensearch://HOST:PORT where it speaks no TLS"
        )
        return StoreUnavailable(server, f"cannot be reached by TLS ({tried}: {_plain(error)})", remedy)
    if isinstance(error, NoConnection):
        remedy = (
            "See that it runs and that `store` names its address, as opensearch+https: where it speaks TLS"
        )
        return StoreUnavailable(server, f"cannot be reached ({tried}: {_plain(error)})", remedy)
    if not isinstance(error, TransportError):
        return _stranger(server, f"{tried}: {error}")
    status, reason = int(error.status_code), reason_of(error)
    if not isinstance(error.info, dict) and status not in (UNAUTHORISED, FORBIDDEN, *PASSING):
        return _stranger(server, f"{tried}; HTTP {status}: {reason}")
    return _answered(server, tried, status, reason)


def _stranger(server: str, told: str) -> LibraryError:
    cause, remedy = (
        "does not answer as OpenSearch does",
        "See that `store` names the address of an OpenSearch",
    )
    return StoreUnavailable(server, f"{cause} ({told})", remedy)


def _answered(server: str, tried: str, status: int, reason: str) -> LibraryError:
    """Return the error for an answer that says no."""
    for applies, kind, cause, remedy in _ANSWERS:
        if applies(status, reason):
            return kind(server, f"{cause} ({tried}; HTTP {status}: {reason})", remedy)
    return StoreError(server, f"refuses ({tried}; HTTP {status}: {reason})", "See the server's log")


_ANSWERS: Final[Sequence[tuple[Callable[[int, str], bool], type[LibraryError], str, str]]] = (
    (
        lambda status, _: status == UNAUTHORISED,
        StoreDenied,
        "refuses the credentials",
        "Set opensearch.username and opensearch.password, or SigV4",
    ),
    (
        lambda status, reason: status == FORBIDDEN and "cluster_block_exception" in reason,
        StoreReadOnly,
        "takes no writes",
        "Lift the block that it names: PUT INDEX/_settings with index.blocks.write or .read_only null",
    ),
    (
        lambda _, reason: "flood-stage" in reason or "disk usage exceeded" in reason,
        StorageFull,
        "its disk is full",
        "Free space on its disk: it then takes writes again by itself",
    ),
    (
        lambda status, _: status == FORBIDDEN,
        StoreDenied,
        "does not allow it",
        "Check the credentials, and give them the rights named in docs/servers.md",
    ),
    (
        lambda status, _: status == ABSENT,
        StoreNotFound,
        "has nothing of that name",
        "See that opensearch.prefix is that of the library, and that nobody removes its indices",
    ),
    (
        lambda _, reason: "index_closed_exception" in reason,
        StoreUnavailable,
        "has closed the index",
        "Open it: POST INDEX/_open",
    ),
    (
        lambda status, _: status in PASSING,
        StoreUnavailable,
        "cannot do it now",
        "Try again; if it stays, lower the load with: watchdown budget --rate N",
    ),
    (
        lambda status, reason: (
            status == BAD_REQUEST and any(word in reason for word in ("strict_dynamic", "mapper", "mapping"))
        ),
        StoreVersion,
        "has an index that another version made",
        "Use the version that made it, or set another opensearch.prefix and load again",
    ),
)


def _plain(error: OpenSearchException) -> str:
    words = str(error.args[1]) if len(error.args) > 1 else str(error)
    return words.rpartition(": ")[2].rstrip(")") or words
