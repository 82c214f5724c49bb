"""What the OpenSearch client raises, as errors of our own tree, and which of it may pass if one waits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from opensearchpy.exceptions import (
    ConnectionError as NoConnection,
)
from opensearchpy.exceptions import (
    ConnectionTimeout,
    OpenSearchException,
    TransportError,
)

from watchdown_schemas.errors import (
    LibraryError,
    StorageFull,
    StoreDenied,
    StoreError,
    StoreReadOnly,
    StoreUnavailable,
    StoreVersion,
)

PASSING: Final = frozenset({429, 502, 503, 504})
UNAUTHORISED, FORBIDDEN = 401, 403


def passes(error: BaseException) -> bool:
    """Whether the same request may succeed later: the server is away, or has too much to do."""
    if isinstance(error, NoConnection | ConnectionTimeout):
        return True
    return isinstance(error, TransportError) and error.status_code in PASSING


def reason_of(error: TransportError) -> str:
    """Return what the server says, in one line."""
    return said(error.info.get("error", error.info)) if isinstance(error.info, dict) else str(error.error)


def said(fault: Any) -> str:
    """Return the reason of an error as the server's JSON has it: type and words of its root."""
    if not isinstance(fault, dict):
        return str(fault)
    root = (fault.get("root_cause") or [fault])[0]
    deeper = fault.get("caused_by") or {}
    words = [str(root.get("type", "")), str(root.get("reason", "")), str(deeper.get("reason", ""))]
    return ": ".join(dict.fromkeys(word for word in words if word))


@contextmanager
def translated(server: str, doing: str) -> Iterator[None]:
    """Turn what the client raises inside the block into errors that name server, act, cause and remedy."""
    try:
        yield
    except OpenSearchException as error:
        raise translate(server, doing, error) from error


def translate(server: str, doing: str, error: OpenSearchException) -> LibraryError:
    """Return the error of our own tree for one of the client's."""
    if isinstance(error, ConnectionTimeout):
        cause = f"did not answer in time ({doing})"
        return StoreUnavailable(server, cause, "See whether it is overloaded, or raise opensearch.timeout_s")
    if isinstance(error, NoConnection):
        cause = f"cannot be reached ({doing}: {_plain(error)})"
        return StoreUnavailable(server, cause, "See that it runs and that `store` names its address")
    if not isinstance(error, TransportError):
        return StoreError(server, f"fails ({doing}: {error})", "See the server's log")
    return _answered(server, doing, int(error.status_code), reason_of(error))


def _answered(server: str, doing: str, status: int, reason: str) -> LibraryError:
    """Return the error for an answer that says no."""
    for applies, kind, cause, remedy in _ANSWERS:
        if applies(status, reason):
            return kind(server, f"{cause} ({doing}; HTTP {status}: {reason})", remedy)
    return StoreError(server, f"refuses ({doing}; HTTP {status}: {reason})", "See the server's log")


_ANSWERS: Final[Sequence[tuple[Callable[[int, str], bool], type[LibraryError], str, str]]] = (
    (
        lambda status, _: status == UNAUTHORISED,
        StoreDenied,
        "refuses the credentials",
        "Set opensearch.username and opensearch.password, or SigV4",
    ),
    (
        lambda _, reason: "flood-stage" in reason or "disk usage exceeded" in reason,
        StorageFull,
        "its disk is full",
        "Free space on its disk",
    ),
    (
        lambda status, reason: status == FORBIDDEN and ("read-only" in reason or "read_only" in reason),
        StoreReadOnly,
        "takes no writes",
        "Lift the block: PUT <index>/_settings with index.blocks.write and read_only null",
    ),
    (
        lambda status, _: status == FORBIDDEN,
        StoreDenied,
        "does not allow it",
        "Give this user the rights named in docs/servers.md",
    ),
    (
        lambda status, _: status in PASSING,
        StoreUnavailable,
        "cannot do it now",
        "Try again; if it stays, lower the load with: watchdown budget --rate N",
    ),
    (
        lambda _, reason: any(word in reason for word in ("strict_dynamic_mapping", "mapper", "mapping")),
        StoreVersion,
        "has an index that another version made",
        "Use the version that made it, or set another opensearch.prefix and load again",
    ),
)


def _plain(error: OpenSearchException) -> str:
    words = str(error.args[1]) if len(error.args) > 1 else str(error)
    return words.rpartition(": ")[2].rstrip(")") or words
