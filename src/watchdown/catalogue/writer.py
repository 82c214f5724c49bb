"""The one writer of a library: a lock that a process holds while it works, and that is free when it dies."""

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

_KEY: Final = KEY.format("writer")
_TRY: Final = f"SELECT pg_try_advisory_lock({_KEY}), pg_backend_pid()"
_HELD: Final = (
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid = {}"  # noqa: S608 - ours
    f" AND (classid::bigint << 32 | objid::bigint) = {_KEY}"
)


class WriterLock(Protocol):
    """Held by the one process that writes to a library."""

    def held(self, waiting: Waiting) -> AbstractContextManager[None]:
        """Hold the lock; while another process has it, call `waiting`, whose error ends the wait."""
        ...


def writer_lock(database: Database) -> WriterLock:
    """Return the lock of the library that a database is of."""
    if database.address.kind == "sqlite":
        return FileWriterLock(database.address.file.with_name(".lock"))
    return ServerWriterLock(database)


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

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def held(self, waiting: Waiting) -> Iterator[None]:
        """Hold the lock; while another process has it, call `waiting`, whose error ends the wait."""
        address = self._database.address
        holder = _Holder(self._database.session())
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
                    cause = "gave the writer's lock to another process while it was away"
                    remedy = "Repeat the command; what was finished is kept."
                    raise LibraryBusy(named(address), cause, remedy)

            with self._database.guarded(guard):
                yield
        finally:
            holder.close()


class _Holder:
    """The session that holds the lock."""

    def __init__(self, session: Connection) -> None:
        self.session = session
        self._process = 0

    def take(self) -> bool:
        """Take the lock, unless another has it."""
        taken, self._process = self.session.exec_driver_sql(_TRY).one()
        return bool(taken)

    def sleep(self) -> None:
        """Wait a moment, in the server, so that its end is noticed."""
        self.session.exec_driver_sql(f"SELECT pg_sleep({LOCK_SECONDS})")

    def holds(self, connection: Connection) -> bool:
        """Say whether the session still has the lock, as another connection sees it."""
        return bool(connection.exec_driver_sql(_HELD.format(self._process)).scalar_one())

    def close(self) -> None:
        """End the session, and the lock with it."""
        self.session.close()
