"""Models that a library keeps, so that vectors of before are searched by the model that made them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from conformance.storages import made, storage_code
from watchdown.models.kept import CARD, KeptModels
from watchdown.storage import keys
from watchdown.storage.protocol import Storage
from watchdown_algos.catalogue import Known
from watchdown_algos.discovery import discover
from watchdown_algos.model_files import ModelFiles
from watchdown_algos.models import OnnxModels
from watchdown_schemas.errors import ModelMismatch


@pytest.fixture(params=["local", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    return made(storage_code(request.param, tmp_path, lambda: request.getfixturevalue("s3_server")))


@pytest.fixture
def known() -> Known:
    return discover()["visual-embedding"]


def fingerprint(known: Known) -> str:
    model = known.load_model()
    assert isinstance(model, ModelFiles)
    return model.fingerprint


def test_a_kept_model_answers_as_the_installed_one(storage: Storage, known: Known, tmp_path: Path) -> None:
    KeptModels(storage, tmp_path / "here", OnnxModels()).keep(known)
    kept = KeptModels(storage, tmp_path / "there", OnnxModels())
    model, installed = kept.model("visual-embedding", fingerprint(known)), known.load_model()
    assert model is not None
    assert installed is not None
    assert (model.fingerprint, model.dimension) == (installed.fingerprint, installed.dimension)
    tokens = model.tokens(["red race car"])
    assert np.array_equal(tokens, installed.tokens(["red race car"]))
    assert np.allclose(model("text", tokens), installed("text", tokens), atol=1e-6)


def test_what_is_not_kept_or_not_whole_is_not_there(storage: Storage, known: Known, tmp_path: Path) -> None:
    kept = KeptModels(storage, tmp_path / "here", OnnxModels())
    kept.keep(known)
    assert kept.model("visual-embedding", "0" * 16) is None
    assert kept.model("another", fingerprint(known)) is None
    storage.delete([keys.model(fingerprint(known), CARD)])
    assert (
        KeptModels(storage, tmp_path / "there", OnnxModels()).model("visual-embedding", fingerprint(known))
        is None
    )


def test_a_model_whose_files_have_changed_is_never_searched_with(
    storage: Storage, known: Known, tmp_path: Path
) -> None:
    KeptModels(storage, tmp_path / "here", OnnxModels()).keep(known)
    storage.put(keys.model(fingerprint(known), "tokenizer.json"), b"{}")
    with pytest.raises(ModelMismatch, match=f"is no longer the model {fingerprint(known)}"):
        KeptModels(storage, tmp_path / "there", OnnxModels()).model("visual-embedding", fingerprint(known))


def test_an_algorithm_without_a_model_has_nothing_to_keep(
    storage: Storage, known: Known, tmp_path: Path
) -> None:
    bare = replace(known, manifest=known.manifest.model_copy(update={"model": None}))
    KeptModels(storage, tmp_path / "here", OnnxModels()).keep(bare)
    assert not list(storage.list(keys.MODELS))
