"""What only a file of SQLite can suffer."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import insert, select

from watchdown.catalogue.database import Database, open_database
from watchdown.catalogue.tables import titles
from watchdown_schemas.errors import LibraryError, StorageFull

TITLE = {"id": "t", "name": "A Film", "added_at": "2026-01-01"}


def names(database: Database) -> list[str]:
    with database.reading() as connection:
        return list(connection.execute(select(titles.c.name)).scalars())


@pytest.mark.parametrize("name", ["a b", "a#b", "a?b=c", "100%", "a%20b", "ü'\"", "a\nb"])
def test_a_library_may_lie_in_a_folder_of_any_name(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    open_database(folder / "library.db").close()
    assert (folder / "library.db").is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == [name]


def enter_without_room(database: Database) -> None:
    with database.writing() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        connection.execute(insert(titles).values(TITLE | {"name": "x" * 100_000}))


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "library.db"
    path.write_text("not a database, " * 100)
    with pytest.raises(LibraryError, match="is no database"):
        open_database(path)
    assert path.read_text() == "not a database, " * 100


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LibraryError, match="cannot be used") as raised:
        open_database(tmp_path / "file" / "library.db")
    assert raised.value.subject.endswith("file/library.db")


def test_a_full_disk_is_told_as_such(tmp_path: Path) -> None:
    database = open_database(tmp_path / "library.db")
    with pytest.raises(StorageFull, match=r"library\.db: the disk is full"):
        enter_without_room(database)
    assert names(database) == []
    database.close()
