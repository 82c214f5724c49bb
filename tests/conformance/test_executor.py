"""What every executor must do: in this process over a folder, and by Airflow as pods over the servers."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.airflow import Airflow
from services.fixtures import Own
from services.kubernetes.cluster import Kubernetes
from services.kubernetes.jobs import new_namespace
from services.library import settings_of
from services.opensearch import OpenSearch
from services.platform import Platform, fill
from services.postgresql import new_database
from services.s3 import S3
from services.triton import Triton
from watchdown.client import backfilling
from watchdown.client.opening import opened
from watchdown.client.services import Services
from watchdown.executors.protocol import STAGES, Executor, Wanted
from watchdown.runs.reporting import BackfillReport
from watchdown_algos.drawn.film import film_of
from watchdown_algos.drawn.write import write_film
from watchdown_schemas.errors import NotFound

ALGORITHM = "visual-embedding"
NAMES = ["Tiny 0", "Tiny 1", "Tiny 2"]


@dataclass(frozen=True)
class Place:
    """A library that nothing was run on yet, and who is to run it."""

    library: Path
    via: backfilling.Via

    def spoil(self, services: Services, title: str) -> None:
        """Make a title one that no attempt gets through."""
        [asset] = services.catalogue.assets(services.catalogue.title(title).id)
        place = services.shelf.place(asset.path)
        if isinstance(place, Path):
            place.write_bytes(b"\0" * place.stat().st_size)
        else:
            place.storage.put(place.key, b"\0" * len(place.storage.read(place.key)))


Make = Callable[[Path], Place]


@pytest.fixture(scope="module", params=["in_process", "airflow"])
def make(request: pytest.FixtureRequest) -> Make:
    """Give a maker of libraries, each with the executor of this round."""
    servers = _platform(request) if request.param == "airflow" else None

    def made(home: Path) -> Place:
        library = home / ("folder" if servers is None else "watchdown.toml")
        if servers is not None:
            settings = settings_of(
                new_database(servers.postgresql_url), servers.s3, servers.opensearch.url
            )  # pods run the model themselves
            library.write_text(
                f'{settings}\n[airflow]\nurl = "{servers.airflow.url}"\n'
                f'username = "{servers.airflow.user}"\npassword = "{servers.airflow.password}"\n'
            )
        films = []
        for number, name in enumerate(NAMES):
            films.append(home / f"{name}.mp4")
            write_film(film_of(70 + number, name=name, shots=2, seconds=(0.9, 1.1)), films[-1])
        fill(library, films, only=())
        if servers is not None:
            servers.connect(library, Path(sys.executable).with_name("watchdown"))
        return Place(library, "local" if servers is None else "airflow")

    return made


def _platform(request: pytest.FixtureRequest) -> Platform:
    """Start an Airflow of this module's own: other tests connect theirs to other libraries."""
    own: Own = request.getfixturevalue("module_server")
    kubernetes: Kubernetes = request.getfixturevalue("kubernetes")
    s3: S3 = request.getfixturevalue("s3_server")
    opensearch: OpenSearch = request.getfixturevalue("opensearch_server")
    airflow = own(Airflow)
    airflow.api.await_dag(f"algo.{ALGORITHM}")
    postgresql: str = request.getfixturevalue("postgresql_url")
    namespace = new_namespace(kubernetes)
    return Platform(postgresql, s3, opensearch, Triton(), kubernetes, airflow, namespace=namespace)


@pytest.fixture
def place(make: Make, tmp_path: Path) -> Place:
    """Give a library of the test's own."""
    return make(tmp_path)


@contextmanager
def opened_at(place: Place) -> Iterator[tuple[Services, Executor]]:
    """Give the parts of the library, and its executor."""
    with opened(place.library) as services, backfilling.executor_of(services, place.via) as executor:
        yield services, executor


def begin(services: Services, executor: Executor) -> tuple[Wanted, str]:
    """Plan and begin a backfill."""
    planned = backfilling.plan(services, [ALGORITHM])
    wanted = Wanted(algorithm=ALGORITHM, titles=(), planned=planned, size=100)
    return wanted, executor.run(wanted)


def judged(services: Services, wanted: Wanted) -> BackfillReport:
    """Return the report on a backfill."""
    return backfilling.report(services, [one.batch for one in wanted.planned.batches])


def states(services: Services) -> list[str]:
    """Return the states of all runs."""
    return sorted(run.state for run in services.ledger.runs())


def test_a_backfill_is_followed_through_its_stages_to_readers(place: Place) -> None:
    with opened_at(place) as (services, executor):
        wanted, name = begin(services, executor)
        steps = list(executor.watch(name))
        assert judged(services, wanted).passed
        assert states(services) == ["active"] * 3
        assert len({run.visible_from for run in services.ledger.runs()}) == 1  # all at one moment
    assert {step.stage for step in steps} >= {"work", STAGES[-1]}
    assert not [step for step in steps if step.failed]
    for stage in STAGES:
        done = [step.done for step in steps if step.stage == stage]
        assert done == sorted(done)
    last = steps[-1]
    assert (last.stage, last.done, last.total) == (STAGES[-1], 3, 3)


def test_a_poison_title_is_told_as_it_fails_and_fails_alone(place: Place) -> None:
    with opened_at(place) as (services, executor):
        place.spoil(services, "Tiny 1")
        wanted, name = begin(services, executor)
        failed = [step.failed for step in executor.watch(name) if step.failed and step.stage == "work"]
        assert [told.partition(":")[0] for told in failed] == ["Tiny 1"]
        assert states(services) == ["active", "active", "failed"]
        report = judged(services, wanted)
        assert not report.passed
        [one] = report.failed
        assert one.title_name == "Tiny 1"
        assert failed[0].endswith(one.error)


def test_what_is_begun_twice_is_one(place: Place) -> None:
    with opened_at(place) as (services, executor), opened_at(place) as (others, other):
        wanted, name = begin(services, executor)
        _, again = begin(others, other)
        assert again == name
        list(executor.watch(name))
        list(other.watch(name))
        assert judged(services, wanted).passed
        assert states(services) == ["active"] * 3


def test_what_was_cancelled_can_be_begun_again(place: Place) -> None:
    with opened_at(place) as (services, executor):
        _, name = begin(services, executor)
        watched = executor.watch(name)
        next(watched)
        executor.cancel(name)
        list(watched)
        assert "active" not in states(services)
    with opened_at(place) as (services, executor):
        wanted, again = begin(services, executor)
        assert again == name
        assert [step for step in executor.watch(again) if not step.failed]
        assert judged(services, wanted).passed
        assert states(services) == ["active"] * 3


def test_what_was_never_begun_is_refused(place: Place) -> None:
    with opened_at(place) as (_, executor), pytest.raises(NotFound, match="nothing"):
        next(executor.watch("nothing"))
