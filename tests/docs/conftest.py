"""A folder in which the demo has been run, as a reader of the README has it."""

from pathlib import Path

import pytest

from watchdown.cli import main


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run `watchdown demo` once."""
    folder = tmp_path_factory.mktemp("demo")
    assert main(["demo", "--library", str(folder / "demo-library")]) == 0
    return folder
