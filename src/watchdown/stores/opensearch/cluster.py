"""The connection to one OpenSearch: pooled, with deadlines and retries; and how its indices are named."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import orjson
from opensearchpy import OpenSearch
from opensearchpy.exceptions import OpenSearchException, SerializationError
from opensearchpy.serializer import JSONSerializer

from watchdown.stores.opensearch.faults import translate
from watchdown.stores.opensearch.patience import insist
from watchdown_schemas.derived.opensearch import PREFIX, Engine, index_name
from watchdown_schemas.errors import StoreError
from watchdown_schemas.fields import has_vector
from watchdown_schemas.record import Record

Method = Literal["GET", "PUT", "POST", "DELETE"]
# By default a search leaves out what a node that died has, and says that all went well.
WHOLE: Final[Mapping[str, Any]] = {"allow_partial_search_results": "false"}
SHOWN: Final = 60  # letters of an answer that is none of ours
_NOT_IN_A_NAME: Final = re.compile(r"[^a-z0-9_]")


class _Fast(JSONSerializer):
    """JSON by orjson."""

    def dumps(self, data: Any) -> Any:
        """Return a value as JSON; what is text or bytes already stays so."""
        return data if isinstance(data, str | bytes) else orjson.dumps(data).decode()

    def loads(self, s: str) -> Any:
        """Return the value of JSON text."""
        try:
            return orjson.loads(s)
        except orjson.JSONDecodeError as error:
            raise SerializationError(f"no JSON: {error}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How a library lies in a cluster: the beginning of its indices' names and how indices are made."""

    prefix: str = PREFIX
    engine: Engine = "lucene"
    quantised: bool = False
    shards: int = 1
    replicas: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How a server is reached: its URL and credentials, which no repr shows."""

    url: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca: str | None = None
    signer: Any = field(default=None, repr=False)
    timeout_s: float = 30
    pool: int = 16


class Cluster:
    """One OpenSearch; safe to use from several threads."""

    def __init__(self, access: Access, layout: Layout | None = None) -> None:
        self.layout = layout or Layout()
        self.timeout_s = access.timeout_s
        self.changes = 0  # writes of this process; a snapshot from before them is not the newest
        self._lock = threading.Lock()
        address = urlsplit(access.url)
        self.server = f"OpenSearch at {address.hostname}:{address.port}"
        self._client = OpenSearch(
            [{"host": address.hostname, "port": address.port}],
            use_ssl=address.scheme == "https",
            verify_certs=True,
            ca_certs=access.ca,
            http_auth=access.signer or ((access.username, access.password) if access.username else None),
            timeout=access.timeout_s,
            max_retries=0,
            pool_maxsize=access.pool,
            serializer=_Fast(),
        )

    def request(
        self,
        doing: str,
        method: Method,
        path: str,
        body: Any = None,
        *,
        deadline_s: float | None = None,
        **params: Any,
    ) -> Any:
        """Return the answer to a request, asked again while the server is away or too busy.

        Args:
            doing: What it is for, as errors tell it.
            method: The HTTP method.
            path: The path below the server's address.
            body: A mapping, or JSON as text or bytes.
            deadline_s: How long it may take, with all that it is asked again; as long as one answer may.
            params: The query's parameters.

        Raises:
            LibraryError: It cannot be done: a `StoreError`, or `StorageFull`.
        """
        try:
            return self.insist(method, path, body, deadline_s=deadline_s, **params)
        except OpenSearchException as error:
            raise translate(self.server, doing, error) from error

    def insist(
        self, method: Method, path: str, body: Any = None, *, deadline_s: float | None = None, **params: Any
    ) -> Any:
        """Return the answer to a request as `request` does; raises what the client raises."""
        seconds = self.timeout_s if deadline_s is None else deadline_s
        return insist(lambda left: self.once(method, path, body, timeout_s=left, **params), seconds)

    def once(self, method: Method, path: str, body: Any, *, timeout_s: float, **params: Any) -> Any:
        """Return the answer to a request that is sent once; raises what the client raises."""
        given = {**params, "request_timeout": timeout_s}
        answer = self._client.transport.perform_request(method, path, params=given, body=body)
        if not isinstance(answer, dict):
            raise SerializationError(f"no JSON object: {str(answer)[:SHOWN]!r}")
        return answer

    def version(self) -> str:
        """Return the server's version; raises as `request` does."""
        told = self.request("ask its version", "GET", "/").get("version")
        if not isinstance(told, dict) or "number" not in told:
            raise StoreError(self.server, "answers, but is no OpenSearch", "Name another address in `store`")
        return str(told["number"])

    def changed(self) -> None:
        """Note that this process has written."""
        with self._lock:
            self.changes += 1

    def alias(self, schema: type[Record], model: str | None = None) -> str:
        """Return the name by which readers know the index of a type, and of the model of its vectors."""
        name = index_name(schema, self.layout.prefix)
        return f"{name}-{_NOT_IN_A_NAME.sub('_', model.lower())}" if model and has_vector(schema) else name

    def close(self) -> None:
        """Let go of all connections."""
        self._client.close()
