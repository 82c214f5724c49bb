from __future__ import annotations

from pathlib import Path

import pytest

from conformance.stores import STORES, Store
from storage.s3_for_now import s3_server


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return STORES[request.param](tmp_path / "lake")


__all__ = ["s3_server"]
