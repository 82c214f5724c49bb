"""Results taken back and shown again by one command, on the folder and on servers, while others read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

import watchdown
from client.libraries import SECOND, make, services
from e2e.conftest import Call
from services.library import settings_of
from services.postgresql import drop_database, new_database
from watchdown.cli.exit_codes import ExitCode
from watchdown.client import Library
from watchdown_schemas.errors import CursorExpired, QueryError

TITLES = ("Harbour", "Meadow")


def said(library: Library, version: int, *titles: str) -> None:
    """Write a version of what is said in titles: as many lines as its number."""
    for title in titles:
        lines = [
            {"line": n, "start_ns": n * SECOND, "end_ns": (n + 1) * SECOND, "text": f"version {version}"}
            for n in range(version)
        ]
        library.write("DialogueLine", lines, title, algorithm="lines", version=f"{version}.0.0")


@pytest.fixture(params=["folder", "servers"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """Give a library whose first title has two versions of its lines, and whose second has one."""
    place = tmp_path / "library"
    database = None
    if request.param == "servers":
        database = new_database(request.getfixturevalue("postgresql_url"))
        place = tmp_path / "watchdown.toml"
        servers = [request.getfixturevalue(name) for name in ("s3_server", "opensearch_url")]
        place.write_text(settings_of(database, *servers))
    with make(place, *TITLES) as library:
        said(library, 1, "Harbour")
        said(library, 2, "Harbour", "Meadow")
    yield place
    if database is not None:
        drop_database(database)


def seen(library: Library, as_of: int | None = None) -> dict[str, list[str]]:
    """Return what a search finds and what records there are, by title."""
    found: dict[str, list[str]] = {}
    for hit in library.search("version", dialogue=True, as_of=as_of, limit=50).hits:
        found.setdefault(hit.title_name, []).append(str(hit.text))
    for title in TITLES:
        assert library.count("DialogueLine", titles=[title], as_of=as_of) == len(found.get(title, ()))
        counts = library.show(title, as_of=as_of).counts
        assert counts.get("DialogueLine", 0) == len(found.get(title, ()))
    return found


NEW = {"Harbour": ["version 2"] * 2, "Meadow": ["version 2"] * 2}
OLD = {"Harbour": ["version 1"]}


@pytest.mark.feature(23)
def test_one_command_takes_results_back_and_searches_change_at_once(call: Call, place: Path) -> None:
    with watchdown.open(place) as reader:
        assert seen(reader) == NEW
        took = json.loads(call("rollback", "lines", "--json", "--library", place).out)
        assert seen(reader) == OLD
        assert (took["epoch"], [change["shown_version"] for change in took["changes"]]) == (
            4,
            ["1.0.0", None],
        )
        assert call("rollback", "lines", "--undo", "--library", place).code == ExitCode.OK
        assert seen(reader) == NEW
        assert [seen(reader, epoch) for epoch in range(1, 6)] == [
            OLD,
            {"Harbour": ["version 2"] * 2},
            NEW,
            OLD,
            NEW,
        ]
        history = json.loads(call("history", "--json", "--library", place).out)
        kinds = [(one["epoch"], one["kind"], one["titles"]) for one in history[:3]]
        assert kinds == [(5, "shown again", 2), (4, "taken back", 2), (3, "published", 1)]
        of_title = json.loads(call("history", "Meadow", "--json", "--library", place).out)
        assert [one["epoch"] for one in of_title] == [5, 4, 3]


def test_pages_of_a_search_stay_those_of_before_a_rollback(place: Path) -> None:
    with watchdown.open(place) as reader:
        first = reader.search("version", dialogue=True, limit=1)
        reader.publication.rollback("lines")
        rest = reader.search("version", dialogue=True, limit=10, after=first.cursor)
        assert [hit.text for hit in (*first.hits, *rest.hits)] == ["version 2"] * 4
        with pytest.raises(QueryError, match=r"the cursor: belongs to epoch 3, not to 4"):
            reader.search("version", dialogue=True, after=first.cursor, as_of=4)


def test_a_rollback_that_was_not_told_the_store_is_told_by_the_next_command(call: Call, place: Path) -> None:
    with watchdown.open(place) as library:
        from watchdown.runs.rollback import Scope

        services(library).ledger.rollback(Scope(algorithm="lines"))  # and its process dies
        assert call("rollback", "lines", "--library", place).code == ExitCode.OK
        assert seen(library) == {}  # Harbour once more, Meadow has nothing left


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give such a library in a folder."""
    with make(tmp_path / "library", *TITLES) as library:
        said(library, 1, "Harbour")
        said(library, 2, "Harbour", "Meadow")
    return tmp_path / "library"


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (["nobody"], ExitCode.NOT_FOUND, "nobody: has no run here."),
        (["lines", "--in", "Nowhere"], ExitCode.NOT_FOUND, "Nowhere: chooses no title here."),
        (["lines", "--batch", "b"], ExitCode.NOT_FOUND, "b: is no batch of this library."),
        (["lines", "--backfill", "7"], ExitCode.NOT_FOUND, "7: is no backfill of this library."),
        (["lines", "--batch", "b", "--in", "Harbour"], ExitCode.USAGE, "lines: is limited in several ways."),
        (["lines", "--backfill", "many"], ExitCode.USAGE, "Invalid value for '--backfill'"),
    ],
)
def test_what_cannot_be_taken_back_is_said_and_nothing_changes(
    call: Call, folder: Path, arguments: list[str], code: ExitCode, error: str
) -> None:
    found = call("rollback", *arguments, "--library", folder)
    assert found.code == code
    assert found.errors[0].startswith(error)
    with watchdown.open(folder) as library:
        assert seen(library) == NEW


def test_a_rehearsal_says_what_would_change(call: Call, folder: Path) -> None:
    found = call("rollback", "lines", "--in", "Harb*", "--dry-run", "--library", folder)
    assert [line.split("  ")[0] for line in found.out.splitlines()] == [
        "title",
        "Harbour",
        "lines would be taken back in 1 title; nothing was changed.",
    ]
    assert "run 2 (2.0.0)" in found.out
    assert "run 1 (1.0.0)" in found.out
    with watchdown.open(folder) as library:
        assert seen(library) == NEW


def test_nothing_to_take_back_is_no_fault(call: Call, folder: Path) -> None:
    assert call("rollback", "lines", "--undo", "--library", folder).out == (
        "Nothing of lines is to be shown again.\n"
    )


def test_what_was_seen_before_and_is_removed_is_refused_with_the_way_out(call: Call, folder: Path) -> None:
    with watchdown.open(folder) as library, services(library).database.writing() as connection:
        connection.execute(text("UPDATE runs SET collected_at = 'x' WHERE number = 1"))
    found = call("rollback", "lines", "--library", folder)
    assert found.code == ExitCode.FAILED
    assert "would be shown again, but is removed; nothing was changed" in found.errors[0]
    assert "install lines 1.0.0, then watchdown backfill lines --titles Harbour" in found.errors[0]


def test_an_epoch_that_is_kept_no_more_is_never_answered_in_part(call: Call, folder: Path) -> None:
    with watchdown.open(folder) as library:
        with services(library).database.writing() as connection:
            connection.execute(text("UPDATE counters SET value = 2 WHERE name = 'oldest'"))
        assert seen(library, 2) == {"Harbour": ["version 2"] * 2}
        for read in (
            lambda: library.search("version", dialogue=True, as_of=1),
            lambda: library.show("Harbour", as_of=1),
            lambda: library.count("DialogueLine", as_of=1),
        ):
            with pytest.raises(CursorExpired, match=r"1: is an epoch that is kept no more"):
                read()
    for command in (["search", "version", "--dialogue"], ["show", "Harbour"]):
        assert call(*command, "--as-of", "1", "--library", folder).code == ExitCode.NOT_FOUND
        assert call(*command, "--as-of", "99", "--library", folder).code == ExitCode.NOT_FOUND
        assert call(*command, "--as-of", "3", "--library", folder).code == ExitCode.OK


def test_history_of_nothing_says_so(call: Call, tmp_path: Path) -> None:
    make(tmp_path / "empty").close()
    assert call("history", "--library", tmp_path / "empty").out == "Nothing was published yet.\n"


def test_history_is_a_table_for_people(call: Call, folder: Path) -> None:
    call("rollback", "lines", "--in", "Harbour", "--library", folder)
    head, *rows = call("history", "--library", folder).out.splitlines()
    assert head.split() == ["epoch", "when", "titles", "what"], "no batch published any of it"
    newest = rows[0].split()
    assert newest[0] == "4"
    assert newest[3:] == ["taken", "back", "1", "+1", "lines", "1.0.0,", "-1", "lines", "2.0.0"]
    assert "+ run 1 - run 2 of lines 1.0.0" in call("history", "Harbour", "--library", folder).out


def test_a_correction_of_what_was_taken_back_can_be_withdrawn(folder: Path) -> None:
    with watchdown.open(folder) as library:
        line = library.records("DialogueLine", titles=["Harbour"])[0]
        made = library.corrections.change("DialogueLine", line.id, {"text": "mended"}, author="me")
        for _ in range(3):
            library.publication.rollback("lines", ["Harbour"])
        assert seen(library) == {"Meadow": ["version 2"] * 2}
        assert library.corrections.withdraw(made.id).withdrawn_at is not None
