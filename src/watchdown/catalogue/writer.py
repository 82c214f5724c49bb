"""The one writer of a library: a lock that a process holds while it works, and that is free when it dies.

There are more locks of its kind, by name, for what only one process may do at a time beside the writer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final, Protocol

from filelock import FileLock, Timeout
from sqlalchemy import Connection

from watchdown.catalogue.database import Database
from watchdown.catalogue.engines import KEY
from watchdown.catalogue.faults import named, told
from watchdown_schemas.errors import LibraryBusy

LOCK_SECONDS: Final = 0.2
Waiting = Callable[[], None]

WRITER: Final = "writer"

_TRY: Final = "SELECT pg_try_advisory_lock({key}), pg_backend_pid()"
_HELD: Final = (
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid = {process}"
    " AND (classid::bigint << 32 | objid::bigint) = {key}"
)


class WriterLock(Protocol):
    """Held by the one process that writes to a library."""

    def held(self, waiting: Waiting) -> AbstractContextManager[None]:
        """Hold the lock; while another process has it, call `waiting`, whose error ends the wait."""
        ...


def writer_lock(database: Database, name: str = WRITER) -> WriterLock:
    """Return a lock of the library that a database is of; locks of other names do not wait for it."""
    if database.address.kind == "sqlite":
        suffix = "" if name == WRITER else f"-{name}"
        return FileWriterLock(database.address.file.with_name(f".lock{suffix}"))
    return ServerWriterLock(database, name)


class FileWriterLock:
    """A lock on a file."""

    def __init__(self, file: Path) -> None:
        self._file = file

    @contextmanager
    def held(self, waiting: Waiting) -> Iterator[None]:
        """Hold the lock; while another process has it, call `waiting`, whose error ends the wait."""
        lock = FileLock(self._file)
        while not lock.is_locked:
            try:
                lock.acquire(timeout=LOCK_SECONDS)
            except Timeout:
                waiting()
        try:
            yield
        finally:
            lock.release()


class ServerWriterLock:
    """A lock in a PostgreSQL server, of a session of its own.

    Should the server have gone away and come back, the next transaction takes the lock again, or ends
    where another process has it by then.
    """

    def __init__(self, database: Database, name: str = WRITER) -> None:
        self._database = database
        self._name = name

    @contextmanager
    def held(self, waiting: Waiting) -> Iterator[None]:
        """Hold the lock; while another process has it, call `waiting`, whose error ends the wait."""
        address = self._database.address
        holder = _Holder(self._database.session(), self._name)
        try:
            with told(address):
                while not holder.take():
                    waiting()
                    holder.sleep()

            def guard(connection: Connection) -> None:
                if holder.holds(connection):
                    return
                holder.close()
                holder.session = self._database.session()
                if not holder.take():
                    cause = f"gave the {self._name}'s lock to another process while it was away"
                    remedy = "Repeat the command; what was finished is kept."
                    raise LibraryBusy(named(address), cause, remedy)

            with self._database.guarded(guard):
                yield
        finally:
            holder.close()


class _Holder:
    """The session that holds the lock."""

    def __init__(self, session: Connection, name: str) -> None:
        self.session = session
        self._key = KEY.format(name)
        self._process = 0

    def take(self) -> bool:
        """Take the lock, unless another has it."""
        taken, self._process = self.session.exec_driver_sql(_TRY.format(key=self._key)).one()
        return bool(taken)

    def sleep(self) -> None:
        """Wait a moment, in the server, so that its end is noticed."""
        self.session.exec_driver_sql(f"SELECT pg_sleep({LOCK_SECONDS})")

    def holds(self, connection: Connection) -> bool:
        """Say whether the session still has the lock, as another connection sees it."""
        query = _HELD.format(process=self._process, key=self._key)
        return bool(connection.exec_driver_sql(query).scalar_one())

    def close(self) -> None:
        """End the session, and the lock with it."""
        self.session.close()
