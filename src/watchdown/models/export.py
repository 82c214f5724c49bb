"""The model repository that Triton serves, written from the algorithms' own files.

A model is there whole or not at all, and what is as it should be is not touched. The names carry the
fingerprint, so that models of earlier versions go on serving those who still ask for them.
"""

from __future__ import annotations

import filecmp
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Final, Literal

from filelock import FileLock

from watchdown.models.proof import question, written
from watchdown.models.repository import (
    FINGERPRINT,
    GRAPH_FILE,
    NAME,
    TYPES,
    VERSION,
    configuration,
    name,
)
from watchdown.models.triton import config_pbtxt
from watchdown_algos.catalogue import Known
from watchdown_algos.onnx_model import OnnxModel
from watchdown_schemas.errors import AlgorithmError

CONFIG: Final = "config.pbtxt"
LOCK: Final = ".watchdown-export.lock"
UNFINISHED: Final = ".watchdown-export-"


@dataclass(frozen=True, kw_only=True, slots=True)
class Exported:
    """What became of one model of the repository."""

    model: str
    fingerprint: str
    state: Literal["written", "unchanged", "removed"]


def export(algorithms: Iterable[Known], repository: Path, *, prune: bool = False) -> list[Exported]:
    """Write a Triton model for each graph of each algorithm that has a model.

    Args:
        algorithms: Those of the algorithm catalogue.
        repository: The folder that Triton serves; other models in it are left alone.
        prune: Remove what was exported for other fingerprints.

    Raises:
        AlgorithmError: A graph cannot be served; nothing of its algorithm is written.
    """
    repository.mkdir(parents=True, exist_ok=True)
    with FileLock(repository / LOCK):
        for left in repository.glob(f"{UNFINISHED}*"):
            shutil.rmtree(left)
        done = [one for known in algorithms for one in _models(known, repository)]
        return done + (list(_pruned(repository, {one.model for one in done})) if prune else [])


def _models(known: Known, repository: Path) -> list[Exported]:
    """Write the graphs of one algorithm."""
    spec = known.manifest.model
    if spec is None:
        return []
    model = OnnxModel(known.folder / spec.path, spec)
    files = {
        name(known.manifest.name, graph, model.fingerprint): (
            model.graphs[graph],
            _config(known, model, graph),
        )
        for graph in model.graphs
    }
    return [
        Exported(
            model=served,
            fingerprint=model.fingerprint,
            state="written" if _put(repository / served, graph, config) else "unchanged",
        )
        for served, (graph, config) in files.items()
    ]


def _config(known: Known, model: OnnxModel, graph: str) -> str:
    """Return the text of a graph's configuration; what goes in and out is read from its file."""
    asked, answered = model.signature(graph)
    for tensor in (asked, answered):
        if tensor.dtype not in TYPES:
            cause = f"{tensor.name} is of {tensor.dtype}, which is not served"
            raise AlgorithmError(str(model.graphs[graph]), cause, f"Served are: {', '.join(TYPES)}")
    proof = written(model(graph, question(asked)))
    served = name(known.manifest.name, graph, model.fingerprint)
    return config_pbtxt(configuration(served, model.fingerprint, proof, asked, answered))


def _put(home: Path, graph: Path, config: str) -> bool:
    """Bring a model to these contents; return whether anything had to be done."""
    held = home / VERSION / GRAPH_FILE
    if (
        held.is_file()
        and filecmp.cmp(held, graph, shallow=False)
        and (home / CONFIG).is_file()
        and (home / CONFIG).read_text("utf-8") == config
    ):
        return False
    unfinished = Path(mkdtemp(prefix=UNFINISHED, dir=home.parent))
    unfinished.chmod(0o755)  # the server may be another user
    (unfinished / VERSION).mkdir()
    shutil.copyfile(graph, unfinished / VERSION / GRAPH_FILE)
    (unfinished / CONFIG).write_text(config, "utf-8")
    if home.exists():
        _remove(home)
    unfinished.rename(home)
    return True


def _pruned(repository: Path, kept: set[str]) -> Iterator[Exported]:
    """Remove the models that an export wrote and none of the kept ones is."""
    for config in sorted(repository.glob(f"*/{CONFIG}")):
        found = NAME.fullmatch(config.parent.name)
        if found and found[0] not in kept and FINGERPRINT in config.read_text("utf-8"):
            _remove(config.parent)
            yield Exported(model=found[0], fingerprint=found["fingerprint"], state="removed")


def _remove(home: Path) -> None:
    """Remove a model in one step for whoever looks at the repository."""
    gone = Path(mkdtemp(prefix=UNFINISHED, dir=home.parent))
    home.rename(gone / home.name)
    shutil.rmtree(gone)
