"""Checking and mending what only a library on servers has: files of record, and what readers are told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import watchdown
from client.deployments import deployed, entered
from client.hurting import answers, lose, note_in_ledger, staged, table_of, write
from client.libraries import services
from watchdown.client import Library
from watchdown.storage import keys
from watchdown.stores.opensearch.cluster import Cluster
from watchdown.stores.opensearch.directory import StoreDirectory
from watchdown_schemas.errors import StoreNotFound

TITLES = ("aa0001", "bb0002")
TOLD = "readers not told"


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    with deployed(request, "servers", tmp_path) as place:
        yield place


@pytest.fixture
def library(place: Path) -> Iterator[Library]:
    with entered(place, *TITLES) as library:
        yield library


def cluster(library: Library) -> Cluster:
    told = services(library).store.told
    assert isinstance(told, StoreDirectory)
    return told._cluster


def drop(library: Library, index: str) -> None:
    """Remove an index, or all that a wildcard names."""
    prefix = cluster(library).layout.prefix
    cluster(library).request("remove it", "DELETE", f"/{prefix}-{index}")


def wrong(library: Library, *, deep: bool = False) -> list[tuple[str, int | None]]:
    return [(one.kind, one.run) for one in library.repair.check(deep=deep).faults]


def test_staged_files_are_written_again_from_what_the_store_has(library: Library) -> None:
    runs = [write(library, title) for title in TITLES]
    before, storage = answers(library), services(library).storage
    storage.delete_all(keys.staged(runs[0]))
    storage.put(next(key for key in staged(library, runs[1]) if key.endswith("t")), b"PAR1")
    report = library.repair.check(deep=True, repair=True)
    assert [(one.kind, one.run, one.mended) for one in report.faults] == [
        ("staged file", run, True) for run in runs
    ]
    assert library.repair.check(deep=True).faults == ()
    lose(library, *runs)
    assert library.repair.check(deep=True, repair=True).sound
    assert answers(library) == before


def test_what_was_never_told_is_told(library: Library, place: Path) -> None:
    write(library, TITLES[0])
    before = answers(library)
    for index in ("state", "titles"):
        drop(library, index)
        with watchdown.open(place) as opened:
            assert {kind for kind, _ in wrong(opened)} == {TOLD}
            report = opened.repair.check(repair=True)
            assert [one.mended for one in report.faults] == [True] * len(report.faults)
            assert opened.repair.check(deep=True).faults == ()
            assert answers(opened) == before
            assert [title.id for title in opened.titles()] == [*TITLES]


def test_a_publication_that_readers_were_not_told_is_found(library: Library) -> None:
    write(library, TITLES[0])
    parts = services(library)
    epoch = parts.ledger.publish([])
    assert wrong(library) == [(TOLD, None)]
    assert parts.directory.view().epoch == epoch - 1
    assert library.repair.check(repair=True).sound
    assert parts.directory.view().epoch >= epoch
    assert wrong(library, deep=True) == []


def test_a_title_that_readers_know_otherwise_is_found_by_who_looks_at_each(library: Library) -> None:
    write(library, TITLES[0])
    path = f"/{cluster(library).layout.prefix}-titles/_doc/{TITLES[1]}"
    found = cluster(library).request("read it", "GET", path)
    kept = {"version": found["_version"], "version_type": "external_gte", "refresh": "true"}
    cluster(library).request("change it", "PUT", path, found["_source"] | {"name": "Rain"}, **kept)
    assert wrong(library) == []
    assert wrong(library, deep=True) == [(TOLD, None)]
    assert library.repair.check(deep=True, repair=True).sound
    assert wrong(library, deep=True) == []
    assert [title.name for title in library.titles()] == [*TITLES]


def test_an_index_that_was_removed_is_whole_again_before_anybody_sees_it(library: Library) -> None:
    runs = [write(library, title) for title in TITLES]
    before, alias = answers(library), table_of(library)
    for name in list(cluster(library).request("find it", "GET", f"/_alias/{alias}")):
        cluster(library).request("remove it", "DELETE", f"/{name}")
    with pytest.raises(StoreNotFound):
        cluster(library).request("find it", "GET", f"/_alias/{alias}")
    assert wrong(library) == [("rows missing", run) for run in runs]
    assert library.repair.check(repair=True).sound
    assert wrong(library, deep=True) == []
    assert answers(library) == before


def test_runs_from_before_digests_were_kept_get_them_when_all_is_read(library: Library) -> None:
    run = write(library, TITLES[0])
    known = services(library).ledger.get(run).digests
    note_in_ledger(library, run, digests=None)
    assert wrong(library, deep=True) == []
    assert services(library).ledger.get(run).digests is None
    assert library.repair.check(deep=True, repair=True).sound
    assert services(library).ledger.get(run).digests == known
