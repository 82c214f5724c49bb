"""Vectors that are not to be trusted are held on every way to readers: added, worked in batches, written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import watchdown
from client.changed_models import NAME, catalogue_with, changed
from client.libraries import make, services
from watchdown.client import Library
from watchdown.models.canary import verdict
from watchdown.runs.batch import Batch, read_batch
from watchdown.runs.spread import Spread, Spreading
from watchdown.runs.states import State
from watchdown.runs.worker import Worker
from watchdown.storage import keys
from watchdown_algos.catalogue import AlgorithmCatalogue
from watchdown_algos.discovery import discover
from watchdown_algos.drawn.film import film_of
from watchdown_algos.drawn.write import write_film


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("film") / "One.mp4"
    write_film(film_of(61, name="One", shots=3, seconds=(0.6, 0.8)), place)
    return place


@pytest.fixture
def swapped(film: Path, tmp_path: Path) -> Iterator[Library]:
    """Give a library whose embedding algorithm has the weights of nobody knows what."""
    known = changed(tmp_path / "swapped", version="1.1.0", noise=3)
    with watchdown.open(tmp_path / "library", create=True, algorithms=catalogue_with(known)) as library:
        library.add(film, only=())
        yield library


def held(library: Library) -> str:
    """Return why the only run of the algorithm is held."""
    [run] = [run for run in services(library).ledger.runs() if run.algorithm == NAME]
    assert run.state is State.QUARANTINED
    assert run.number not in services(library).ledger.view().visible
    assert run.error is not None
    return run.error


@pytest.mark.parametrize("publish", ["batch", "all"])
def test_a_swapped_model_file_is_held_in_a_backfill(swapped: Library, publish: Any) -> None:
    done = swapped.backfills.run(NAME, publish=publish, only=True)
    assert (done.published, done.failed, done.state) == (0, 1, "failed")
    assert "fails its canary: the picture for" in held(swapped)
    assert held(swapped).endswith("install a sound model, then: watchdown backfill visual-embedding")
    assert not list(services(swapped).store.read_run("Embedding", 1, None))


def test_a_swapped_model_file_is_held_when_a_film_is_added(swapped: Library, film: Path) -> None:
    swapped.add(film, only=[NAME])
    assert "fails its canary" in held(swapped)


def batch_of(library: Library, *stages: str) -> str:
    """Plan a batch of all titles, work it, and take it through stages; return its name."""
    inner = services(library)
    [planned] = inner.batching.plan(inner.catalogue.titles(), [NAME], size=10).batches
    batch = read_batch(inner.storage, planned.batch)
    worked_by(library, batch, discover())
    for stage in stages:
        getattr(inner.batches, stage)(batch.id)
    return batch.id


def worked_by(library: Library, batch: Batch, algorithms: AlgorithmCatalogue) -> None:
    """Work a batch with what is installed where its worker runs."""
    inner = services(library)
    worker = Worker(
        shelf=inner.shelf, algorithms=algorithms, read_records=inner.read_run, types=inner.registry
    )
    for index in range(len(batch.items)):
        worker(batch, index)


def test_a_run_that_is_loaded_before_its_model_is_found_out_is_never_shown(
    film: Path, tmp_path: Path
) -> None:
    with watchdown.open(tmp_path / "library", create=True) as library:
        library.add(film, only=())
        batch = batch_of(library, "record", "validate", "load")
        inner = services(library)
        [run] = inner.batches.runs(batch)
        assert run.state is State.LOADED
        assert run.model is not None
        found = verdict(inner.storage, run.model)
        assert found is not None
        told = found.model_copy(update={"reason": "it cannot tell a dog from a horse"})
        inner.storage.put(keys.canary(run.model), told.model_dump_json().encode())
        inner.batches.publish(batch)
        assert "fails its canary: it cannot tell a dog from a horse; install" in held(library)
        [kept] = library.quarantine.list()
        assert (kept.schema_type, kept.rows, kept.held > 0) == ("Embedding", 0, True)


def test_vectors_of_another_model_than_was_planned_are_held(film: Path, tmp_path: Path) -> None:
    other = changed(tmp_path / "other", version="1.1.0", noise=0.5)
    with watchdown.open(tmp_path / "library", create=True) as library:
        library.add(film, only=())
        inner = services(library)
        [planned] = inner.batching.plan(inner.catalogue.titles(), [NAME], size=1).batches
        worked_by(library, read_batch(inner.storage, planned.batch), catalogue_with(other))
        inner.batches.record(planned.batch)
        inner.batches.validate(planned.batch)
        model = other.load_model()
        assert model is not None
        assert held(library).startswith(f"its vectors are of the model {model.fingerprint}, and it was ")


def frames(count: int, *, alike: bool) -> list[dict[str, Any]]:
    return [
        {"start_ns": at, "end_ns": at + 1, "vector": [0.6, 0.8] if alike or at % 2 else [0.8, 0.6]}
        for at in range(count)
    ]


def test_rows_whose_vectors_are_all_the_same_are_held(tmp_path: Path) -> None:
    with make(tmp_path / "library", "heat") as library:
        done = library.write("Embedding", frames(5, alike=True), "heat", algorithm="eye", model="m")
        assert (done.state, done.written) == ("quarantined", 0)
        assert done.error is not None
        assert "vectors of its 5 Embedding rows are all the same (variance 0.0e+00); mend" in done.error
        assert library.count("Embedding") == 0
        run = library.writes.start("eye", "heat", model="m")
        for first in (0, 3):
            library.writes.append(run, "Embedding", frames(6, alike=True)[first : first + 3])
        assert library.writes.finish(run).state == "quarantined"
        assert [one.state for one in services(library).ledger.runs()] == ["quarantined"] * 2
        assert library.write("Embedding", frames(5, alike=False), "heat", model="m").state == "active"


def test_few_frames_may_look_the_same(tmp_path: Path) -> None:
    with make(tmp_path / "library", "heat") as library:
        assert library.write("Embedding", frames(3, alike=True), "heat", model="m").state == "active"


def test_the_spread_of_vectors_is_that_of_all_batches_together() -> None:
    vectors = np.random.default_rng(1).normal(size=(100, 8)).astype(np.float32)
    spreading = Spreading()
    for first in range(0, 100, 30):
        spreading.take(pa.FixedSizeListArray.from_arrays(vectors[first : first + 30].ravel(), 8))
    spreading.take(pa.array([None], pa.list_(pa.float32(), 8)))
    assert spreading.spread.rows == 100
    assert spreading.spread.variance == pytest.approx(float(vectors.var(axis=0).sum()), rel=1e-5)
    assert Spreading().spread == Spread(rows=0, variance=0)
