"""From film to hit with the model on a server: nothing differs from the model in process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import watchdown
from media.clips import draw
from services.fixtures import Own
from services.library import serve_models
from services.triton import Triton
from watchdown.models.served import TritonModels
from watchdown_algos.discovery import discover
from watchdown_schemas.errors import ModelUnavailable
from watchdown_schemas.record import Record

TOLERANCE = 1e-5


@pytest.fixture
def models(triton: Triton) -> Iterator[TritonModels]:
    serve_models(triton)
    served = TritonModels(triton.grpc)
    yield served
    served.close()


def embeddings(library: watchdown.Library) -> list[Record]:
    return library.records("Embedding")


def test_a_film_becomes_the_same_records_and_is_found_alike(models: TritonModels, tmp_path: Path) -> None:
    film = draw(tmp_path / "film.mp4", count=200)
    with (
        watchdown.open(tmp_path / "here", create=True) as here,
        watchdown.open(tmp_path / "there", create=True, algorithms=discover(models=models)) as there,
    ):
        (one,), (other,) = here.add(film), there.add(film)
        assert one.outcome == other.outcome == "added"
        mine, theirs = embeddings(here), embeddings(there)
        assert len(mine) > 0
        assert [(r.start_ns, r.end_ns) for r in mine] == [(r.start_ns, r.end_ns) for r in theirs]
        vectors = [np.asarray([record.vector for record in records]) for records in (mine, theirs)]
        assert np.abs(vectors[0] - vectors[1]).max() <= TOLERANCE
        hits = [library.search("a red race car") for library in (here, there)]
        assert [hit.timecode for hit in hits[0]] == [hit.timecode for hit in hits[1]]


def test_a_library_goes_on_with_the_model_elsewhere_and_computes_nothing_again(
    models: TritonModels, tmp_path: Path
) -> None:
    film = draw(tmp_path / "film.mp4", count=40)
    with watchdown.open(tmp_path / "library", create=True) as library:
        library.add(film)
    with watchdown.open(tmp_path / "library", algorithms=discover(models=models)) as library:
        (again,) = library.add(film)
        assert again.outcome == "unchanged"
        assert library.search("a red race car")


def test_while_the_server_is_away_all_else_is_done_and_later_the_rest(
    own_server: Own, tmp_path: Path
) -> None:
    film = draw(tmp_path / "film.mp4", count=40)
    server = own_server(Triton)
    serve_models(server)
    server.down()
    models = TritonModels(server.grpc, deadline=1)
    with watchdown.open(tmp_path / "library", create=True, algorithms=discover(models=models)) as library:
        (added,) = library.add(film)
        assert added.outcome == "added"
        (error,) = added.errors
        assert "visual-embedding failed" in error
        assert server.grpc in error
        assert {run.algorithm: run.state for run in library.runs()} == {
            "shots": "active",
            "keyframes": "active",
            "visual-embedding": "failed",
        }
        stands = {slot.algorithm: slot for slot in library.status().titles[0].slots}
        assert {name: slot.standing for name, slot in stands.items() if name != "dialogue"} == {
            "shots": "ready",
            "keyframes": "ready",
            "visual-embedding": "failed",
        }
        assert server.grpc in (stands["visual-embedding"].why or "")
        assert "watchdown backfill visual-embedding" in stands["visual-embedding"].fix[0]
        with pytest.raises(ModelUnavailable, match=server.grpc):
            library.search("a red race car")
    models.close()
    server.up()
    patient = TritonModels(server.grpc)
    with watchdown.open(tmp_path / "library", algorithms=discover(models=patient)) as library:
        (again,) = library.add(film)
        assert (again.outcome, again.errors) == ("updated", ())
        assert library.status().ready
        assert embeddings(library)
    patient.close()


def test_a_search_gives_up_on_a_server_long_before_a_load_does(tmp_path: Path) -> None:
    film = draw(tmp_path / "film.mp4", count=40)
    file = tmp_path / "watchdown.toml"
    here = 'database = "sqlite:///library.db"\nstorage = "media"\nstore = "lance:lake"\n'
    file.write_text(here)
    with watchdown.open(file, create=True) as library:
        library.add(film)
    file.write_text(f'{here}model = "triton://127.0.0.1:1"\n')
    with watchdown.open(file) as library, pytest.raises(ModelUnavailable, match="gave up after 10 s"):
        library.search("a red race car")


def test_a_program_ends_though_it_closes_nothing(triton: Triton) -> None:
    serve_models(triton)
    program = (
        "from watchdown.models.served import TritonModels\n"
        "from watchdown_algos.discovery import discover\n"
        f"model = discover(models=TritonModels({triton.grpc!r}))['visual-embedding'].load_model()\n"
        "print(model('text', model.tokens(['a dog'])).shape)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=100
    )
    assert done.stdout == "(1, 128)\n"
    assert done.stderr == ""
