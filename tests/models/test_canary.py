"""A model's known pairs: tried once for each model, and what they say is kept beside it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from client.changed_models import changed
from conformance.storages import made, storage_code
from watchdown.models.canary import Verdict, judge, verdict
from watchdown.storage.protocol import Storage
from watchdown_algos.catalogue import Known
from watchdown_algos.discovery import discover
from watchdown_algos.drawn.known_pairs import write
from watchdown_schemas.errors import ManifestInvalid


@pytest.fixture(params=["local", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    return made(storage_code(request.param, tmp_path, lambda: request.getfixturevalue("s3_server")))


@pytest.fixture
def known(tmp_path: Path) -> Known:
    """Give the built-in embedding algorithm in a folder of its own."""
    found = discover()["visual-embedding"]
    return replace(found, folder=shutil.copytree(found.folder, tmp_path / "algorithm"))


def tried(storage: Storage, known: Known) -> Verdict:
    model = known.load_model()
    assert model is not None
    judge(storage, known, model)
    found = verdict(storage, model.fingerprint)
    assert found is not None
    return found


def test_the_model_that_ships_tells_its_pairs_apart(storage: Storage, known: Known) -> None:
    found = tried(storage, known)
    assert (found.algorithm, found.pairs, found.reason) == ("visual-embedding", 6, None)
    assert found.least is not None
    assert found.least > 3 * found.margin


def test_other_weights_under_the_same_name_do_not(storage: Storage, tmp_path: Path) -> None:
    found = tried(storage, changed(tmp_path / "swapped", version="1.1.0", noise=3))
    assert found.reason is not None
    assert "a mismatched pair" in found.reason


def test_files_that_are_no_model_do_not(storage: Storage, known: Known) -> None:
    (known.folder / "model" / "visual.onnx").write_bytes(b"no graph")
    found = tried(storage, known)
    assert found.reason is not None
    assert found.reason.startswith("its known pairs cannot be encoded (AlgorithmError: ")
    assert found.least is None


def test_shuffled_pairs_are_told_and_mended_ones_are_tried_again(storage: Storage, known: Known) -> None:
    file = known.folder / "canary" / "pairs.jsonl"
    lines = file.read_text().splitlines()
    words, files = [line.split(', "picture"')[0] for line in lines], [line.split("}")[0] for line in lines]
    pictures = [line.split(', "picture"')[1] for line in files]
    mixed = zip(words, [*pictures[1:], pictures[0]], strict=True)
    file.write_text("\n".join(f'{text}, "picture"{picture}}}' for text, picture in mixed))
    assert tried(storage, known).reason is not None
    file.write_text("\n".join(lines))
    assert tried(storage, known).reason is None


def test_what_was_tried_is_not_tried_again(storage: Storage, known: Known) -> None:
    first = tried(storage, known)
    (known.folder / "canary" / "dog.png").unlink()
    Image.fromarray(np.zeros((64, 64, 3), np.uint8)).save(known.folder / "canary" / "dog.png")
    assert tried(storage, known) == first


@pytest.mark.parametrize("name", ["pairs.jsonl", "horse.png"])
def test_pairs_that_are_not_there_are_named(storage: Storage, known: Known, name: str) -> None:
    (known.folder / "canary" / name).unlink()
    with pytest.raises(ManifestInvalid, match=r"pairs\.jsonl: holds no pairs"):
        tried(storage, known)


def test_an_algorithm_without_pairs_has_no_verdict(storage: Storage, known: Known) -> None:
    bare = replace(known, manifest=known.manifest.model_copy(update={"canary": None}))
    model = bare.load_model()
    assert model is not None
    judge(storage, bare, model)
    assert verdict(storage, model.fingerprint) is None


def test_the_pairs_are_what_their_generator_draws(tmp_path: Path) -> None:
    write(tmp_path)
    shipped = discover()["visual-embedding"].folder / "canary"
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in shipped.iterdir()}
    assert (tmp_path / "pairs.jsonl").read_text() == (shipped / "pairs.jsonl").read_text()
    for picture in tmp_path.glob("*.png"):
        with Image.open(picture) as drawn, Image.open(shipped / picture.name) as kept:
            assert np.array_equal(np.asarray(drawn), np.asarray(kept))
