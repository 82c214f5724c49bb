from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.airflow_script import Script
from services.tools import Missing

SCRIPTS = Path(__file__).with_name("in_airflow")


def started(name: str, home: Path) -> Iterator[Script]:
    """Start a script; where this machine cannot have Airflow the test is skipped, in CI it fails."""
    try:
        script = Script(SCRIPTS / name, home)
    except Missing as missing:
        if os.environ.get("CI"):
            pytest.fail(f"airflow: {missing}", pytrace=False)
        pytest.skip(f"airflow: {missing}")
    yield script
    script.end()


@pytest.fixture(scope="session")
def stages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Script]:
    """Hand out what runs one operator at a time."""
    yield from started("stages.py", tmp_path_factory.mktemp("stages"))


@pytest.fixture(scope="session")
def dag_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Script]:
    """Hand out what knows our DAGs and our provider as Airflow does."""
    yield from started("dag_folder.py", tmp_path_factory.mktemp("dags"))
