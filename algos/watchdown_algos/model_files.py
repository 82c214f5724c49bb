"""A manifest's model as its files: what is known of it wherever its graphs run."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from watchdown_algos.manifest import ModelSpec
from watchdown_schemas.errors import AlgorithmError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from tokenizers import Tokenizer

CONFIG: Final = "open_clip_config.json"
REMEDY: Final = "Install the algorithm again; its model files must lie where algo.toml names them"


@dataclass(frozen=True, slots=True)
class Tensor:
    """An input or output of a graph: numpy's name of its type, and the shape of one row."""

    name: str
    dtype: str
    shape: tuple[int, ...]


class ModelFiles:
    """A folder with one ONNX file per graph, a tokenizer and the preprocessing config."""

    def __init__(self, path: Path, spec: ModelSpec) -> None:
        """Find the files that `spec` names in the folder `path`.

        Raises:
            AlgorithmError: a file is missing.
        """
        self.path = path
        self.graphs = {graph: path / name for graph, name in spec.graphs.items()}
        self._spec = spec
        self._tokenizer_file = path / spec.tokenizer if spec.tokenizer else None
        for file in self.files:
            if not file.is_file():
                raise AlgorithmError(str(file), "the model file is missing", REMEDY)

    @property
    def files(self) -> list[Path]:
        """All files that the fingerprint stands for."""
        text = [self._tokenizer_file] if self._tokenizer_file else []
        config = self.path / CONFIG
        return [*self.graphs.values(), *text, *([config] if config.exists() else [])]

    @property
    def dimension(self) -> int:
        """The length of the vectors that come out."""
        return self._spec.dimension

    @property
    def fingerprint(self) -> str:
        """Identify weights, tokenizer and preprocessing by 16 hex digits."""
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        digest = hashlib.sha256(f"{self._spec.context} {self.dimension}".encode())
        for file in self.files:
            digest.update(hashlib.sha256(file.read_bytes()).digest())
        return digest.hexdigest()[:16]

    def file_of(self, graph: str) -> Path:
        """Return the file of a graph; AlgorithmError where algo.toml declares no such graph."""
        if graph not in self.graphs:
            known = ", ".join(self.graphs)
            raise AlgorithmError(graph, "the model has no such graph", f"algo.toml declares: {known}")
        return self.graphs[graph]

    def tokens(self, texts: list[str]) -> NDArray[np.int64]:
        """Return the texts as token ids, int64 [n, context]."""
        context = self._spec.context
        if context is None:
            raise AlgorithmError(
                str(self.path), "the model has no context for text", "Declare it in algo.toml"
            )
        ids = [self._tokenizer.encode(text).ids for text in texts]
        return np.asarray(ids, dtype=np.int64).reshape(len(texts), context)

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        if self._tokenizer_file is None:
            raise AlgorithmError(str(self.path), "the model has no tokenizer", "Declare it in algo.toml")
        from tokenizers import Tokenizer

        try:
            return Tokenizer.from_file(str(self._tokenizer_file))
        except Exception as error:  # tokenizers raises nothing narrower
            raise AlgorithmError(str(self._tokenizer_file), "the tokenizer is damaged", REMEDY) from error


def takes_no(graph: str, batch: NDArray[Any], reason: str) -> AlgorithmError:
    """Return the error for a batch that a graph does not take."""
    cause = f"takes no {batch.dtype} {list(batch.shape)} ({reason})"
    return AlgorithmError(graph, cause, "Mend the algorithm that asks it")
