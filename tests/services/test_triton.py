from __future__ import annotations

import shutil
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray
from tritonclient import grpc

from services.fixtures import Own
from services.process import ended
from services.service import Failed
from services.triton import Triton

MODEL = "visual"
VISUAL = Path(__file__).parents[2] / "algos/watchdown_algos/visual_embedding/model/visual.onnx"
CONFIG = """\
backend: "onnxruntime"
max_batch_size: 16
input [{ name: "pixels" data_type: TYPE_UINT8 dims: [64, 64, 3] }]
output [{ name: "features" data_type: TYPE_FP32 dims: [128] }]
dynamic_batching { max_queue_delay_microseconds: 20000 }
"""


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a model repository with the demo's model of pictures."""
    repository = tmp_path_factory.mktemp("models")
    version = repository / MODEL / "1"
    version.mkdir(parents=True)
    shutil.copy(VISUAL, version / "model.onnx")
    (repository / MODEL / "config.pbtxt").write_text(CONFIG)
    return repository


def features(address: str, pictures: NDArray[np.uint8], *, asked: int = 1) -> list[NDArray[np.float32]]:
    """Ask for the same pictures several times at once."""
    tensor = grpc.InferInput("pixels", pictures.shape, "UINT8")
    tensor.set_data_from_numpy(pictures)
    with grpc.InferenceServerClient(address) as client, ThreadPoolExecutor(asked) as together:
        answers = together.map(lambda _: client.infer(MODEL, [tensor]).as_numpy("features"), range(asked))
        return list(answers)


def test_triton_answers_as_onnx_runtime_does_in_process(triton: Triton, models: Path) -> None:
    triton.serve(models)
    pictures = np.random.default_rng(1).integers(0, 256, (3, 64, 64, 3), dtype=np.uint8)
    session = onnxruntime.InferenceSession(VISUAL, providers=["CPUExecutionProvider"])
    [expected] = session.run(["features"], {"pixels": pictures})
    for answer in features(triton.grpc, pictures, asked=8):
        np.testing.assert_allclose(answer, expected, atol=1e-5)
    with grpc.InferenceServerClient(triton.grpc) as client:
        [seen] = client.get_inference_statistics(MODEL, as_json=True)["model_stats"]
    assert int(seen["execution_count"]) < int(seen["inference_count"])


def test_triton_refuses_another_model_under_a_name_that_it_has(
    triton: Triton, models: Path, tmp_path: Path
) -> None:
    triton.serve(models)
    shutil.copytree(models / MODEL, tmp_path / MODEL)
    (tmp_path / MODEL / "1" / "model.onnx").write_bytes(b"another")
    with pytest.raises(Failed, match=f"another model named {MODEL}"):
        triton.serve(tmp_path)


def test_triton_says_why_a_model_does_not_load(triton: Triton, models: Path, tmp_path: Path) -> None:
    broken = tmp_path / f"broken-{uuid.uuid4().hex}"
    shutil.copytree(models / MODEL, broken)
    (broken / "1" / "model.onnx").write_bytes(b"damaged")
    with pytest.raises(Failed, match="Protobuf parsing failed"):
        triton.serve(tmp_path)
    assert triton.healthy()


def test_a_killed_triton_comes_back_with_its_models(own_server: Own, models: Path) -> None:
    server = own_server(Triton, repository=models)
    [before] = features(server.grpc, np.ones((1, 64, 64, 3), np.uint8))
    address = server.grpc
    server.kill()
    server.up()
    assert server.grpc == address
    [after] = features(address, np.ones((1, 64, 64, 3), np.uint8))
    assert (after == before).all()
    family = server.processes[0].find()
    assert family is not None
    family = [family, *family.children(recursive=True)]
    server.down()
    assert all(map(ended, family))
