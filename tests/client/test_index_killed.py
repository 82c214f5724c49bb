"""OpenSearch is killed while a publication is told: once it is back, the right runs are served, untouched."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import watchdown
from client.deployments import entered
from client.hurting import write
from client.libraries import services
from services.fixtures import Own
from services.library import settings_of
from services.opensearch import OpenSearch
from services.s3 import S3
from watchdown.client import Library
from watchdown_schemas.errors import StoreError

TITLES = ("aa0001", "bb0002")
PATIENT, BRIEF = "timeout_s = 120\n", "timeout_s = 10\n"


@pytest.fixture(scope="module")
def server(module_server: Own) -> OpenSearch:
    server: OpenSearch = module_server(OpenSearch)
    return server


@pytest.fixture
def place(server: OpenSearch, database_url: str, s3_server: S3, tmp_path: Path) -> Iterator[Path]:
    """Give the settings of a library; `brief.toml` beside them is for who waits but briefly for a server."""
    text = settings_of(database_url, s3_server, server.url)
    for name, patience in (("watchdown.toml", PATIENT), ("brief.toml", BRIEF)):
        (tmp_path / name).write_text(text.replace("replicas = 0", patience + "replicas = 0"), "utf-8")
    with entered(tmp_path / "watchdown.toml", *TITLES) as library:
        write(library, TITLES[0], 1)
    yield tmp_path / "watchdown.toml"
    server.up()


class Dying:
    """A directory whose server dies, once, as it is about to be told what is visible."""

    def __init__(self, directory: Any, die: Callable[[], object]) -> None:
        self._directory = directory
        self._die: Callable[[], object] | None = die

    def __getattr__(self, name: str) -> Any:
        return getattr(self._directory, name)

    def show(self, *told: Any) -> None:
        """Let the server die, and tell it."""
        if die := self._die:
            self._die = None
            die()
        self._directory.show(*told)


def let_die(library: Library, die: Callable[[], object]) -> None:
    telling = services(library).telling
    assert telling is not None
    telling._directory = Dying(telling._directory, die)  # type: ignore[assignment] # a fault


def seen(place: Path) -> list[str]:
    """Return the notes of the first title, as a reader sees them who has just come."""
    with watchdown.open(place) as reader:
        return sorted(one.text for one in reader.records("Note", titles=[TITLES[0]]))  # type: ignore[attr-defined]


def notes_of(version: int) -> list[str]:
    return sorted(f"Lantern {at} of version {version}" for at in range(30))


@pytest.mark.feature(19)
def test_a_publication_whose_index_is_killed_is_served_once_the_index_is_back(
    server: OpenSearch, place: Path
) -> None:
    back, done, polled = threading.Thread(target=server.up), threading.Event(), list[list[str]]()

    def die() -> None:
        server.kill()
        back.start()

    def poll() -> None:
        while not done.is_set() or not polled:
            polled.append(seen(place))

    reader = threading.Thread(target=poll)
    reader.start()
    try:
        with watchdown.open(place) as library:
            let_die(library, die)
            write(library, TITLES[0], 2)
    finally:
        done.set()
        reader.join()
        back.join()
    assert all(one in (notes_of(1), notes_of(2)) for one in polled)
    assert seen(place) == notes_of(2)
    with watchdown.open(place) as library:
        assert library.repair.check(deep=True).faults == ()


@pytest.mark.feature(19)
def test_what_an_index_that_stayed_dead_was_not_told_is_told_by_whatever_comes_next(
    server: OpenSearch, place: Path
) -> None:
    with watchdown.open(place.with_name("brief.toml")) as library:
        let_die(library, server.kill)
        with pytest.raises(StoreError):
            write(library, TITLES[0], 2)
    server.up()
    assert seen(place) == notes_of(1)
    with watchdown.open(place) as library:
        assert [one.kind for one in library.repair.check().faults] == ["readers not told"]
        write(library, TITLES[1], 1)
        assert seen(place) == notes_of(2)
        assert library.repair.check(deep=True).faults == ()
