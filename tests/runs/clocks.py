"""A database's clock that goes, and jumps, when a test says so."""

from __future__ import annotations

from threading import Condition

from sqlalchemy import Connection


class JumpingClock:
    """The time of a database in a test."""

    def __init__(self, at: float = 1_000_000.0) -> None:
        self.at = at

    def now(self, connection: Connection) -> float:
        del connection
        return self.at

    def elapsed(self) -> float:
        return self.at

    def wait(self, changed: Condition, seconds: float) -> None:
        del changed
        self.at += seconds
