"""The database under catalogue and ledger: the same promises on SQLite and on PostgreSQL."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError

from conformance.processes import at_once
from runs.ledgers import TITLES, new_database, planned
from watchdown.catalogue.database import Database, open_database
from watchdown.catalogue.tables import counters, metadata, timelines, titles
from watchdown.runs.ledger import Ledger
from watchdown.settings import Address
from watchdown_schemas.errors import LibraryVersion

FILM = {"id": "film", "name": "A Film", "added_at": "2026-01-01"}


def names(database: Database) -> list[str]:
    with database.reading() as connection:
        return list(connection.execute(select(titles.c.name).order_by(titles.c.name)).scalars())


def test_a_fresh_database_has_its_tables_and_counters_at_zero(address: Address) -> None:
    database = open_database(address)
    with database.reading() as connection:
        assert dict(map(tuple, connection.execute(select(counters)))) == {
            "run": 0,
            "epoch": 0,
            "catalogue": 0,
            "backfill": 0,
            "oldest": 0,
        }
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    database.close()


def test_a_database_is_found_again_as_it_was_left(address: Address) -> None:
    new_database(address).close()
    database = open_database(address)
    assert names(database) == list(TITLES)
    database.close()


def test_a_library_of_a_later_version_is_refused_and_left_alone(address: Address) -> None:
    database = new_database(address)
    with database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(
        LibraryVersion, match=r"later version of Watchdown \(step 9999, this one knows"
    ) as raised:
        open_database(address)
    assert address.path in raised.value.subject
    with database.reading() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all() == ["9999"]
    database.close()


def test_many_processes_may_open_a_fresh_library_at_once(address: Address) -> None:
    enter = """
from sqlalchemy import insert
from watchdown.catalogue.tables import titles
with database.writing() as connection:
    connection.execute(insert(titles).values(id=me, name=me, added_at=""))
"""
    at_once(address, enter, *"abcd")
    database = open_database(address)
    assert names(database) == list("abcd")
    database.close()


def enter_twice(database: Database) -> None:
    with database.writing() as connection:
        connection.execute(insert(titles).values(FILM))
        connection.execute(insert(titles).values(FILM))


def test_a_fault_in_a_transaction_leaves_nothing_of_it(database: Database) -> None:
    with pytest.raises(IntegrityError):
        enter_twice(database)
    assert names(database) == list(TITLES)


def test_what_names_no_title_cannot_be_entered(database: Database) -> None:
    orphan = {"id": "t.1", "title": "nobody", "duration_ns": 1, "rate_numerator": 25, "rate_denominator": 1}
    with pytest.raises(IntegrityError), database.writing() as connection:
        connection.execute(insert(timelines).values({**orphan, "start_frame": 0}))


def test_a_reader_sees_one_state_while_another_writes(database: Database) -> None:
    with database.reading() as reader:
        before = list(reader.execute(select(titles.c.id)).scalars())
        with database.writing() as writer:
            writer.execute(insert(titles).values(FILM))
        assert list(reader.execute(select(titles.c.id)).scalars()) == before
    assert names(database) == ["A Film", *TITLES]


def test_nanoseconds_and_numbers_beyond_32_bits_come_back(database: Database) -> None:
    with database.writing() as connection:
        connection.execute(timelines.update().values(duration_ns=2**62))
        connection.execute(counters.update().where(counters.c.name == "run").values(value=2**40))
    number = planned(Ledger(database)).number
    assert number == 2**40 + 1
    with database.reading() as connection:
        assert set(connection.execute(select(timelines.c.duration_ns)).scalars()) == {2**62}


def test_text_is_ordered_by_its_code_points(database: Database) -> None:
    words = ["B", "a", "_", "Z", "é", "e\u0301", "-", "ab", "aB", "ß", "中", "\U0001f600", " "]
    with database.writing() as connection:
        rows = [{"id": f"w{word}", "name": word, "added_at": ""} for word in words]
        connection.execute(insert(titles), rows)
    assert names(database) == sorted([*words, *TITLES])
