"""The repository that Triton serves: complete, unchanged when nothing changed, and pruned when asked."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from google.protobuf import text_format
from tritonclient.grpc.model_config_pb2 import ModelConfig, ModelInstanceGroup

from watchdown.cli.main import main
from watchdown.models.export import export
from watchdown_algos.catalogue import Known
from watchdown_algos.discovery import discover
from watchdown_algos.manifest import ModelSpec
from watchdown_schemas.errors import AlgorithmError

KNOWN = discover()["visual-embedding"]


def model_in(folder: Path, spec: ModelSpec | None = None) -> Known:
    """Return the algorithm with a copy of its model, which may be changed."""
    assert KNOWN.manifest.model is not None
    shutil.copytree(KNOWN.folder / "model", folder / "model")
    manifest = KNOWN.manifest.model_copy(update={"model": spec or KNOWN.manifest.model})
    return Known(manifest, KNOWN.package, folder)


def seen(repository: Path) -> dict[str, tuple[bytes, int]]:
    """Return what lies in a repository, and when it was written."""
    files = (path for path in repository.rglob("*") if path.is_file() and not path.name.endswith(".lock"))
    return {
        path.relative_to(repository).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in files
    }


def config_of(repository: Path, graph: str) -> ModelConfig:
    (file,) = repository.glob(f"visual-embedding-{graph}-*/config.pbtxt")
    return text_format.Parse(file.read_text(), ModelConfig())


def test_each_graph_is_a_model_with_what_triton_must_know(tmp_path: Path) -> None:
    done = export(discover().values(), tmp_path)
    model = KNOWN.load_model()
    assert model is not None
    fingerprint = model.fingerprint
    assert [(one.model, one.state) for one in done] == [
        (f"visual-embedding-{graph}-{fingerprint}", "written") for graph in ("visual", "text")
    ]
    config = config_of(tmp_path, "visual")
    assert config.name == done[0].model
    assert config.backend == "onnxruntime"
    assert [(one.name, list(one.dims)) for one in config.input] == [("pixels", [64, 64, 3])]
    assert [(one.name, list(one.dims)) for one in config.output] == [("features", [128])]
    assert config.instance_group[0].kind == ModelInstanceGroup.KIND_AUTO
    assert config.dynamic_batching.default_queue_policy.max_queue_size > 0
    assert config.dynamic_batching.default_queue_policy.default_timeout_microseconds > 0
    assert {warm.batch_size for warm in config.model_warmup} == {1, config.max_batch_size}
    assert config.parameters["watchdown_fingerprint"].string_value == fingerprint
    assert len(json.loads(config.parameters["watchdown_proof"].string_value)) == 32
    graph = tmp_path / done[0].model / "1" / "model.onnx"
    assert graph.read_bytes() == (KNOWN.folder / "model" / "visual.onnx").read_bytes()


def test_what_is_as_it_should_be_is_not_touched_and_what_is_not_is_mended(tmp_path: Path) -> None:
    export([KNOWN], tmp_path)
    before = seen(tmp_path)
    assert {one.state for one in export([KNOWN], tmp_path)} == {"unchanged"}
    assert seen(tmp_path) == before
    (graph,) = tmp_path.glob("*-text-*/1/model.onnx")
    graph.write_bytes(b"half a gra")
    (config,) = tmp_path.glob("*-visual-*/config.pbtxt")
    config.unlink()
    (tmp_path / ".watchdown-export-killed" / "1").mkdir(parents=True)
    assert {one.state for one in export([KNOWN], tmp_path)} == {"written"}
    assert {name: held for name, (held, _) in seen(tmp_path).items()} == {
        name: held for name, (held, _) in before.items()
    }


def test_models_of_earlier_versions_stay_until_they_are_pruned(tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    export([KNOWN], repository)
    (repository / "of-another" / "1").mkdir(parents=True)
    (repository / "of-another" / "config.pbtxt").write_text('name: "of-another"')
    later = model_in(tmp_path / "later")
    with (later.folder / "model" / "tokenizer.json").open("a") as file:
        file.write(" ")
    done = export([later], repository)
    assert len(list(repository.glob("visual-embedding-*"))) == 4
    pruned = export([later], repository, prune=True)
    assert [one.state for one in pruned] == ["unchanged", "unchanged", "removed", "removed"]
    assert {path.name for path in repository.iterdir() if path.is_dir()} == {
        "of-another",
        *(one.model for one in done),
    }


def test_exports_at_the_same_time_do_not_disturb_each_other(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: export([KNOWN], tmp_path), range(8)))
    assert (
        sorted(one.state for all_of_it in done for one in all_of_it) == ["unchanged"] * 14 + ["written"] * 2
    )
    assert len([path for path in tmp_path.iterdir() if path.is_dir()]) == 2


def test_a_damaged_graph_is_named_and_nothing_of_it_is_written(tmp_path: Path) -> None:
    known = model_in(tmp_path / "damaged")
    (known.folder / "model" / "text.onnx").write_bytes(b"no graph")
    with pytest.raises(AlgorithmError, match=r"text\.onnx: the model file is damaged"):
        export([known], tmp_path / "repository")
    assert seen(tmp_path / "repository") == {}


def test_the_command_tells_what_it_did(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    repository = str(tmp_path / "repository")
    assert main(["models", "export", repository]) == 0
    told = capsys.readouterr().out
    assert told.count("written") == 2
    assert f"tritonserver --model-repository={repository}" in told
    assert main(["models", "export", repository, "--prune", "--json"]) == 0
    assert [one["state"] for one in json.loads(capsys.readouterr().out)] == ["unchanged"] * 2


def test_the_models_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "list", "--json"]) == 0
    (listed,) = json.loads(capsys.readouterr().out)
    model = KNOWN.load_model()
    assert model is not None
    assert listed == {
        "algorithm": "visual-embedding",
        "model": "demo-drawn-64",
        "graphs": ["visual", "text"],
        "fingerprint": model.fingerprint,
        "dimension": 128,
        "where": "ONNX Runtime, in process",
    }
    assert main(["models", "list"]) == 0
    assert model.fingerprint in capsys.readouterr().out


def test_neither_client_nor_runtime_is_loaded_before_a_model_is_run() -> None:
    program = (
        "import sys; from watchdown.models.served import TritonModels\n"
        "from watchdown_algos.discovery import discover\n"
        "discover(models=TritonModels('127.0.0.1:1'))['visual-embedding'].load_model().fingerprint\n"
        "print('onnxruntime' in sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert loaded.stdout.split() == ["False"]


def test_what_is_missing_without_the_client_is_said() -> None:
    program = (
        "import sys; sys.modules['tritonclient'] = None\n"
        "from watchdown.cli.main import main; sys.exit(main(['models', 'export', 'nowhere']))"
    )
    failed = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)
    assert failed.returncode == 1
    assert "the package tritonclient" in failed.stderr
    assert "pip install 'watchdown[cluster]'" in failed.stderr
