"""A library on either database: the same calls, the same answers, the same errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import event

import watchdown
from catalogue.databases import DRIVERS, fresh
from client.libraries import SECOND, make, services
from watchdown.cli import main
from watchdown.cli.exit_codes import ExitCode
from watchdown.client import Library
from watchdown_schemas.errors import LibraryError, RecordInvalid, StorageFull

LABEL = {"start_ns": 0, "end_ns": SECOND, "label": "car", "confidence": 0.5}
BAD = {**LABEL, "start_ns": SECOND, "end_ns": 2 * SECOND, "confidence": 2.0}


@pytest.fixture(params=DRIVERS)
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """Give a file of settings that chooses a fresh database."""
    with fresh(request, request.param, tmp_path) as address:
        file = tmp_path / "watchdown.toml"
        file.write_text(f'database = "{address.reveal()}"\nstorage = "media"\nstore = "lance:lake"\n')
        yield file


@pytest.fixture
def library(settings: Path) -> Iterator[Library]:
    with make(settings, "heat", "rain") as made:
        yield made


def test_a_library_is_made_written_corrected_and_found_again(library: Library, settings: Path) -> None:
    written = library.write("Label", [LABEL, BAD], "heat", tolerance=1)
    assert (written.state, written.written) == ("active", 1)
    library.quarantine.replay(written.run, "Label", [{**BAD, "confidence": 1.0}])
    assert library.count("Label") == 2
    record = library.records("Label")[0]
    library.corrections.change("Label", record.id, {"label": "bus"}, author="ada")
    library.notes.save("rain", "too dark", author="ada")
    file = settings.with_name("titles.csv")
    file.write_text("title,genre\nheat,crime\n")
    assert library.import_titles(file).titles == 1
    with pytest.raises(RecordInvalid):
        library.write("Label", [LABEL], "heat", algorithm="a b")
    library.close()
    with watchdown.open(settings) as again:
        assert again.facet("Label", "label") == [("bus", 1), ("car", 1)]
        assert [note.text for note in again.notes.list("rain")] == ["too dark"]
        assert again.show("heat").metadata == {"genre": "crime"}
        assert {run.state for run in again.runs()} == {"active", "superseded"}


def test_the_commands_take_the_file_of_settings(
    library: Library, settings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    library.close()
    for command in (["titles"], ["runs"], ["show", "heat"], ["budget"], ["note", "list", "heat"], ["doctor"]):
        assert main([*command, "--library", str(settings)]) == ExitCode.OK, command
    said = capsys.readouterr()
    assert said.err == ""
    assert "heat" in said.out
    assert "watchdown:watchdown@" not in said.out


def note(library: Library) -> None:
    library.notes.save("heat", "dark", author="ada")


def write(library: Library) -> None:
    library.write("Label", [LABEL], "heat")


def correct(library: Library) -> None:
    record = library.records("Label")[0]
    library.corrections.change("Label", record.id, {"label": "bus"}, author="ada")


def replay(library: Library) -> None:
    library.quarantine.replay(library.runs()[0].number, "Label", [{**BAD, "confidence": 1.0}])


def limit(library: Library) -> None:
    library.budget.set(documents=1)


CALLS = [note, write, correct, replay, limit]
FAULTS = {
    "sqlite": ("SELECT 1 FROM nowhere", LibraryError),
    "postgresql": ("DO $$ BEGIN RAISE 'full' USING ERRCODE = '53100'; END $$", StorageFull),
}


@pytest.mark.parametrize("call", CALLS)
def test_what_the_database_raises_in_any_call_is_of_our_tree(
    library: Library, call: Callable[[Library], None]
) -> None:
    library.write("Label", [LABEL, BAD], "heat", tolerance=1)
    database = services(library).database
    fault, kind = FAULTS[database.address.kind]

    def fail(connection: object, *_: object) -> None:
        connection.exec_driver_sql(fault)  # type: ignore[attr-defined] # a connection of SQLAlchemy

    def on_write(connection: object, *_: object) -> None:
        if connection.get_execution_options().get("writer"):  # type: ignore[attr-defined] # the same
            fail(connection)

    event.listen(database._engine, "begin", on_write)
    with pytest.raises(kind, match=r"library\.db|PostgreSQL at 127"):
        call(library)
    event.remove(database._engine, "begin", on_write)
    call(library)
