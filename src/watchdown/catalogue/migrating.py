"""Migrations: a database is brought to this version's tables, or refused with the reason."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, inspect

from watchdown.catalogue.engines import WRITER, options_of
from watchdown.catalogue.faults import named
from watchdown.settings import Address
from watchdown_schemas.errors import LibraryError, LibraryNotFound, LibraryVersion

MIGRATIONS: Final = Path(__file__).parent / "migrations"


def migrate(engine: Engine, address: Address, *, create: bool) -> None:
    """Take the steps that a database lacks, in one transaction that holds the writer's lock.

    So of many processes that find the same database behind, one takes the steps and the rest find it done.
    """
    known = steps()
    with engine.connect() as connection:
        if address.kind == "postgresql":
            _check_server(connection, address)
        current = _step(connection)
    if current == known[-1]:
        return
    if current is not None and current not in known:
        raise LibraryVersion(
            named(address),
            f"was written by a later version of Watchdown (step {current}, this one knows {known[-1]})",
            "Upgrade Watchdown, or use a copy of the library from before.",
        )
    if current is None and not create and address.kind == "postgresql":
        remedy = "Name another database in the settings, or make a library with: watchdown add FILE."
        raise LibraryNotFound(named(address), "has no Watchdown library in it", remedy)
    _upgrade(engine)


def steps() -> list[str]:
    """Return the numbers of all steps, in their order, as the names of their files begin."""
    return sorted(file.name.partition("_")[0] for file in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def _step(connection: Connection) -> str | None:
    """Return the step that a database is at; Alembic, which wrote it, takes long to import."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return found


def _upgrade(engine: Engine) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with options_of(engine, writer=WRITER).connect() as connection, connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _check_server(connection: Connection, address: Address) -> None:
    """Check that text of every script can be kept, and that there is a schema to keep tables in."""
    schema, encoding = connection.exec_driver_sql(
        "SELECT current_schema(), current_setting('server_encoding')"
    ).one()
    if encoding != "UTF8":
        remedy = "Make one with: createdb --encoding=UTF8 --template=template0 NAME."
        raise LibraryError(named(address), f"has the encoding {encoding}, which lacks most letters", remedy)
    if schema is None:
        path = connection.exec_driver_sql("SHOW search_path").scalar_one()
        remedy = "Make it on the server with CREATE SCHEMA, and let this user create tables in it."
        raise LibraryError(named(address), f"has no schema of its search path ({path})", remedy)
