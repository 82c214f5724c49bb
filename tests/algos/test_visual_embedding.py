"""The visual embedding: one space for frames, pictures and words, and spans without gaps."""

from __future__ import annotations

import json
import random
import shutil
import tomllib
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

import watchdown_algos.visual_embedding
from watchdown_algos.contract import Context
from watchdown_algos.drawn.frame import draw
from watchdown_algos.drawn.held_out import FIRST_UNSEEN_SEED, any_picture
from watchdown_algos.drawn.picture import Picture
from watchdown_algos.manifest import ModelSpec
from watchdown_algos.onnx_model import OnnxModel
from watchdown_algos.visual_embedding import algo
from watchdown_algos.visual_embedding.algo import VisualEmbedding
from watchdown_algos.wants import FrameBatch, Span
from watchdown_schemas.errors import AlgorithmError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from watchdown_schemas.types.embedding import Embedding

FOLDER = Path(watchdown_algos.visual_embedding.__file__).parent
MANIFEST = tomllib.loads((FOLDER / "algo.toml").read_text())
TICK = 500_000_000
RACE_CAR = Picture(object="race car", colour="red", scene="desert", time="day", size="medium")


def model_at(folder: Path) -> OnnxModel:
    return OnnxModel(folder, ModelSpec.model_validate(MANIFEST["model"]))


@pytest.fixture(scope="module")
def model() -> OnnxModel:
    return model_at(FOLDER / MANIFEST["model"]["path"])


@pytest.fixture
def embedding(model: OnnxModel) -> VisualEmbedding:
    return VisualEmbedding(Context(model=model, parameters=MANIFEST["parameters"]))


def pixels(picture: Picture, number: int, jitter: int | None = None) -> NDArray[np.uint8]:
    return np.asarray(draw(picture, FIRST_UNSEEN_SEED + number, supersample=2, jitter=jitter))


def fed(embedding: VisualEmbedding, frames: Sequence[NDArray[np.uint8]], batch: int) -> list[Embedding]:
    spans = [Span(start_ns=n * TICK, end_ns=(n + 1) * TICK) for n in range(len(frames))]
    records: list[Embedding] = []
    for first in range(0, len(frames), batch):
        part = slice(first, first + batch)
        times = np.array([span["start_ns"] for span in spans[part]], dtype=np.int64)
        records += embedding.predict(FrameBatch(np.stack(frames[part]), times, spans[part]))
    return [*records, *embedding.finish()]


# What open_clip 3.3.0 makes of the same texts with the same merges; the rest, to 24, is zeros.
OPEN_CLIP_IDS = {
    "a red race car": [1004, 320, 650, 897, 697, 1005],
    "  A GORGEOUS, Black\tDog!! ": [1004, 320, 70, 78, 81, 70, 68, 78, 84, 338, 267, 611, 918, 0, 256, 1005],
    "it’s the cat's 2 cups": [1004, 72, 339, 6, 338, 515, 900, 6, 338, 273, 937, 1005],  # noqa: RUF001 - typed so
    "café 東京": [1004, 609, 69, 127, 358, 162, 251, 109, 160, 118, 361, 1005],
    "": [1004, 1005],
    "a man wearing orange " + "very " * 30: [1004, 320, 770, 765, 577, *[564, 81, 344] * 6, 1005],
}

OPEN_CLIP_VECTOR = [0.1369, 0.0778, 0.0645, -0.0068, 0.096, 0.1527, -0.0665, -0.065]


@pytest.mark.parametrize("text", OPEN_CLIP_IDS)
def test_a_text_becomes_the_ids_that_open_clip_gives_it(model: OnnxModel, text: str) -> None:
    ids = OPEN_CLIP_IDS[text]
    assert model.tokens([text]).tolist() == [ids + [0] * (24 - len(ids))]


def test_a_frame_becomes_the_vector_that_open_clip_gives_it(embedding: VisualEmbedding) -> None:
    """Its own preprocessing was used there, and weights in float16."""
    (vector,) = embedding.encode_image([pixels(RACE_CAR, 0)])
    assert np.allclose(vector[: len(OPEN_CLIP_VECTOR)], OPEN_CLIP_VECTOR, atol=1e-3)


def test_frames_are_sampled_as_the_model_was_trained() -> None:
    config = json.loads((FOLDER / "model" / "open_clip_config.json").read_text())["preprocess_cfg"]
    assert (
        config["size"]
        == [algo.SIDE, algo.SIDE]
        == [VisualEmbedding.wants.height, VisualEmbedding.wants.width]
    )
    assert MANIFEST["parameters"]["per_second"] == VisualEmbedding.wants.per_second


def test_vectors_have_unit_length_and_repeat_exactly(embedding: VisualEmbedding) -> None:
    frames = [pixels(RACE_CAR, n) for n in range(70)]
    texts = ["a red race car", "", "東京", "x" * 500]
    for vectors, again, empty in (
        (embedding.encode_image(frames), embedding.encode_image(frames), embedding.encode_image([])),
        (embedding.encode_text(texts), embedding.encode_text(texts), embedding.encode_text([])),
    ):
        assert vectors.dtype == np.float32
        assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
        assert np.array_equal(vectors, again)
        assert vectors.shape[1] == 128
        assert empty.shape == (0, 128)


def test_words_find_a_colour_and_object_never_trained_together(embedding: VisualEmbedding) -> None:
    dice = random.Random(2)
    others = [replace(any_picture(dice), size="medium", count=1) for _ in range(150)]
    wanted = [
        replace(RACE_CAR, scene=scene, time=time)
        for scene in ("desert", "city")
        for time in ("day", "sunset")
    ]
    gallery = embedding.encode_image([pixels(picture, n) for n, picture in enumerate([*wanted, *others])])
    scores = gallery @ embedding.encode_text(["a red race car"])[0]
    assert np.argmax(scores) < len(wanted)
    assert set(np.argsort(-scores)[:10]) >= set(range(len(wanted)))


def test_a_picture_of_any_size_finds_its_frame(embedding: VisualEmbedding) -> None:
    dice = random.Random(5)
    shown = [replace(any_picture(dice), size="close") for _ in range(40)]
    gallery = embedding.encode_image([pixels(picture, n) for n, picture in enumerate(shown)])
    large = [
        np.asarray(draw(picture, FIRST_UNSEEN_SEED + n, out=320, supersample=1).resize((320, 180)))
        for n, picture in enumerate(shown)
    ]
    assert np.argmax(embedding.encode_image(large) @ gallery.T, axis=1).tolist() == list(range(40))


@pytest.mark.parametrize("batch", [1, 3, 32])
def test_frames_that_look_the_same_become_one_record_and_no_time_is_lost(
    embedding: VisualEmbedding, batch: int
) -> None:
    dog = replace(RACE_CAR, object="dog", colour="brown", scene="field", time="night")
    frames = [pixels(RACE_CAR, 1)] * 5 + [pixels(dog, 2)] + [pixels(RACE_CAR, 1)] * 4
    records = fed(embedding, frames, batch)
    assert [(r.start_ns // TICK, r.end_ns // TICK) for r in records] == [(0, 5), (5, 6), (6, 10)]
    assert {r.of for r in records} == {"frame"}
    assert np.allclose(records[0].vector, embedding.encode_image(frames[:1])[0], atol=1e-5)


def test_a_slow_change_is_compared_with_what_was_kept(embedding: VisualEmbedding) -> None:
    first, last = (pixels(RACE_CAR, n).astype(float) for n in (1, 40))
    frames = [(first + (last - first) * n / 200).astype(np.uint8) for n in range(201)]
    records = fed(embedding, frames, 32)
    assert 3 < len(records) < 200
    assert records[0].start_ns == 0
    assert records[-1].end_ns == 201 * TICK
    for record, after in pairwise(records):
        assert record.end_ns == after.start_ns
        assert np.dot(record.vector, after.vector) <= MANIFEST["parameters"]["near_duplicate"]


def test_a_title_without_frames_yields_nothing(embedding: VisualEmbedding) -> None:
    assert list(embedding.finish()) == []


def test_the_fingerprint_changes_with_any_file_of_the_model(model: OnnxModel, tmp_path: Path) -> None:
    assert model.fingerprint == model_at(model.path).fingerprint
    assert len(model.fingerprint) == 16
    seen = {model.fingerprint}
    for name in ("visual.onnx", "text.onnx", "tokenizer.json", "open_clip_config.json"):
        copy = tmp_path / name
        shutil.copytree(model.path, copy)
        (copy / name).write_bytes((copy / name).read_bytes() + b" ")
        seen.add(model_at(copy).fingerprint)
    assert len(seen) == 5


def test_a_missing_or_damaged_model_file_is_named(model: OnnxModel, tmp_path: Path) -> None:
    copy = tmp_path / "model"
    shutil.copytree(model.path, copy)
    (copy / "text.onnx").write_bytes(b"not a graph")
    (copy / "tokenizer.json").write_text("{")
    damaged = model_at(copy)
    with pytest.raises(AlgorithmError, match=r"text\.onnx: the model file is damaged"):
        damaged("text", np.zeros((1, 24), dtype=np.int64))
    with pytest.raises(AlgorithmError, match=r"tokenizer\.json: the tokenizer is damaged"):
        damaged.tokens(["a dog"])
    with pytest.raises(AlgorithmError, match="the model has no such graph"):
        damaged("sound", np.zeros((1, 24), dtype=np.int64))
    (copy / "visual.onnx").unlink()
    with pytest.raises(AlgorithmError, match=r"visual\.onnx: the model file is missing"):
        model_at(copy)
