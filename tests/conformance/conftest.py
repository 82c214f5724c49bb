from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from catalogue.databases import DRIVERS, fresh
from conformance.filters import TYPES
from conformance.stores import STORES, VECTOR_STORES, Store, opened
from runs.ledgers import new_database
from watchdown.catalogue.database import Database
from watchdown.runs.ledger import Ledger
from watchdown.settings import Address


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with opened(request, tmp_path / "lake") as store:
        yield store


@pytest.fixture(params=VECTOR_STORES)
def vector_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Every store in each of its ways of searching vectors; its types are those of `filters`."""
    with opened(request, tmp_path / "lake", TYPES) as store:
        yield store


@pytest.fixture(params=DRIVERS)
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Address]:
    with fresh(request, request.param, tmp_path) as found:
        yield found


@pytest.fixture
def database(address: Address) -> Iterator[Database]:
    opened = new_database(address)
    yield opened
    opened.close()


@pytest.fixture
def ledger(database: Database) -> Ledger:
    return Ledger(database)
