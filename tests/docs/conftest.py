"""A folder in which the demo has been run, as a reader of the README has it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.library import serve_models, settings_of
from services.postgresql import drop_database, new_database
from services.s3 import S3
from services.triton import Triton
from watchdown.cli import main


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run `watchdown demo` once."""
    folder = tmp_path_factory.mktemp("demo")
    assert main(["demo", "--library", str(folder / "demo-library")]) == 0
    return folder


@pytest.fixture(scope="session")
def demo_cluster(
    demo_folder: Path, postgresql_url: str, s3_server: S3, opensearch_url: str, triton: Triton
) -> Iterator[Path]:
    """Run `watchdown demo` on real servers once, beside that of the folder; give its settings."""
    database = new_database(postgresql_url)
    file = demo_folder / "demo-cluster" / "watchdown.toml"
    file.parent.mkdir()
    file.write_text(settings_of(database, s3_server, opensearch_url, serve_models(triton)), "utf-8")
    assert main(["demo", "--library", str(file)]) == 0
    yield file
    drop_database(database)
