"""Fresh databases of both kinds: a file for SQLite, a schema of its own for PostgreSQL."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from watchdown.settings import Address
from watchdown.settings.address import parse

DRIVERS = ("sqlite", "postgresql")


@contextmanager
def fresh(request: pytest.FixtureRequest, driver: str, folder: Path) -> Iterator[Address]:
    """Give the address of a database in which nothing is yet."""
    if driver == "sqlite":
        yield Address(kind="sqlite", path=str(folder / "library.db"))
        return
    server = parse(request.getfixturevalue("postgresql_url"), {"postgresql"})
    schema = f"t{uuid.uuid4().hex}"
    with psycopg.connect(server.reveal(), autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {schema}")
        yield replace(server, options={**server.options, "options": f"-c search_path={schema}"})
        connection.execute(f"DROP SCHEMA {schema} CASCADE")
