"""Models on a Triton server, as algorithms run them: from any thread, a whole batch at a time."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from watchdown.models.call import Call
from watchdown.models.connection import Connection
from watchdown.models.repository import name
from watchdown.models.triton import Refused, Server, Tls
from watchdown_algos.manifest import ModelSpec
from watchdown_algos.model_files import ModelFiles
from watchdown_schemas.errors import ModelUnavailable

if TYPE_CHECKING:
    from numpy.typing import NDArray


class TritonModels:
    """All models of one server; it is reached when one is first run."""

    def __init__(
        self,
        address: str,
        *,
        tls: Tls | None = None,
        in_flight: int = 32,
        timeout: float = 10,
        deadline: float = 60,
    ) -> None:
        """Name the server.

        Args:
            address: Host and port of its gRPC, `host:port`.
            tls: How it is trusted; without it the connection is in plain text.
            in_flight: How many requests may be under way at once; others wait.
            timeout: How long one request may take, in seconds.
            deadline: How long one call may take with all that is asked again, in seconds.
        """
        self.where = f"triton://{address}"
        self._connection = Connection(lambda: Server(address, tls=tls, in_flight=in_flight, timeout=timeout))
        self._deadline = deadline
        self._found: dict[Path, TritonModel] = {}
        self._finding = Lock()

    def model(self, algorithm: str, folder: Path, spec: ModelSpec) -> TritonModel:
        """Return the model of an algorithm's folder."""
        with self._finding:
            if folder not in self._found:
                path = folder / spec.path
                self._found[folder] = TritonModel(path, spec, algorithm, self._connection, self._deadline)
            return self._found[folder]

    def version(self) -> str:
        """Return the server's version, asked once; raises ModelUnavailable."""
        return self._connection.call(self._version)

    async def _version(self, server: Server) -> str:
        try:
            return await server.version()
        except Refused as refused:
            remedy = "See that the server runs, and that `model` names the address of its gRPC"
            raise ModelUnavailable(self.where, f"does not answer ({refused})", remedy) from refused

    def close(self) -> None:
        """Close the connection; a model that is run afterwards opens it again."""
        self._connection.close()


class TritonModel(ModelFiles):
    """A model whose graphs run on a server; running is safe from several threads."""

    def __init__(
        self, path: Path, spec: ModelSpec, algorithm: str, connection: Connection, deadline: float
    ) -> None:
        """Find the files; nothing is asked of the server yet."""
        super().__init__(path, spec)
        self.on_gpu = False  # as far as is known before it has answered
        self._algorithm = algorithm
        self._connection = connection
        self._deadline = deadline

    def __call__(self, graph: str, batch: NDArray[Any]) -> NDArray[np.float32]:
        """Run a graph on a batch, whose first axis may be of any length.

        Raises:
            AlgorithmError: the model has no such graph, or the graph takes no such batch.
            ModelUnavailable: the server does not answer within the deadline, or does not have the model.
            ModelMismatch: the server has another model under this one's name.
        """
        self.file_of(graph)
        if not len(batch):
            return np.zeros((0, self.dimension), dtype=np.float32)
        return self._connection.call(partial(self._run, self.fingerprint, graph, batch))

    def warm(self) -> None:
        """Check that the server has every graph and answers as it should; raises as a run does."""
        for graph in self.graphs:
            self._connection.call(partial(self._run, self.fingerprint, graph, None))

    async def _run(
        self, fingerprint: str, graph: str, batch: NDArray[Any] | None, server: Server
    ) -> NDArray[np.float32]:
        graph_name = name(self._algorithm, graph, fingerprint)
        answer = await Call(server, graph_name, fingerprint, self._deadline).run(batch)
        self.on_gpu = server.is_on_gpu(graph_name)
        return answer
