"""Serves the logs of pods to the API server, as a node does, and says whether the node is well."""

from __future__ import annotations

import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import BinaryIO, ClassVar
from urllib.parse import parse_qs, urlsplit

from services.kubernetes.node.node import Node
from services.kubernetes.node.pods import Pod

LOOK_S = 0.1
PIECE = 1 << 16


class Handler(BaseHTTPRequestHandler):
    """Answers one request; `kubectl logs` asks by way of the API server."""

    node: ClassVar[Node]

    def do_GET(self) -> None:
        """Answer."""
        url = urlsplit(self.path)
        match url.path.split("/")[1:]:
            case ["healthz"]:
                self._answer(200 if self.node.ready else 503, "ok" if self.node.ready else "not ready")
            case ["containerLogs", namespace, name, container]:
                self._logs(
                    namespace, name, container, {key: said[-1] for key, said in parse_qs(url.query).items()}
                )
            case _:
                self._answer(404, "not found")

    def _logs(self, namespace: str, name: str, container: str, query: dict[str, str]) -> None:
        pod = self.node.pod(namespace, name)
        if pod is None:
            self._answer(404, f'pod "{name}" not found')
            return
        log = pod.log(container, previous=query.get("previous") == "true")
        if log is None:
            self._answer(400, f'container "{container}" in pod "{name}" has not started')
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        with log.open("rb") as file:
            self._copy(file, pod, query)

    def _copy(self, file: BinaryIO, pod: Pod, query: dict[str, str]) -> None:
        if (tail := query.get("tailLines")) is not None:
            lines = file.readlines()
            self.wfile.write(b"".join(lines[max(len(lines) - int(tail), 0) :]))
        while True:
            over = pod.done.is_set()
            while piece := file.read(PIECE):
                self.wfile.write(piece)
            if over or query.get("follow") != "true":
                return
            self.wfile.flush()
            time.sleep(LOOK_S)

    def _answer(self, code: int, text: str) -> None:
        self.send_response(code)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def serve(node: Node, port: int, certificate: Path, key: Path, authority: Path) -> ThreadingHTTPServer:
    """Serve in the background, to holders of a certificate of the cluster only."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(authority))
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(certificate, key)
    server = ThreadingHTTPServer(("127.0.0.1", port), type("Bound", (Handler,), {"node": node}))
    # Hands are shaken in the thread of each request, so that nobody holds up the others.
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
