"""Many processes write into one run at once, on a folder and on servers: no row is lost, none comes twice."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from client.deployments import DEPLOYMENTS, deployed, entered
from client.libraries import services
from programs import surroundings
from watchdown.client import Library
from watchdown.storage import keys

WRITERS, ROWS = 16, 5_000


@pytest.fixture(params=DEPLOYMENTS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    with deployed(request, request.param, tmp_path) as given:
        yield given


@pytest.fixture
def library(place: Path) -> Iterator[Library]:
    with entered(place, "heat") as made:
        yield made


@pytest.mark.feature(17)
def test_sixteen_writers_of_five_thousand_rows_write_eighty_thousand(library: Library, place: Path) -> None:
    run = library.writes.start("finder", "heat")
    command = [sys.executable, "-m", "client.writers", str(place), str(run), str(WRITERS), str(ROWS)]
    done = subprocess.run(command, env=surroundings(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    [told] = library.writes.list()
    assert (told.counts, told.parts) == ({"Label": WRITERS * ROWS}, 2 * WRITERS)
    assert library.writes.finish(run).counts == {"Label": WRITERS * ROWS}
    assert library.count("Label") == WRITERS * ROWS
    found = {
        start
        for batch in services(library).read_run("Label", run)
        for start in batch.column("start_ns").to_pylist()
    }
    assert found == set(range(WRITERS * ROWS))
    assert not list(services(library).storage.list(keys.part_files(run)))
