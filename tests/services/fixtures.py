"""Fixtures of the real servers: one of each for a test run, started when first asked for, or a test's own."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import pytest

from services.airflow import Airflow
from services.kubernetes.cluster import Kubernetes
from services.opensearch import OpenSearch
from services.postgresql import PostgreSQL, drop_database, new_database
from services.run import Run, discard
from services.s3 import S3
from services.service import Service
from services.tools import Missing
from services.triton import Triton

SomeService = TypeVar("SomeService", bound=Service)
Own = Callable[..., Any]

SHARED: dict[str, type[Service]] = {
    "postgresql_url": PostgreSQL,
    "s3_server": S3,
    "opensearch_server": OpenSearch,
    "triton": Triton,
    "kubernetes": Kubernetes,
    "airflow": Airflow,
}
RUN_KEY = pytest.StashKey[Run]()
WORKER = "workerinput"


def pytest_configure(config: pytest.Config) -> None:
    """Name the run; a worker takes the name that its controller has chosen."""
    handed = getattr(config, WORKER, None)
    config.stash[RUN_KEY] = (
        Run(*handed["services"]) if handed else Run(f"test-{uuid.uuid4().hex[:12]}", os.getpid())
    )


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Hand the run to a worker."""
    run = node.config.stash[RUN_KEY]
    node.workerinput["services"] = (run.name, run.owner)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Begin to bring and start those servers that the collected tests will ask for."""
    config = session.config
    if config.option.collectonly or getattr(config, WORKER, {}).get("workerid", "gw0") != "gw0":
        return
    asked = {name for item in session.items for name in getattr(item, "fixturenames", ())}
    kinds = {kind for name, kind in SHARED.items() if name in asked}
    if wanted := [kind.kind for kind in kinds if not by_hand(kind)]:
        config.stash[RUN_KEY].begin(wanted)


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the servers of the run, however it went."""
    if not hasattr(config, WORKER) and (run := config.stash.get(RUN_KEY, None)):
        run.end()


def started(service: SomeService) -> SomeService:
    """Start a server; where this machine cannot have it the test is skipped, in CI it fails."""
    try:
        service.up()
    except Missing as missing:
        if os.environ.get("CI"):
            pytest.fail(f"{service.kind}: {missing}", pytrace=False)
        pytest.skip(f"{service.kind}: {missing}")
    return service


def by_hand(kind: type[SomeService]) -> SomeService | None:
    """Return the server that somebody has started with `make services`, if it answers."""
    service = kind()
    return service if service.running() and service.healthy() else None


def shared(config: pytest.Config, kind: type[SomeService]) -> SomeService:
    """Return the server of this run, or the one that somebody has started by hand."""
    if found := by_hand(kind):
        return found
    run = config.stash[RUN_KEY]
    return started(kind(run.adopt(run.name)))


@pytest.fixture(scope="session")
def postgresql_url(pytestconfig: pytest.Config) -> str:
    """Return the URL of a server; a test makes its own database there with `new_database`."""
    return shared(pytestconfig, PostgreSQL).url


@pytest.fixture
def database_url(postgresql_url: str) -> Iterator[str]:
    """Hand out the URL of an empty database of the test's own."""
    url = new_database(postgresql_url)
    yield url
    drop_database(url)


@pytest.fixture(scope="session")
def s3_server(pytestconfig: pytest.Config) -> S3:
    """Return an S3 server: its `url`, `access_key`, `secret_key`, `region`, `client()` and `new_bucket()`."""
    return shared(pytestconfig, S3)


@pytest.fixture(scope="session")
def opensearch_server(pytestconfig: pytest.Config) -> OpenSearch:
    """Return a cluster of one node; a test makes its own indices there."""
    return shared(pytestconfig, OpenSearch)


@pytest.fixture(scope="session")
def opensearch_url(opensearch_server: OpenSearch) -> str:
    """Return the URL of a cluster of one node; a test makes its own indices there."""
    return opensearch_server.url


@pytest.fixture(scope="session")
def triton(pytestconfig: pytest.Config) -> Triton:
    """Return a Triton that serves what it is told to: `serve(repository)`, then `url`, `grpc`, `http`."""
    return shared(pytestconfig, Triton)


@pytest.fixture(scope="session")
def kubernetes(pytestconfig: pytest.Config) -> Kubernetes:
    """Return a cluster whose node runs pods as processes; a test makes a namespace of its own there."""
    return shared(pytestconfig, Kubernetes)


@pytest.fixture(scope="session")
def airflow(pytestconfig: pytest.Config) -> Airflow:
    """Return an Airflow with this tree's DAGs: its `url`, and its `api` to connect, trigger and look."""
    return shared(pytestconfig, Airflow)


def _own(config: pytest.Config) -> Iterator[Own]:
    run = config.stash[RUN_KEY]
    made: list[Service] = []

    def make(kind: type[SomeService], **options: Any) -> SomeService:
        made.append(service := kind(run.adopt(f"{run.name}.{uuid.uuid4().hex[:8]}"), **options))
        return started(service)

    yield make
    for service in made:
        discard(service.folder.parent)


@pytest.fixture
def own_server(pytestconfig: pytest.Config) -> Iterator[Own]:
    """Hand out a maker of servers that the test may kill and pause: `own_server(S3, **options)`."""
    yield from _own(pytestconfig)


@pytest.fixture(scope="module")
def module_server(pytestconfig: pytest.Config) -> Iterator[Own]:
    """Hand out a maker of servers that the tests of a module may kill and pause, each leaving them whole."""
    yield from _own(pytestconfig)
