"""The database of a library: transactions that see one state, or hold the one writer's lock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import local
from typing import Final

from sqlalchemy import Connection, Engine

from watchdown.catalogue.connecting import begun
from watchdown.catalogue.engines import WRITER, engine_of, options_of
from watchdown.catalogue.faults import told
from watchdown.catalogue.migrating import migrate
from watchdown.settings import Address

OPENING_SECONDS: Final = 10.0
PATIENCE_SECONDS: Final = 60.0
Guard = Callable[[Connection], None]


def now() -> str:
    """Return the time as ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


class _Guards(local):
    """What looks at the transactions of a thread: each thread holds locks and leases of its own."""

    here: tuple[Guard, ...] = ()


class Database:
    """One engine; `reading` and `writing` give connections, each in one transaction.

    A server that cannot be connected to is tried again for `patience_s` seconds before a transaction; one
    that goes away during it ends it. Both raise DatabaseUnavailable, and all faults are of our own tree.
    """

    def __init__(self, engine: Engine, address: Address, patience_s: float = PATIENCE_SECONDS) -> None:
        self.address = address
        self._engine = engine
        self._patience_s = patience_s
        self._guards = _Guards()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection whose statements all see one state of the database."""
        with self._transaction(options_of(self._engine, writer=None)) as connection:
            yield connection

    @contextmanager
    def writing(self, writer: str = WRITER) -> Iterator[Connection]:
        """Give a connection in a transaction that holds the writer's lock from its start.

        What touches neither catalogue nor ledger is a `writer` of its own, and need not wait for theirs.
        """
        with self._transaction(options_of(self._engine, writer=writer)) as connection:
            for guard in self._guards.here if writer == WRITER else ():
                guard(connection)
            yield connection

    @contextmanager
    def guarded(self, guard: Guard) -> Iterator[None]:
        """Let `guard` look at each writing transaction of this thread before it is given.

        What it raises ends the transaction.
        """
        self._guards.here = (*self._guards.here, guard)
        try:
            yield
        finally:
            self._guards.here = tuple(one for one in self._guards.here if one is not guard)

    def session(self) -> Connection:
        """Return a connection of its own, outside transactions, for what lasts as long as it does."""
        engine = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        with told(self.address):
            connection = begun(engine, self.address, self._patience_s)
            connection.detach()
        return connection

    @contextmanager
    def _transaction(self, engine: Engine) -> Iterator[Connection]:
        with (
            told(self.address),
            begun(engine, self.address, self._patience_s) as connection,
            connection.begin(),
        ):
            yield connection

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


def open_database(
    place: Address | Path, *, create: bool = True, patience_s: float = PATIENCE_SECONDS
) -> Database:
    """Open the database at an address, or the SQLite file of a path, and migrate it; with `create`, make it.

    Raises LibraryVersion when a later version of Watchdown wrote it, LibraryNotFound when a server's
    database has no library in it, DatabaseUnavailable when its server cannot be used, LibraryError when it
    is no database.
    """
    address = place if isinstance(place, Address) else Address(kind="sqlite", path=str(place))
    engine = engine_of(address)
    try:
        with told(address):
            with begun(engine, address, min(OPENING_SECONDS, patience_s)):
                pass
            migrate(engine, address, create=create)
    except BaseException:
        engine.dispose()
        raise
    return Database(engine, address, patience_s)
