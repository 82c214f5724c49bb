from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError, OperationalError

from watchdown.catalogue.database import Database, database_error, open_database
from watchdown.catalogue.tables import counters, metadata, timelines, titles
from watchdown_schemas.errors import LibraryError, LibraryVersion, StorageFull

TITLE = {"id": "t", "name": "A Film", "added_at": "2026-01-01"}


def names(database: Database) -> list[str]:
    with database.reading() as connection:
        return list(connection.execute(select(titles.c.name)).scalars())


def test_a_fresh_database_has_its_tables_and_counters_at_zero(tmp_path: Path) -> None:
    database = open_database(tmp_path / "library.db")
    with database.reading() as connection:
        assert dict(map(tuple, connection.execute(select(counters)))) == {"run": 0, "epoch": 0}
    database.close()


def test_the_migrations_make_exactly_the_tables_that_the_code_declares(tmp_path: Path) -> None:
    database = open_database(tmp_path / "library.db")
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    database.close()


def test_a_database_is_found_again_as_it_was_left(tmp_path: Path) -> None:
    for _ in range(2):
        database = open_database(tmp_path / "library.db")
        if not names(database):
            with database.writing() as connection:
                connection.execute(insert(titles).values(TITLE))
        assert names(database) == ["A Film"]
        database.close()


@pytest.mark.parametrize("name", ["a b", "a#b", "a?b=c", "100%", "a%20b", "ü'\"", "a\nb"])
def test_a_library_may_lie_in_a_folder_of_any_name(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    open_database(folder / "library.db").close()
    assert (folder / "library.db").is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == [name]


def enter_twice(database: Database) -> None:
    with database.writing() as connection:
        connection.execute(insert(titles).values(TITLE))
        connection.execute(insert(titles).values(TITLE))


def enter_without_room(database: Database) -> None:
    with database.writing() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        connection.execute(insert(titles).values(TITLE | {"name": "x" * 100_000}))


def test_a_fault_in_a_transaction_leaves_nothing_of_it(tmp_path: Path) -> None:
    database = open_database(tmp_path / "library.db")
    with pytest.raises(IntegrityError):
        enter_twice(database)
    assert names(database) == []
    database.close()


def test_what_names_no_title_cannot_be_entered(tmp_path: Path) -> None:
    database = open_database(tmp_path / "library.db")
    orphan = {
        "id": "t.1",
        "title": "nobody",
        "duration_ns": 1,
        "rate_numerator": 25,
        "rate_denominator": 1,
        "start_frame": 0,
    }
    with pytest.raises(IntegrityError), database.writing() as connection:
        connection.execute(insert(timelines).values(orphan))
    database.close()


def test_a_reader_sees_one_state_while_another_writes(tmp_path: Path) -> None:
    database = open_database(tmp_path / "library.db")
    with database.reading() as reader:
        assert list(reader.execute(select(titles.c.id))) == []
        with database.writing() as writer:
            writer.execute(insert(titles).values(TITLE))
        assert list(reader.execute(select(titles.c.id))) == []
    assert names(database) == ["A Film"]
    database.close()


def test_a_library_of_a_later_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "library.db"
    open_database(path).close()
    with closing(sqlite3.connect(path)) as later, later:
        later.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(
        LibraryVersion, match=r"later version of Watchdown \(step 9999, this one knows"
    ) as raised:
        open_database(path)
    assert raised.value.subject == str(path)
    with closing(sqlite3.connect(path)) as after:
        assert after.execute("SELECT version_num FROM alembic_version").fetchall() == [("9999",)]


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
    with pytest.raises(OperationalError) as raised:
        enter_without_room(database)
    assert isinstance(database_error(tmp_path / "library.db", raised.value), StorageFull)
    assert names(database) == []
    database.close()


OPEN_AND_ENTER = """
import sys
from pathlib import Path
from sqlalchemy import insert
from watchdown.catalogue.database import open_database
from watchdown.catalogue.tables import titles
sys.stdin.read()
database = open_database(Path(sys.argv[1]))
with database.writing() as connection:
    connection.execute(insert(titles).values(id=sys.argv[2], name=sys.argv[2], added_at=""))
"""


def test_many_processes_may_open_a_fresh_library_at_once(tmp_path: Path) -> None:
    path = str(tmp_path / "library.db")
    processes = [
        subprocess.Popen([sys.executable, "-c", OPEN_AND_ENTER, path, name], stdin=subprocess.PIPE)
        for name in "abcd"
    ]
    for process in processes:
        process.communicate()
    assert [process.returncode for process in processes] == [0] * 4
    database = open_database(Path(path))
    assert sorted(names(database)) == list("abcd")
    database.close()
