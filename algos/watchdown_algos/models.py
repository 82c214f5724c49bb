"""Where models run: the runtime hands one such place to the algorithm catalogue; algorithms never see it."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final, Protocol

from watchdown_algos.manifest import ModelSpec

if TYPE_CHECKING:
    from watchdown_algos.contract import Model


class Models(Protocol):
    """A place where models run."""

    @property
    def where(self) -> str:
        """Say where, for people."""
        ...

    def model(self, algorithm: str, folder: Path, spec: ModelSpec) -> Model:
        """Return the model that an algorithm's manifest in `folder` declares.

        Its files are found and nothing else is done, so that planning needs no model to run.
        """
        ...

    def close(self) -> None:
        """Let go of what the models hold; a model that is used afterwards takes it up again."""
        ...


class OnnxModels:
    """In this process, each model loaded once."""

    def __init__(self) -> None:
        self.where = "ONNX Runtime, in process"
        self._loaded: dict[Path, Model] = {}
        self._loading = Lock()

    def model(self, algorithm: str, folder: Path, spec: ModelSpec) -> Model:
        """Return the model of a folder."""
        del algorithm
        from watchdown_algos.onnx_model import OnnxModel

        with self._loading:
            if folder not in self._loaded:
                self._loaded[folder] = OnnxModel(folder / spec.path, spec)
            return self._loaded[folder]

    def close(self) -> None:
        """Keep the models: others in this process use them too."""


IN_PROCESS: Final = OnnxModels()
