"""A database with a few titles, of either kind, for what titles are known by."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from catalogue.databases import DRIVERS, fresh
from services.fixtures import Own
from services.postgresql import PostgreSQL
from watchdown.catalogue.database import Database, open_database
from watchdown.catalogue.imports import Change, compare, read_import, store
from watchdown.catalogue.model import Timeline, Title
from watchdown.catalogue.titles import Catalogue
from watchdown.settings import Address

TITLES = {"t1": "Harbour", "t2": "Meadow", "t3": "Cafe\u0301", "t4": "Twin", "t5": "Twin"}
Import = Callable[[str, str | bytes], list[Change]]


@pytest.fixture(params=DRIVERS)
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Address]:
    """Give the address of a fresh database."""
    with fresh(request, request.param, tmp_path) as found:
        yield found


@pytest.fixture
def database(address: Address) -> Iterator[Database]:
    """Give a library's database; one name is decomposed, as some file systems have it, two are the same."""
    opened = open_database(address)
    catalogue = Catalogue(opened)
    for key, name in TITLES.items():
        timeline = Timeline(id=f"{key}.1", title=key, duration_ns=10**9, rate=Fraction(25))
        catalogue.add(Title(id=key, name=name, added_at=""), timeline, [])
    yield opened
    opened.close()


@pytest.fixture
def imported(database: Database, tmp_path: Path) -> Import:
    """Give a function that writes a file of that name and imports it."""

    def take(name: str, content: str | bytes) -> list[Change]:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        with database.writing() as connection:
            changes = compare(connection, read_import(path))
            store(connection, changes)
        return changes

    return take


@pytest.fixture
def own_postgresql(own_server: Own) -> PostgreSQL:
    """Give a server of the test's own, which it may stop, kill and pause."""
    server: PostgreSQL = own_server(PostgreSQL)
    return server
