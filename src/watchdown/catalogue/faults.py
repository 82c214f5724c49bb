"""What databases raise, in the words of our own tree: the one place where SQLAlchemy's errors are read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.exc import (
    DatabaseError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    SQLAlchemyError,
    TimeoutError,
)

from watchdown.settings import Address
from watchdown_schemas.errors import DatabaseUnavailable, LibraryBusy, LibraryError, StorageFull

FREE_SPACE: Final = "Free some space and repeat the command."
# What the server says when it refuses a connection, which has no code then; and what to do about it.
_REFUSALS: Final = {
    "password authentication failed": "Check user and password in the settings' database.",
    "no password supplied": "Give a password in the settings' database, or in a password file.",
    "no pg_hba.conf entry": "Let the server's pg_hba.conf admit this user, database and machine.",
    r'role ".*" (does not exist|is not permitted)': "Make the user on the server, or name another.",
    r'database ".*" does not exist': "Make it with: createdb --encoding=UTF8 NAME, or name another.",
    "permission denied for database": "Grant CONNECT on it to this user.",
    "certificate": "Check sslmode and sslrootcert in the settings' database.",
    "SSL": "Check sslmode in the settings' database.",
}
_CODES: Final[dict[str, tuple[type[LibraryError], str, str]]] = {
    "53100": (StorageFull, "the server's disk is full", FREE_SPACE),
    "55P03": (LibraryBusy, "is held by another writer", "Wait for it to end, and repeat the command."),
    "57014": (LibraryBusy, "took too long over one statement", "Repeat the command when it has less to do."),
    "42501": (LibraryError, "refuses this user", "Grant the user what is missing:"),
    "25006": (DatabaseUnavailable, "is read-only", "Name the primary server, not a standby."),
    "3F000": (LibraryError, "has no such schema", "Make it on the server with: CREATE SCHEMA"),
}


@contextmanager
def told(address: Address) -> Iterator[None]:
    """Raise what the database raises within as an error of our tree; what only a bug can raise passes."""
    try:
        yield
    except SQLAlchemyError as error:
        fault = fault_of(address, error)
        if fault is None:
            raise
        raise fault from error


def fault_of(address: Address, error: SQLAlchemyError) -> LibraryError | None:
    """Return the error of our own tree for a fault of the database; None for one of our statements."""
    if isinstance(error, TimeoutError):
        return LibraryBusy(named(address), "has no connection left for this process", "Ask for less at once.")
    if not isinstance(error, DBAPIError) or isinstance(error, IntegrityError):
        return None
    if address.kind == "sqlite":
        return _of_sqlite(address, error)
    if known := _CODES.get(getattr(error.orig, "sqlstate", None) or ""):
        kind, cause, remedy = known
        detail = f" ({_said(error)})" if kind is not StorageFull else ""
        return kind(named(address), cause + detail, remedy)
    if error.connection_invalidated or isinstance(error, OperationalError | InterfaceError):
        return _unavailable(address, error)
    return None


def refused(error: SQLAlchemyError) -> bool:
    """Say whether a server answered, and refused: trying again would change nothing."""
    return isinstance(error, DBAPIError) and _remedy_of_refusal(_said(error)) is not None


def no_database(address: Address, error: DatabaseError) -> LibraryError:
    """Return the error for a file that is none of SQLite's."""
    return LibraryError(address.path, f"is no database ({error.orig})", "Restore it from a backup.")


def _of_sqlite(address: Address, error: DBAPIError) -> LibraryError | None:
    cause = str(error.orig)
    if "full" in cause:
        return StorageFull(address.path, "the disk is full", FREE_SPACE)
    if "locked" in cause:
        remedy = "Wait for the other program to end, and repeat the command."
        return LibraryBusy(address.path, "is held by another writer", remedy)
    if isinstance(error, OperationalError):
        remedy = "Check that the folder exists and that you may write to it."
        return LibraryError(address.path, f"cannot be used ({cause})", remedy)
    return no_database(address, error) if type(error) is DatabaseError else None


def _unavailable(address: Address, error: DBAPIError) -> DatabaseUnavailable:
    said = _said(error)
    if remedy := _remedy_of_refusal(said):
        return DatabaseUnavailable(named(address), f"refuses the connection ({said})", remedy)
    remedy = "Check that the server runs and can be reached from here, and repeat the command."
    if error.connection_invalidated:
        cause = f"went away during a transaction, of which nothing is kept ({said})"
        return DatabaseUnavailable(named(address), cause, remedy)
    return DatabaseUnavailable(named(address), f"cannot be connected to ({said})", remedy)


def _remedy_of_refusal(said: str) -> str | None:
    return next((remedy for words, remedy in _REFUSALS.items() if re.search(words, said)), None)


def named(address: Address) -> str:
    """Return a database as errors name it: its file, or its server and name."""
    if address.kind == "sqlite":
        return address.path
    server = address.server or address.options.get("host", "")
    return f"PostgreSQL at {server}, database {address.path}"


def _said(error: DBAPIError) -> str:
    """Return what the driver or the server says, on one line; it never has the password in it."""
    return " ".join(str(error.orig).split())
