from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from client.libraries import make
from watchdown.client import Library


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with make(tmp_path / "library", "heat", "rain") as made:
        yield made
