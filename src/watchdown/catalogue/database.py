"""The database of a library: opened, migrated to this version's tables, or refused with the reason."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError, OperationalError

from watchdown_schemas.errors import LibraryError, LibraryVersion, StorageFull

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_SECONDS = 30


def now() -> str:
    """Return the time as ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


class Database:
    """One engine; `reading` and `writing` give connections, the latter in one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection whose statements all see one state of the database."""
        with self._engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection in a transaction that holds the writer's lock from its start."""
        with self._engine.execution_options(writer=True).begin() as connection:
            yield connection

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


def _sqlite_engine(path: Path) -> Engine:
    engine = create_engine(URL.create("sqlite", database=str(path)), connect_args={"timeout": BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # SQLAlchemy's transactions, not the driver's
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A deferred transaction that turns to writing later can fail at once, without waiting.
        writer = connection.get_execution_options().get("writer")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writer else "BEGIN")

    return engine


def open_database(path: Path) -> Database:
    """Open, and create or migrate, the SQLite database at `path`.

    Raises LibraryVersion when a later version of Watchdown wrote it, LibraryError when it is no database.
    """
    engine = _sqlite_engine(path)
    try:
        _migrate(engine, path)
    except OperationalError as error:
        engine.dispose()
        raise database_error(path, error) from error
    except DatabaseError as error:
        engine.dispose()
        raise LibraryError(
            str(path), f"is no database ({error.orig})", "Restore it from a backup."
        ) from error
    return Database(engine)


def database_error(path: Path, error: OperationalError) -> LibraryError:
    """Return the error of our own tree for a fault of the database."""
    cause = str(error.orig)
    if "full" in cause:
        return StorageFull(str(path), "the disk is full", "Free some space and repeat the command.")
    remedy = "Check that the folder exists and that you may write to it."
    return LibraryError(str(path), f"cannot be used ({cause})", remedy)


def _migrate(engine: Engine, path: Path) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    script = ScriptDirectory.from_config(config)
    head = script.get_current_head()
    with engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    if current == head:
        return
    known = {step.revision for step in script.walk_revisions()}
    if current is not None and current not in known:
        raise LibraryVersion(
            str(path),
            f"was written by a later version of Watchdown (step {current}, this one knows {head})",
            "Upgrade Watchdown, or use a copy of the library from before.",
        )
    with engine.execution_options(writer=True).connect() as connection, connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
