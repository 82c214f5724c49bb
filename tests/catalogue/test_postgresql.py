"""What only a server can suffer: it is away, refuses, fills up, or goes away in the middle."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr
from sqlalchemy import insert, text

import watchdown
from catalogue.databases import fresh
from services.postgresql import PostgreSQL
from watchdown.catalogue.database import Database, open_database
from watchdown.catalogue.tables import titles
from watchdown.catalogue.titles import Catalogue
from watchdown.catalogue.writer import writer_lock
from watchdown.cli import main
from watchdown.cli.exit_codes import ExitCode
from watchdown.settings import Address
from watchdown.settings.address import parse
from watchdown_schemas.errors import (
    DatabaseUnavailable,
    LibraryBusy,
    LibraryError,
    LibraryNotFound,
    StorageFull,
)

FILM = {"id": "film", "name": "A Film", "added_at": ""}


@pytest.fixture
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Address]:
    with fresh(request, "postgresql", tmp_path) as found:
        yield found


@pytest.fixture
def opened(server: Address) -> Iterator[Database]:
    database = open_database(server)
    yield database
    database.close()


def with_options(address: Address, more: str) -> Address:
    """Return an address with more options of a session."""
    options = f"{address.options.get('options', '')} {more}".strip()
    return replace(address, options={**address.options, "options": options})


def enter(database: Database) -> None:
    with database.writing() as connection:
        connection.execute(insert(titles).values(FILM))


def test_all_text_is_collated_by_code_points(opened: Database) -> None:
    query = """
        SELECT table_name, column_name FROM information_schema.columns
        WHERE table_schema = current_schema() AND data_type IN ('text', 'character varying')
        AND collation_name IS DISTINCT FROM 'C' AND table_name <> 'alembic_version'
    """
    with opened.reading() as connection:
        assert connection.execute(text(query)).all() == []


def test_a_session_says_who_it_is_and_has_deadlines(opened: Database) -> None:
    names = ["application_name", "statement_timeout", "lock_timeout", "transaction_read_only"]
    with opened.reading() as connection:
        said = [connection.exec_driver_sql(f"SHOW {name}").scalar_one() for name in names]
    assert said == ["watchdown", "2min", "30s", "on"]


def test_two_libraries_in_one_database_do_not_wait_for_one_another(
    request: pytest.FixtureRequest, opened: Database, tmp_path: Path
) -> None:
    with fresh(request, "postgresql", tmp_path) as address:
        other = open_database(with_options(address, "-c lock_timeout=100"))
        mine, theirs = writer_lock(opened), writer_lock(other)
        with mine.held(pytest.fail), opened.writing(), theirs.held(pytest.fail):
            enter(other)
        assert Catalogue(opened).titles() == []
        other.close()


@pytest.mark.parametrize(
    ("change", "cause", "remedy"),
    [
        ({"password": SecretStr("hunter2")}, "password authentication failed", "Check user and password"),
        ({"username": "nobody-here"}, "refuses the connection", "user"),
        ({"path": "nowhere"}, 'database "nowhere" does not exist', "createdb"),
        ({"password": None}, "no password supplied", "Give a password"),
    ],
)
def test_a_server_that_refuses_says_why_at_once(
    server: Address, change: dict[str, object], cause: str, remedy: str
) -> None:
    with pytest.raises(DatabaseUnavailable, match=cause) as raised:
        open_database(replace(server, **change))  # type: ignore[arg-type] # fields of an address
    assert raised.value.subject.startswith(f"PostgreSQL at 127.0.0.1:{server.port}, database ")
    assert remedy in raised.value.remedy
    assert "tried" not in raised.value.cause
    assert "hunter2" not in str(raised.value)


def test_a_schema_that_is_not_there_is_named(server: Address) -> None:
    with pytest.raises(LibraryError, match=r"no schema of its search path \(nowhere\)\. .*CREATE SCHEMA"):
        open_database(with_options(server, "-c search_path=nowhere"))


def test_a_database_without_unicode_is_refused(server: Address) -> None:
    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(server.reveal(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
        with pytest.raises(LibraryError, match="has the encoding LATIN1") as raised:
            open_database(replace(server, path=name, options={}))
        connection.execute(f"DROP DATABASE {name}")
    assert "--encoding=UTF8" in raised.value.remedy


def test_a_user_without_rights_is_told_what_is_refused(server: Address) -> None:
    user = f"t{uuid.uuid4().hex}"
    with psycopg.connect(server.reveal(), autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {user} LOGIN PASSWORD 'none'")
        schema = server.options["options"].partition("=")[2]
        connection.execute(f"GRANT USAGE ON SCHEMA {schema} TO {user}")
        with pytest.raises(LibraryError, match=r"refuses this user \(permission denied .* Grant"):
            open_database(replace(server, username=user, password=SecretStr("none")))
        connection.execute(f"DROP OWNED BY {user}")
        connection.execute(f"DROP ROLE {user}")


def test_a_server_without_room_for_us_is_tried_again(server: Address) -> None:
    user = f"t{uuid.uuid4().hex}"
    with psycopg.connect(server.reveal(), autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {user} LOGIN PASSWORD 'none' CONNECTION LIMIT 0")
        with pytest.raises(DatabaseUnavailable, match=r"too many connections .* tried \d+ times in "):
            open_database(replace(server, username=user, password=SecretStr("none")), patience_s=1)
        connection.execute(f"DROP ROLE {user}")


@pytest.mark.parametrize(
    ("code", "kind", "cause"),
    [
        ("53100", StorageFull, "the server's disk is full"),
        ("55P03", LibraryBusy, "is held by another writer"),
        ("57014", LibraryBusy, "took too long"),
        ("42501", LibraryError, "refuses this user"),
        ("57P01", DatabaseUnavailable, "cannot"),
    ],
)
def test_what_the_server_raises_is_of_our_tree(
    opened: Database, code: str, kind: type[LibraryError], cause: str
) -> None:
    def enter_and_fail() -> None:
        with opened.writing() as connection:
            connection.execute(insert(titles).values(FILM))
            connection.exec_driver_sql(f"DO $$ BEGIN RAISE 'odd' USING ERRCODE = '{code}'; END $$")

    with pytest.raises(kind, match=cause):
        enter_and_fail()
    assert Catalogue(opened).titles() == []


def test_a_writer_that_does_not_let_go_is_not_waited_for_without_end(
    server: Address, opened: Database
) -> None:
    other = open_database(with_options(server, "-c lock_timeout=50"))
    with opened.writing(), pytest.raises(LibraryBusy, match="is held by another writer"), other.writing():
        pytest.fail("two write")
    other.close()


def test_a_standby_is_told_from_a_primary(server: Address) -> None:
    open_database(server).close()
    other = open_database(with_options(server, "-c default_transaction_read_only=on"))
    with pytest.raises(DatabaseUnavailable, match=r"is read-only .* Name the primary"):
        enter(other)
    other.close()


def test_a_server_that_is_down_is_told_with_its_address_and_what_was_tried(
    own_postgresql: PostgreSQL, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "watchdown.toml"
    file.write_text(f'database = "{own_postgresql.url}"\nstorage = "media"\nstore = "lance:lake"')
    assert main(["titles", "--library", str(file)]) == ExitCode.NOT_FOUND
    with watchdown.open(file, create=True) as library:
        own_postgresql.down()
        with pytest.raises(DatabaseUnavailable):
            open_database(parse(own_postgresql.url, {"postgresql"}), patience_s=0.5)
        own_postgresql.up()
        assert library.titles() == []
    address = parse(own_postgresql.url, {"postgresql"})
    own_postgresql.down()
    with pytest.raises(DatabaseUnavailable) as raised:
        open_database(address, patience_s=1)
    assert raised.value.subject == f"PostgreSQL at 127.0.0.1:{address.port}, database postgres"
    assert "cannot be connected to" in raised.value.cause
    assert "tried " in raised.value.cause
    assert "Check that the server runs" in raised.value.remedy
    assert ":watchdown@" not in str(raised.value)
    capsys.readouterr()


def test_a_server_that_comes_back_is_waited_for(own_postgresql: PostgreSQL) -> None:
    database = open_database(parse(own_postgresql.url, {"postgresql"}))
    own_postgresql.down()
    back = threading.Timer(2, own_postgresql.up)
    back.start()
    enter(database)
    assert [one.name for one in Catalogue(database).titles()] == ["A Film"]
    back.join()
    database.close()


def test_a_server_that_hangs_is_not_waited_for_without_end(own_postgresql: PostgreSQL) -> None:
    own_postgresql.pause()
    with pytest.raises(DatabaseUnavailable, match=r"cannot be connected to .*time"):
        open_database(parse(own_postgresql.url, {"postgresql"}), patience_s=1)


def test_a_server_killed_in_a_transaction_keeps_nothing_of_it_and_serves_the_next(
    own_postgresql: PostgreSQL,
) -> None:
    database = open_database(parse(own_postgresql.url, {"postgresql"}))

    def enter_and_kill() -> None:
        with database.writing() as connection:
            connection.execute(insert(titles).values(FILM))
            own_postgresql.kill()
            time.sleep(0.5)  # its children see that it is gone
            connection.execute(insert(titles).values(FILM | {"id": "other"}))

    with pytest.raises(DatabaseUnavailable, match="went away during a transaction, of which nothing is kept"):
        enter_and_kill()
    own_postgresql.up()
    assert Catalogue(database).titles() == []
    enter(database)
    assert [one.name for one in Catalogue(database).titles()] == ["A Film"]
    database.close()


def test_the_writer_takes_its_lock_again_when_the_server_is_back(own_postgresql: PostgreSQL) -> None:
    database = open_database(parse(own_postgresql.url, {"postgresql"}))
    other = open_database(parse(own_postgresql.url, {"postgresql"}))
    with writer_lock(database).held(pytest.fail):
        own_postgresql.down()
        own_postgresql.up()
        enter(database)
        with pytest.raises(pytest.fail.Exception), writer_lock(other).held(pytest.fail):
            pass
    own_postgresql.down()
    own_postgresql.up()
    database.close()
    other.close()


def test_a_writer_whose_lock_went_to_another_writes_no_more(own_postgresql: PostgreSQL) -> None:
    database = open_database(parse(own_postgresql.url, {"postgresql"}))
    other = open_database(parse(own_postgresql.url, {"postgresql"}))
    with writer_lock(database).held(pytest.fail):
        own_postgresql.down()
        own_postgresql.up()
        with writer_lock(other).held(pytest.fail):
            with pytest.raises(LibraryBusy, match="gave the writer's lock to another process"):
                enter(database)
            enter(other)
    database.close()
    other.close()


def test_a_library_that_is_not_there_is_not_made_by_looking(server: Address) -> None:
    with pytest.raises(LibraryNotFound, match="has no Watchdown library in it"):
        open_database(server, create=False)
    with psycopg.connect(server.reveal()) as connection:
        query = "SELECT count(*) FROM information_schema.tables WHERE table_schema = current_schema()"
        assert connection.execute(query).fetchone() == (0,)
