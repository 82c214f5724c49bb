from __future__ import annotations

from pathlib import Path

import pytest

from conformance.stores import STORES, Store
from postgresql_fixture import postgresql_url  # noqa: F401 - a fixture


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return STORES[request.param](tmp_path / "lake")
