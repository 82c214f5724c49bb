"""A store that is built anew from the system of record answers as before, on both deployments."""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import watchdown
from client.deployments import DEPLOYMENTS, deployed, entered
from client.hurting import lose, staged, table_of, write
from client.libraries import services
from conformance.stores import frames, unit
from watchdown.cli import main
from watchdown.cli.exit_codes import ExitCode
from watchdown.client import Library
from watchdown.storage import keys
from watchdown.stores.opensearch.directory import StoreDirectory
from watchdown.stores.protocol import VectorLeaf
from watchdown_schemas.types import DialogueLine, Label, Shot

TITLES = ("aa0001", "bb0002")
WORDS = ("lantern", "harbour", "fog", "rail", "river", "night", "curtain")


@pytest.fixture(params=DEPLOYMENTS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    with deployed(request, request.param, tmp_path) as place:
        yield place


@pytest.fixture
def library(place: Path) -> Iterator[Library]:
    with entered(place, *TITLES) as library:
        yield library


def said(at: int) -> str:
    return f"{WORDS[at % 7]} by the {WORDS[at % 5]}, {WORDS[at % 3]} {at}"


def fill(library: Library) -> None:
    """Write runs of several types, most of them twice, the second with other rows."""
    for version, count in ((1, 120), (2, 150)):
        for seed, title in enumerate(TITLES):
            lines = [
                DialogueLine(start_ns=at, end_ns=at + 1, line=at, text=said(at + seed), language="en")
                for at in range(count)
            ]
            labels = [
                Label(start_ns=at, end_ns=at + 1, label=WORDS[at % 7], confidence=at / count)
                for at in range(count)
            ]
            about = {"algorithm": "hand", "version": f"{version}.0.0"}
            library.write("DialogueLine", lines, title, **about | {"algorithm": "lines"})
            library.write("Label", labels, title, **about | {"algorithm": "labels"})
            vectors = frames(unit(count, seed + version))
            library.write("Embedding", vectors, title, model="m", **about | {"algorithm": "vectors"})
            write(library, title, version)
    library.write("Shot", [Shot(start_ns=0, end_ns=9, number=0)], TITLES[0], algorithm="shots")


def results(library: Library, *types: str) -> Iterator[Any]:
    """Yield the answers to many queries: texts, vectors, filters, counts, facets and records."""
    parts = services(library)
    for words in (*WORDS, "harbour fog", "the river"):
        yield [(hit.id, hit.score) for hit in library.search(words, dialogue=True, limit=50).hits]
        yield [(hit.id, hit.score) for hit in library.search(words, schema_type="Note", limit=50).hits]
    view = parts.directory.view()
    snapshot = parts.searcher.snapshot(view)
    for vector in unit(20, seed=9):
        found = parts.searcher.search(VectorLeaf("Embedding", "m", vector), view, limit=20, snapshot=snapshot)
        yield [(row["id"], row["score"]) for row in found.rows]
    for name in ("DialogueLine", "Label", "Note", *types):
        yield library.count(name)
        yield [one.model_dump(mode="json") for one in library.records(name)]
    yield library.count("Label", where={"label": "fog", "confidence": {"at_least": 0.5}})
    yield library.facet("Label", "label")
    yield [(title.id, title.name) for title in library.titles()]


def result_hash(library: Library) -> str:
    """Return what the answers to many queries hash to."""
    return hashlib.sha256(json.dumps([*results(library, "Shot")]).encode()).hexdigest()


def remove_index(library: Library, place: Path) -> None:
    """Remove all that a store can be built anew from something else."""
    told = services(library).store.told
    if isinstance(told, StoreDirectory):
        prefix = told._cluster.layout.prefix
        told._cluster.request("remove them", "DELETE", f"/{prefix}-*")
        told._cluster.request("remove them", "DELETE", f"/_index_template/{prefix}-*")
        return
    for indices in (place / "lake").glob("*/_indices"):
        shutil.rmtree(indices)


@pytest.mark.feature(20)
def test_of_an_index_that_was_removed_and_rebuilt_the_results_hash_to_the_same(
    library: Library, place: Path
) -> None:
    fill(library)
    before = result_hash(library)
    remove_index(library, place)
    with watchdown.open(place) as opened:
        made = opened.repair.rebuild()
        assert made.whole
        assert {table.runs for table in made.tables} == {4, 1}
    with watchdown.open(place) as opened:
        assert result_hash(opened) == before
        assert opened.repair.check(deep=True).faults == ()


def test_who_searches_and_writes_meanwhile_is_answered_from_what_is_whole(
    library: Library, place: Path
) -> None:
    fill(library)
    before, done, seen = [*results(library)], threading.Event(), list[Any]()
    written = list[int]()

    def read() -> None:
        with watchdown.open(place) as other:
            while not done.is_set() or not seen:
                seen.append([*results(other)])

    def add() -> None:
        with watchdown.open(place) as other:
            while not done.is_set() or not written:
                shots = [Shot(start_ns=at, end_ns=at + 1, number=at) for at in range(9)]
                version = f"{len(written) + 2}.0.0"
                written.append(other.write("Shot", shots, TITLES[0], algorithm="shots", version=version).run)

    threads = [threading.Thread(target=one) for one in (read, add)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(2):
            assert library.repair.rebuild().whole
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert written
    assert seen
    for one in seen:
        assert one == before
    assert {one.run for one in library.records("Shot")} == {written[-1]}  # type: ignore[attr-defined]
    assert library.count("Shot") == 9
    assert library.repair.check(deep=True).faults == ()


def test_only_the_tables_that_are_named_are_built_anew(
    library: Library, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(library)
    before, table = result_hash(library), table_of(library)
    capsys.readouterr()
    assert main(["rebuild", table, "--json", "--library", str(place)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(one["table"], one["rows"]) for one in found["tables"]] == [(table, 120)]
    assert main(["rebuild", table, "Nothing", "--library", str(place)]) == ExitCode.NOT_FOUND
    assert table in capsys.readouterr().err.partition("Nothing: is no table of this library. Known: ")[2]
    assert main(["rebuild", "--library", str(place)]) == 0
    assert "rebuilt" in capsys.readouterr().out
    assert result_hash(library) == before


def test_what_neither_record_nor_table_has_is_told(library: Library, place: Path) -> None:
    run = write(library, TITLES[0])
    if services(library).store.sink.of_record:
        return
    services(library).storage.delete_all(keys.staged(run))
    assert not staged(library, run)
    made = library.repair.rebuild()
    assert made.tables[0].lost == (run,)
    assert library.count("Note") == 30  # what the table had of it is kept
    lose(library, run)
    assert main(["rebuild", "--library", str(place)]) == 1
