from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from services.cache import CACHE

TESTS = Path(__file__).parents[1]
SHARE = """
import pathlib, pytest

@pytest.mark.parametrize("number", range(8))
def test_it(postgresql_url, number):
    with (pathlib.Path(__file__).parent / "urls").open("a") as file:
        file.write(postgresql_url + "\\n")
    assert number != 3
"""
DIE = """
import os, pathlib, signal
from services.postgresql import PostgreSQL

def test_it(own_server):
    (pathlib.Path(__file__).parent / "urls").write_text(own_server(PostgreSQL).url)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def cache() -> Iterator[Path]:
    """Hand out a cache of the test's own, where nobody has a server."""
    folder = CACHE / f"inner-{uuid.uuid4().hex[:8]}"
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def call(cache: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a Python module that has that cache."""
    kept = {name: value for name, value in os.environ.items() if name != "TESTS_SET_ASIDE"}
    surroundings = kept | {"WATCHDOWN_CACHE": str(cache), "PYTHONPATH": str(TESTS)}
    return subprocess.run(
        [sys.executable, "-m", *command], env=surroundings, capture_output=True, text=True, check=False
    )


def suite(cache: Path, folder: Path, text: str, *options: str) -> tuple[str, set[str]]:
    """Run a suite of one file; return what pytest printed, and the URLs that its tests were given."""
    file = folder / "test_inner.py"
    file.write_text(text)
    chosen = ["-p", "services.fixtures", "-p", "no:cacheprovider", *options]
    done = call(cache, "pytest", *chosen, "--rootdir", folder, file)
    return done.stdout, set((folder / "urls").read_text().split())


def answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def test_workers_share_a_server_that_ends_with_their_run(cache: Path, tmp_path: Path) -> None:
    said, urls = suite(cache, tmp_path, SHARE, "-n", "2")
    assert "1 failed, 7 passed" in said
    [url] = urls
    assert not answers(url)
    assert not [*cache.glob("run/*")]


def test_the_next_run_ends_what_a_killed_one_has_left(cache: Path, tmp_path: Path) -> None:
    _, [left] = suite(cache, tmp_path, DIE)
    assert answers(left)
    suite(cache, tmp_path, SHARE)
    assert not answers(left)
    assert not [*cache.glob("run/*")]


def test_a_server_started_by_hand_serves_a_run_and_outlives_it(cache: Path, tmp_path: Path) -> None:
    started = call(cache, "services", "up", "postgresql")
    assert re.match(r"postgresql +up +postgresql://\S+ +\d+\.\d+\n", started.stdout)
    _, [url] = suite(cache, tmp_path, SHARE)
    assert url in started.stdout
    assert answers(url)
    stopped = call(cache, "services", "down", "postgresql")
    assert re.match(r"postgresql +down +\d+\.\d+\n", stopped.stdout)
    assert not answers(url)


def test_what_cannot_be_had_is_told_and_the_rest_goes_on(cache: Path) -> None:
    said = call(cache, "services", "status", "s3", "postgresql")
    assert said.returncode == 0
    assert re.search(r"^s3 +down +versitygw v\S+ is not built yet$", said.stdout, re.MULTILINE)
    assert re.search(r"^postgresql +down ", said.stdout, re.MULTILINE)
    refused = call(cache, "services", "up", "mysql")
    assert refused.returncode == 2
    assert "there are kubernetes, postgresql, s3, opensearch, triton" in refused.stderr
