"""Time for the load budget: what leases end by, what buckets fill by, and how one waits."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from threading import Condition
from typing import Protocol

from sqlalchemy import Connection


class Clock(Protocol):
    """The time, in seconds."""

    def now(self, connection: Connection) -> float:
        """Return the time that all processes of a database agree on."""
        ...

    def elapsed(self) -> float:
        """Return a time of this process that never goes back."""
        ...

    def wait(self, changed: Condition, seconds: float) -> None:
        """Wait that long, or until a condition that is held is notified."""
        ...


class RealClock:
    """The database server's time where there is one, else the machine's."""

    def now(self, connection: Connection) -> float:
        """Return the time that all processes of a database agree on."""
        if connection.dialect.name == "sqlite":
            return time.time()
        query = "SELECT extract(epoch FROM clock_timestamp())::float8"
        return float(connection.exec_driver_sql(query).scalar_one())

    def elapsed(self) -> float:
        """Return a time of this process that never goes back."""
        return time.monotonic()

    def wait(self, changed: Condition, seconds: float) -> None:
        """Wait that long, or until a condition that is held is notified."""
        changed.wait(seconds)


def iso(at: float) -> str:
    """Return seconds since 1970 as ISO 8601 in UTC, as the database's tables have times."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
