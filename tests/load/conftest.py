"""A database with a load budget in it, of either kind, and a clock that goes when it is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Condition

import pytest
from sqlalchemy import Connection

from catalogue.databases import DRIVERS, fresh
from watchdown.catalogue.database import Database, open_database


class HandClock:
    """A time that goes on when a test says so, or when somebody waits."""

    def __init__(self) -> None:
        self.at = 1000.0

    def now(self, _connection: Connection) -> float:
        return self.at

    def elapsed(self) -> float:
        return self.at

    def wait(self, _changed: Condition, seconds: float) -> None:
        self.at += seconds


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture(params=DRIVERS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with fresh(request, request.param, tmp_path) as address:
        opened = open_database(address)
        yield opened
        opened.close()
