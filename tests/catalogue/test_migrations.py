"""A library of the first version goes on with its content."""

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, insert, select

from watchdown.catalogue.database import open_database
from watchdown.catalogue.engines import engine_of, options_of
from watchdown.catalogue.migrating import MIGRATIONS, steps
from watchdown.settings import Address

TITLE = {"id": "t", "name": "A Film", "added_at": "2026-01-01"}
TIMELINE = {
    "id": "t.1",
    "title": "t",
    "duration_ns": 2**40,
    "rate_numerator": 24000,
    "rate_denominator": 1001,
    "start_frame": 86400,
    "drop_frame": None,
}
ASSET = {
    "id": "a",
    "title": "t",
    "timeline": "t.1",
    "kind": "video",
    "path": "/films/a.mp4",
    "copied": False,
    "fingerprint": "f" * 64,
    "language": None,
    "offset_ns": 0,
    "facts": {"video": {"width": 640}},
}
RUN = {
    "number": 1,
    "title": "t",
    "timeline": "t.1",
    "algorithm": "shots",
    "version": "1.0.0",
    "memo_key": "m",
    "state": "active",
    "visible_from": 1,
    "visible_to": None,
    "counts": {"Shot": 3},
    "content": "c",
    "model": None,
    "warnings": [],
    "error": None,
    "created_at": "2026-01-01",
    "updated_at": "2026-01-01",
}
PUBLICATION = {"epoch": 1, "at": "2026-01-01", "last_run": 1}
CONTENT = {"titles": TITLE, "timelines": TIMELINE, "assets": ASSET, "runs": RUN, "publications": PUBLICATION}


def content(connection: Connection) -> dict[str, list[dict[str, object]]]:
    """Return all rows by table, but for Alembic's own."""
    found = MetaData()
    found.reflect(connection)
    return {
        name: [dict(row) for row in connection.execute(select(table)).mappings()]
        for name, table in found.tables.items()
        if name != "alembic_version"
    }


@pytest.fixture
def first(address: Address) -> Address:
    """Make a database as the first step left it, with a row in every table."""
    engine = options_of(engine_of(address), writer="transaction")
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    found = MetaData()
    found.reflect(engine)
    with engine.begin() as connection:
        for name, row in CONTENT.items():
            connection.execute(insert(found.tables[name]).values(row))
    engine.dispose()
    return address


def test_a_library_of_the_first_version_keeps_its_content(first: Address) -> None:
    engine = engine_of(first)
    with engine.connect() as connection:
        before = content(connection)
    engine.dispose()
    database = open_database(first)
    with database.reading() as connection:
        after = content(connection)
    database.close()
    for name, rows in before.items():
        kept = [{column: row[column] for column in rows[0]} if rows else row for row in after[name]]
        assert [row for row in kept if row in rows] == rows
        assert len(kept) == len(rows) + 3 * (name == "counters")  # revision, backfills, oldest epoch
    assert {name for name in after if after[name]} == {
        "library",
        "run_steps",
        *(name for name in before if before[name]),
    }
    assert {"title_metadata", "people", "cast_members", "title_rights", "schema_types", "corrections"} <= {
        *after
    }


def test_steps_are_numbered_in_their_order() -> None:
    taken = ScriptDirectory(str(MIGRATIONS)).walk_revisions()
    assert steps() == [step.revision for step in taken][::-1]
