"""A file of settings, written and read."""

from collections.abc import Callable
from pathlib import Path

import pytest

from watchdown.settings import Settings

Read = Callable[[str], Settings]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Give a function that writes a file of settings and reads it."""

    def written(text: str) -> Settings:
        file = tmp_path / "watchdown.toml"
        file.write_text(text, "utf-8")
        return Settings.read(file)

    return written
