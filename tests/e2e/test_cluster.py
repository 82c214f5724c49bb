"""A library on PostgreSQL, S3, OpenSearch and Triton answers as one in a folder does."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import watchdown
from e2e.conftest import Shelf
from services.library import serve_models, settings_of
from services.postgresql import drop_database, new_database
from services.s3 import S3
from services.triton import Triton
from watchdown.cli import main
from watchdown.client.services import Services
from watchdown.client.synchronous import Library
from watchdown.settings import Settings

SENTENCE = "a red car on a beach"
CASTS = {
    "titles": [
        {
            "title": "Harbour",
            "metadata": {"season": 2, "genre": ["drama", "sea"]},
            "cast": [{"person": "Ada Long", "character": "Pilot", "person_aliases": ["A. Long"]}],
            "rights": ["editors"],
        }
    ]
}


@pytest.fixture(scope="module")
def servers(postgresql_url: str, s3_server: S3, opensearch_url: str, triton: Triton) -> Iterator[str]:
    """Give the settings of an empty library on the servers."""
    database = new_database(postgresql_url)
    yield settings_of(database, s3_server, opensearch_url, serve_models(triton))
    drop_database(database)


@pytest.fixture(scope="module")
def cluster(servers: str, shelf: Shelf, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Add the films of the shelf, import casts, and give the file of settings; beside it lies the folder."""
    home = tmp_path_factory.mktemp("cluster")
    (home / "watchdown.toml").write_text(servers)
    (home / "casts.json").write_text(json.dumps(CASTS))
    files = [str(shelf.harbour_file), str(shelf.meadow_file)]
    assert main(["add", *files, "--library", str(home / "watchdown.toml"), "--json"]) == 0
    shutil.copytree(shelf.library, home / "folder")  # other tests look at the shelf's own metadata
    for library in (home / "watchdown.toml", home / "folder"):
        assert main(["titles", "import", str(home / "casts.json"), "--library", str(library)]) == 0
    return home / "watchdown.toml"


def answers(library: Library) -> list[Any]:
    """Return what a person may learn of a library."""
    seen = library.search(SENTENCE)
    first = seen[0]
    asked = [
        seen,
        library.search(SENTENCE, titles=["Meadow"], limit=1),
        library.search("lantern in the harbor", dialogue=True),
        library.search("el farol del puerto", dialogue=True, languages=["es"]),
        library.search(shot=first.id),
        library.search(image=library.thumbnail(first.thumbnail or "")),
    ]
    told: list[Any] = [
        [(hit.title_name, hit.timecode, hit.end_ns, hit.text, round(hit.score, 4)) for hit in page]
        for page in asked
    ]
    told += [library.count(name) for name in ("Shot", "AlgorithmOutput", "DialogueLine")]
    told += [library.count("Shot", entity="season:2"), library.count("Shot", person="A. LONG")]
    told += [library.facet("DialogueLine", "language"), library.facet("Shot", "title")]
    told += [[title.name for title in library.titles()], library.timecode("Harbour", 10**9)]
    told += [[(one.start_ns, one.end_ns) for one in library.records("Shot", titles=["Harbour"])]]
    return told


def test_the_folder_and_the_cluster_give_the_same_answers(cluster: Path) -> None:
    with watchdown.open(cluster) as library, watchdown.open(cluster.with_name("folder")) as folder:
        assert answers(library) == answers(folder)
        assert any(answers(library)[0])


READER = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {absent!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Absent())
import watchdown
from watchdown_schemas.errors import LibraryError

with watchdown.open({place!r}) as library:
    for hit in library.search("a red car on a beach", limit=3):
        print(hit.title_name, hit.timecode, f"{{hit.score:.2f}}")
    try:
        library.notes.save("Harbour", "note", author="ada")
    except LibraryError as error:
        print(error)
"""
WRITERS_ONLY = {"sqlalchemy", "alembic", "psycopg", "lance", "lancedb", "av", "srt", "ttconv"}


def test_a_client_that_reads_needs_neither_database_nor_what_writers_need(
    cluster: Path, tmp_path: Path
) -> None:
    file = tmp_path / "watchdown.toml"
    lines = cluster.read_text().splitlines()
    file.write_text("\n".join(line for line in lines if not line.startswith("database")))
    program = READER.format(absent=WRITERS_ONLY, place=str(file))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    *hits, refused = done.stdout.splitlines()
    with watchdown.open(cluster) as library:
        expected = [f"{hit.title_name} {hit.timecode} {hit.score:.2f}" for hit in library.search(SENTENCE)]
    assert hits == expected[:3]
    assert "pip install 'watchdown[cluster,local]'" in refused


def test_reading_opens_no_database(cluster: Path) -> None:
    with watchdown.open(cluster) as library:
        library.search(SENTENCE)
        library.count("Shot", entity="season:2")
        library.titles()
        assert library._inner._services._database is None


def test_who_may_see_a_title_is_known_to_the_store(cluster: Path) -> None:
    services = Services(Settings.read(cluster), create=False)
    told: Any = services.store.told
    ids = {title.name: title.id for title in told.titles()}
    assert (told.rights(ids["Harbour"]), told.rights(ids["Meadow"])) == (frozenset({"editors"}), frozenset())
    services.close()


def test_notes_and_own_types_reach_other_clients_at_once(cluster: Path) -> None:
    with watchdown.open(cluster) as writer, watchdown.open(cluster) as reader:
        before = reader.count("Note")
        note = writer.notes.save("Meadow", "use this one", author="ada", start_ns=0, end_ns=10**9)
        assert reader.count("Note") == before + 1
        assert reader.search("use this", schema_type="Note")[0].text == "use this one"
        writer.notes.remove("Meadow", note.note)
        assert reader.count("Note") == before


def test_pages_go_on_while_runs_are_published(cluster: Path) -> None:
    with watchdown.open(cluster) as library:
        every = [hit.id for hit in library.search(SENTENCE, limit=50)]
        found: list[str] = []
        after = None
        while True:
            page = library.search(SENTENCE, limit=1, after=after)
            found += [hit.id for hit in page]
            after = page.cursor
            if after is None:
                break
            rows = [{"start_ns": 0, "end_ns": 1, "label": f"seen {len(found)}", "confidence": 0.5}]
            library.write("Label", rows, "Meadow", algorithm="while-paging")
        assert found == every


def add_in_a_process(file: Path, library: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "watchdown", "add", str(file), "--library", str(library), "--json"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def empty(database_url: str, s3_server: S3, opensearch_url: str, tmp_path: Path) -> Path:
    """Give the settings of a library of the test's own, its models in process."""
    (tmp_path / "watchdown.toml").write_text(settings_of(database_url, s3_server, opensearch_url))
    return tmp_path / "watchdown.toml"


def test_two_processes_add_to_one_library_at_once(empty: Path, shelf: Shelf) -> None:
    with ThreadPoolExecutor(3) as pool:
        files = (shelf.harbour_file, shelf.meadow_file, shelf.meadow_file)
        done = list(pool.map(lambda file: add_in_a_process(file, empty), files))
    assert [one.returncode for one in done] == [0, 0, 0], [one.stderr for one in done]
    with watchdown.open(empty) as library, watchdown.open(shelf.library) as folder:
        assert library.count("Shot") == folder.count("Shot")
        assert library.count("DialogueLine") == folder.count("DialogueLine")
        runs = library.runs()
        assert [run.state for run in runs] == ["active"] * len(runs)
        assert len({(run.title, run.algorithm) for run in runs}) == len(runs)


def test_what_was_committed_but_not_told_is_told_by_the_next_writer(empty: Path, shelf: Shelf) -> None:
    killed = """
import os, sys
from watchdown.client.telling import Telling
Telling.publication = lambda self: os.kill(os.getpid(), 9) if self._ledger.view().epoch else None
from watchdown.cli import main
sys.exit(main(["add", {file!r}, "--library", {library!r}]))
"""
    program = killed.format(file=str(shelf.harbour_file), library=str(empty))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == -9
    with watchdown.open(empty) as library:
        assert library.count("AlgorithmOutput") == 0  # committed to the ledger, not yet seen
        assert [run.state for run in library.runs()].count("active") > 0
    assert add_in_a_process(shelf.harbour_file, empty).returncode == 0
    with watchdown.open(empty) as library, watchdown.open(shelf.library) as folder:
        for name in ("Shot", "DialogueLine", "Embedding", "Keyframe"):
            assert library.count(name) == folder.count(name, titles=["Harbour"])
        assert library.search(SENTENCE).hits
