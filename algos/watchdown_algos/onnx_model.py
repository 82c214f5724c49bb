"""Runs a manifest's model with ONNX Runtime inside this process, on the CPU."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from watchdown_schemas.errors import AlgorithmError

if TYPE_CHECKING:
    from numpy.typing import NDArray

CONFIG: Final = "open_clip_config.json"
REMEDY: Final = "Install the algorithm again; its model files must lie where algo.toml names them"
ERRORS_ONLY: Final = 3


class OnnxModel:
    """A folder with one ONNX file per graph, a tokenizer and the preprocessing config.

    Graphs are loaded when they are first run; running is safe from several threads.
    """

    def __init__(
        self,
        path: Path,
        *,
        graphs: Mapping[str, str],
        dimension: int,
        tokenizer: str | None = None,
        context: int | None = None,
        threads: int = 1,
    ) -> None:
        """Find the files.

        Args:
            path: The folder.
            graphs: File name by graph name.
            dimension: The length of the vectors that come out.
            tokenizer: File name of the tokenizer, of a model that reads text.
            context: How many token ids a text becomes.
            threads: How many threads one run may use.

        Raises:
            AlgorithmError: a file is missing.
        """
        self.path = path
        self._graphs = {graph: path / name for graph, name in graphs.items()}
        self._tokenizer_file = path / tokenizer if tokenizer else None
        self._context = context
        self._dimension = dimension
        self._threads = threads
        self._sessions: dict[str, Any] = {}
        for file in self._files:
            if not file.is_file():
                raise AlgorithmError(str(file), "the model file is missing", REMEDY)

    @property
    def _files(self) -> list[Path]:
        text = [self._tokenizer_file] if self._tokenizer_file else []
        config = self.path / CONFIG
        return [*self._graphs.values(), *text, *([config] if config.exists() else [])]

    @property
    def dimension(self) -> int:
        """The length of the vectors that come out."""
        return self._dimension

    @property
    def fingerprint(self) -> str:
        """Identify weights, tokenizer and preprocessing by 16 hex digits."""
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        digest = hashlib.sha256(f"{self._context} {self._dimension}".encode())
        for file in self._files:
            digest.update(hashlib.sha256(file.read_bytes()).digest())
        return digest.hexdigest()[:16]

    def __call__(self, graph: str, batch: NDArray[Any]) -> NDArray[np.float32]:
        """Run a graph on a batch, whose first axis may be of any length.

        Raises:
            AlgorithmError: the model has no such graph, or its file is damaged.
        """
        session = self._session(graph)
        features: NDArray[np.float32] = session.run(None, {session.get_inputs()[0].name: batch})[0]
        return features

    def tokens(self, texts: list[str]) -> NDArray[np.int64]:
        """Return the texts as token ids, int64 [n, context]."""
        if self._context is None:
            raise AlgorithmError(
                str(self.path), "the model has no context for text", "Declare it in algo.toml"
            )
        ids = [self._tokenizer.encode(text).ids for text in texts]
        return np.asarray(ids, dtype=np.int64).reshape(len(texts), self._context)

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        if self._tokenizer_file is None:
            raise AlgorithmError(str(self.path), "the model has no tokenizer", "Declare it in algo.toml")
        try:
            return Tokenizer.from_file(str(self._tokenizer_file))
        except Exception as error:  # tokenizers raises nothing narrower
            raise AlgorithmError(str(self._tokenizer_file), "the tokenizer is damaged", REMEDY) from error

    def _session(self, graph: str) -> Any:
        if graph not in self._sessions:
            if graph not in self._graphs:
                known = ", ".join(self._graphs)
                raise AlgorithmError(graph, "the model has no such graph", f"algo.toml declares: {known}")
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = self._threads
            options.inter_op_num_threads = 1
            options.log_severity_level = ERRORS_ONLY
            file = self._graphs[graph]
            try:
                session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
            except Exception as error:  # ONNX Runtime's own errors share no narrower base
                raise AlgorithmError(str(file), "the model file is damaged", REMEDY) from error
            self._sessions[graph] = session
        return self._sessions[graph]
