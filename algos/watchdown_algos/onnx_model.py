"""Runs a manifest's model with ONNX Runtime inside this process, on the CPU."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

# From 1.32 on it would keep and send events of its own, from its import on.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # noqa: TID251 - read by the library

import onnxruntime

from watchdown_algos.manifest import ModelSpec
from watchdown_algos.model_files import REMEDY, ModelFiles, Tensor, takes_no
from watchdown_schemas.errors import AlgorithmError

if TYPE_CHECKING:
    from numpy.typing import NDArray

ERRORS_ONLY: Final = 3
DTYPES: Final[Mapping[str, str]] = {
    "float": "float32",
    "double": "float64",
}  # the others are called as numpy calls them


class OnnxModel(ModelFiles):
    """A model whose graphs are loaded when they are first run; running is safe from several threads."""

    def __init__(self, path: Path, spec: ModelSpec, *, threads: int = 1) -> None:
        """Find the files; one run of a graph may use `threads` threads."""
        super().__init__(path, spec)
        self._threads = threads
        self._sessions: dict[str, Any] = {}

    def __call__(self, graph: str, batch: NDArray[Any]) -> NDArray[np.float32]:
        """Run a graph on a batch, whose first axis may be of any length.

        Raises:
            AlgorithmError: the model has no such graph, its file is damaged, or it takes no such batch.
        """
        session = self._session(graph)
        if not len(batch):  # which some graphs do not take
            return np.zeros((0, self.dimension), dtype=np.float32)
        try:
            features: NDArray[np.float32] = session.run(None, {session.get_inputs()[0].name: batch})[0]
        except Exception as error:  # as below
            raise takes_no(str(self.graphs[graph]), batch, str(error)) from error
        return features

    def signature(self, graph: str) -> tuple[Tensor, Tensor]:
        """Return a graph's input and output, as its file declares them; AlgorithmError as for a run."""
        session = self._session(graph)
        return self._tensor(graph, session.get_inputs()[0]), self._tensor(graph, session.get_outputs()[0])

    def _tensor(self, graph: str, found: Any) -> Tensor:
        batch, *shape = found.shape
        if isinstance(batch, int) or not all(isinstance(size, int) for size in shape):
            raise AlgorithmError(
                str(self.graphs[graph]),
                f"{found.name} has the shape {found.shape}: only its first axis, the batch, may be free",
                "Export the graph so",
            )
        kind: str = found.type.removeprefix("tensor(").removesuffix(")")
        return Tensor(found.name, DTYPES.get(kind, kind), tuple(shape))

    def _session(self, graph: str) -> Any:
        if graph not in self._sessions:
            file = self.file_of(graph)
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = self._threads
            options.inter_op_num_threads = 1
            options.log_severity_level = ERRORS_ONLY
            try:
                session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
            except Exception as error:  # ONNX Runtime's own errors share no narrower base
                raise AlgorithmError(str(file), "the model file is damaged", REMEDY) from error
            self._sessions[graph] = session
        return self._sessions[graph]
