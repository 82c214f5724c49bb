"""A real HTTP server between a client and a server, which passes all on and fails where it is told to."""

from __future__ import annotations

import http.client
import ssl
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Lock, Thread
from urllib.parse import urlsplit

BLOCK = 16 * 1024
HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "expect"}


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong with one request.

    `status` answers with that and what is `said` as JSON, instead of asking the server; without a status,
    what is said takes the place of the answer's body. `cut` ends the connection after so many bytes of
    that body, with -1 before anything of the answer; `pause` waits so many seconds between bytes, `delay`
    before the first; `lines` hands on so many of the request's body.
    """

    status: int | None = None
    said: bytes = b""
    cut: int | None = None
    pause: float = 0.0
    delay: float = 0.0
    lines: int | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it was answered: bytes of the body that went to the server, and of the answer's body."""

    method: str
    path: str
    range: str | None
    sent: int
    received: int
    authorization: str | None = None


class FaultProxy:
    """Passes requests on to a server; `seen` tells which there were.

    With `tls` it speaks TLS itself; with `demands` it refuses requests whose `Authorization` is another.
    """

    def __init__(self, server: str, *, tls: ssl.SSLContext | None = None, demands: str | None = None) -> None:
        parts = urlsplit(server)
        assert parts.hostname is not None
        assert parts.port is not None
        self.server = (parts.hostname, parts.port)
        self._requests: list[Request] = []
        self._under_way = 0
        self._settled = Condition()
        self._faults: deque[tuple[str, str, Fault]] = deque()
        self.demands = demands
        self._lock = Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"proxy": self}))
        self._http.daemon_threads = True
        self._http.block_on_close = False
        if tls is not None:
            self._http.socket = tls.wrap_socket(self._http.socket, server_side=True)
        self.url = f"{'http' if tls is None else 'https'}://127.0.0.1:{self._http.server_port}"

    def fail(self, fault: Fault, times: int = 1, method: str = "", path: str = "") -> None:
        """Let the next requests fail, of a method if it is named, whose path ends in `path`."""
        with self._lock:
            self._faults.extend([(method, path, fault)] * times)

    def mend(self) -> None:
        """Let nothing fail any more."""
        with self._lock:
            self._faults.clear()

    @property
    def pending(self) -> int:
        """How many faults have not come about yet."""
        return len(self._faults)

    def next_fault(self, method: str, path: str) -> Fault | None:
        """Take the fault of a request out of the queue."""
        with self._lock:
            if self._faults:
                of, ending, fault = self._faults[0]
                if of in {"", method} and path.partition("?")[0].endswith(ending):
                    self._faults.popleft()
                    return fault
        return None

    @contextmanager
    def answering(self) -> Iterator[list[Request]]:
        """Count a request as under way, and give the list that it enters itself into."""
        with self._settled:
            self._under_way += 1
        try:
            yield self._requests
        finally:
            with self._settled:
                self._under_way -= 1
                self._settled.notify_all()

    @property
    def seen(self) -> list[Request]:
        """The requests since `forget`, none of them under way any more."""
        with self._settled:
            self._settled.wait_for(lambda: not self._under_way)
            return list(self._requests)

    def forget(self) -> None:
        """Count from here on."""
        with self._settled:
            self._settled.wait_for(lambda: not self._under_way)
            self._requests.clear()

    @property
    def received(self) -> int:
        """Bytes of bodies that clients got."""
        return sum(request.received for request in self.seen)

    @contextmanager
    def running(self) -> Iterator[FaultProxy]:
        thread = Thread(target=self._http.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield self
        finally:
            self._http.shutdown()
            self._http.server_close()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    proxy: FaultProxy
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Say nothing."""

    def _pass_on(self) -> None:
        with self.proxy.answering() as requests:
            requests.append(self._answered())

    def _answered(self) -> Request:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        authorization = self.headers.get("Authorization")
        fault = self.proxy.next_fault(self.command, self.path)
        if self.proxy.demands not in {None, authorization}:
            fault = Fault(status=401)
        if fault is not None and fault.lines is not None:
            body = b"".join(body.splitlines(keepends=True)[: fault.lines])
        received = 0
        try:
            if fault is not None and fault.status is not None:
                self.send_response(fault.status)
                if fault.said:
                    self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(fault.said)))
                self.end_headers()
                self.wfile.write(fault.said)
            else:
                received = self._forward(body, fault or Fault())
        except (OSError, http.client.HTTPException):
            self.close_connection = True
        given = self.headers.get("Range")
        return Request(self.command, self.path, given, len(body), received, authorization)

    do_DELETE = do_GET = do_HEAD = do_PATCH = do_POST = do_PUT = _pass_on  # noqa: N815 - the base's names

    def _forward(self, body: bytes, fault: Fault) -> int:
        upstream = http.client.HTTPConnection(*self.proxy.server)
        try:
            # The host stays as the client knows it: it is a part of what was signed.
            upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in HOP:
                    upstream.putheader(name, value)
            upstream.putheader("Content-Length", str(len(body)))
            upstream.endheaders(body)
            answer = upstream.getresponse()
            time.sleep(fault.delay)
            if fault.cut == -1:
                self.close_connection = True
                return 0
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in HOP:
                    self.send_header(name, value)
            if answer.chunked and not fault.said:
                self.send_header("Connection", "close")  # its length is not known yet: the end is the end
            else:
                length = str(len(fault.said)) if fault.said else answer.getheader("Content-Length") or "0"
                self.send_header("Content-Length", length)
            self.end_headers()
            return self._answer(answer, fault)
        finally:
            upstream.close()

    def _answer(self, answer: http.client.HTTPResponse, fault: Fault) -> int:
        received, limit = 0, fault.cut
        if fault.said:
            answer.read()
            return self.wfile.write(fault.said)
        while block := answer.read(1 if fault.pause else BLOCK):
            part = block if limit is None else block[: limit - received]
            self.wfile.write(part)
            received += len(part)
            if received == limit:
                self.close_connection = True
                break
            time.sleep(fault.pause)
        return received
