"""One face for models: in this process and on a server, a graph gives the same answers in the same order."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import numpy as np
import pytest
from numpy.typing import NDArray

from services.library import serve_models
from services.triton import Triton
from watchdown.models.served import TritonModels
from watchdown_algos.catalogue import AlgorithmCatalogue
from watchdown_algos.contract import Context, Model
from watchdown_algos.discovery import discover
from watchdown_algos.models import Models, OnnxModels
from watchdown_algos.visual_embedding.algo import VisualEmbedding
from watchdown_schemas.errors import AlgorithmError

ALGORITHM: Final = "visual-embedding"
# Rows that are run beside others may be summed in another order; the vectors have the length 1.
TOLERANCE: Final = 1e-5
LENGTHS: Final = (0, 1, 7, 127, 128, 200)
CALLERS: Final = 32


def rows(graph: str, count: int, seed: int = 0) -> NDArray[Any]:
    if graph == "text":
        return reference().tokens([f"{seed} red cars and {n} dogs" for n in range(count)])
    return np.random.default_rng(seed).integers(0, 256, (count, 64, 64, 3), dtype=np.uint8)


def reference() -> Model:
    model = discover()[ALGORITHM].load_model()
    assert model is not None
    return model


@pytest.fixture(scope="module", params=["onnx", "triton"])
def models(request: pytest.FixtureRequest) -> Iterator[Models]:
    if request.param == "onnx":
        yield OnnxModels()
        return
    triton: Triton = request.getfixturevalue("triton")
    serve_models(triton)
    served = TritonModels(triton.grpc)
    yield served
    served.close()


@pytest.fixture(scope="module")
def algorithms(models: Models) -> AlgorithmCatalogue:
    return discover(models=models)


@pytest.fixture(scope="module")
def model(algorithms: AlgorithmCatalogue) -> Model:
    found = algorithms[ALGORITHM].load_model()
    assert found is not None
    return found


@pytest.mark.parametrize("count", LENGTHS)
@pytest.mark.parametrize("graph", ["visual", "text"])
def test_a_batch_of_any_length_gives_the_same_vectors(model: Model, graph: str, count: int) -> None:
    batch = rows(graph, count)
    found = model(graph, batch)
    assert found.shape == (count, model.dimension)
    assert found.dtype == np.float32
    one_by_one = [reference()(graph, batch[n : n + 1])[0] for n in range(count)]
    assert np.abs(found - np.asarray(one_by_one).reshape(found.shape)).max(initial=0) <= TOLERANCE


def test_many_callers_at_once_get_their_own_answers_in_order(model: Model) -> None:
    asked = [(("visual", "text")[n % 2], 1 + 17 * n % 150, n) for n in range(2 * CALLERS)]
    batches = [(graph, rows(graph, count, seed)) for graph, count, seed in asked]
    with ThreadPoolExecutor(CALLERS) as pool:
        found = list(pool.map(lambda one: model(*one), batches))
    for (graph, batch), answer in zip(batches, found, strict=True):
        assert np.abs(answer - reference()(graph, batch)).max() <= TOLERANCE


def test_it_is_the_model_of_the_files_wherever_it_runs(model: Model) -> None:
    assert model.fingerprint == reference().fingerprint
    assert model.dimension == reference().dimension == 128
    texts = ["a red race car", "", "東京"]
    assert model.tokens(texts).tolist() == reference().tokens(texts).tolist()


def test_what_a_graph_does_not_take_is_said(model: Model) -> None:
    with pytest.raises(
        AlgorithmError, match=r"sound: the model has no such graph\. algo\.toml declares: vis"
    ):
        model("sound", rows("text", 1))
    with pytest.raises(AlgorithmError, match=r"visual.*: takes no uint8 \[2, 5, 5, 3\]"):
        model("visual", np.zeros((2, 5, 5, 3), dtype=np.uint8))
    with pytest.raises(AlgorithmError, match=r"visual.*: takes no float32 \[2, 64, 64, 3\]"):
        model("visual", np.zeros((2, 64, 64, 3), dtype=np.float32))
    with pytest.raises(AlgorithmError, match=r"text.*idx=1000000 must be within"):
        model("text", np.full((1, 24), 10**6, dtype=np.int64))
    assert model("text", rows("text", 1)).shape == (1, 128)


def test_rows_that_do_not_lie_side_by_side_in_memory_are_taken(model: Model) -> None:
    batch = rows("visual", 8)[::2].transpose(0, 2, 1, 3)
    found = model("visual", batch)
    assert np.abs(found - reference()("visual", np.ascontiguousarray(batch))).max() <= TOLERANCE


def test_an_algorithm_encodes_words_and_pictures_alike(algorithms: AlgorithmCatalogue, model: Model) -> None:
    manifest = algorithms[ALGORITHM].manifest
    here, there = (
        VisualEmbedding(Context(model=one, parameters=manifest.parameters)) for one in (reference(), model)
    )
    texts = [f"a dog and {n} cars" for n in range(70)]
    pictures = [np.full((9, 16, 3), n, dtype=np.uint8) for n in range(70)]
    assert np.abs(here.encode_text(texts) - there.encode_text(texts)).max() <= TOLERANCE
    assert np.abs(here.encode_image(pictures) - there.encode_image(pictures)).max() <= TOLERANCE


def test_after_closing_a_model_goes_on_when_it_is_asked(models: Models, model: Model) -> None:
    models.close()
    models.close()
    assert model("text", rows("text", 3)).shape == (3, 128)
    assert models.where
