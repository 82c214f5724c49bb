from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.filters import TYPES
from conformance.stores import STORES, VECTOR_STORES, Store, opened


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with opened(request, tmp_path / "lake") as store:
        yield store


@pytest.fixture(params=VECTOR_STORES)
def vector_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Every store in each of its ways of searching vectors; its types are those of `filters`."""
    with opened(request, tmp_path / "lake", TYPES) as store:
        yield store
