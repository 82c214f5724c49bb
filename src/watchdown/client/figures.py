"""The figures of a library, and a small server that gives them to whoever scrapes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from watchdown.client.services import Services
from watchdown.metrics.exposition import CONTENT_TYPE, Figure, exposition
from watchdown.runs.figures import figures as of_ledger
from watchdown_schemas.errors import QueryError, WatchdownError

LOOPBACK: Final = "127.0.0.1"
PATHS: Final = ("/metrics", "/")
PLAIN: Final = "text/plain; charset=utf-8"
HIGHEST_PORT: Final = 65535


def figures(services: Services) -> list[Figure]:
    """Return all figures of a library, read from its database now."""
    from watchdown import __version__

    return [Figure("watchdown_build_info", 1, {"version": __version__}), *of_ledger(services.database)]


def text(services: Services) -> str:
    """Return all figures of a library as Prometheus reads them."""
    return exposition(figures(services))


def address_of(written: str) -> tuple[str, int]:
    """Return host and port of an address as people write it: `9464`, `:9464` or `HOST:PORT`."""
    host, _, port = written.strip().rpartition(":")
    host = host.removeprefix("[").removesuffix("]") or LOOPBACK
    if not port.isdecimal() or int(port) > HIGHEST_PORT:
        raise QueryError(written, "is no address", f"Write it as PORT or HOST:PORT, such as {LOOPBACK}:9464")
    return host, int(port)


@contextmanager
def serving(give: Callable[[], str], host: str, port: int) -> Iterator[ThreadingHTTPServer]:
    """Give a server of what `give` returns, one call after the other; whoever has it calls `serve_forever`.

    Raises QueryError where the address cannot be used.
    """
    try:
        server = ThreadingHTTPServer((host, port), _handler(give))
    except OSError as error:
        cause = f"cannot be listened at ({error.strerror})"
        raise QueryError(f"{host}:{port}", cause, "Choose another port, or end what listens there") from error
    with server:
        yield server


def _handler(give: Callable[[], str]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Answers with the figures of now; a library that cannot be read is told as 503."""

        timeout = 30

        def do_GET(self) -> None:
            """Answer."""
            if self.path.partition("?")[0] not in PATHS:
                self._answer(HTTPStatus.NOT_FOUND, PLAIN, "The figures are at /metrics\n")
                return
            try:
                told = give()
            except WatchdownError as error:
                self._answer(HTTPStatus.SERVICE_UNAVAILABLE, PLAIN, f"{error}\n")
            else:
                self._answer(HTTPStatus.OK, CONTENT_TYPE, told)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's own name
            """Say nothing of each call."""

        def _answer(self, status: HTTPStatus, kind: str, told: str) -> None:
            body = told.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler
