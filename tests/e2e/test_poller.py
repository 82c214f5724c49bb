"""Ten thousand reads while another process publishes run after run: each sees one of them, whole."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from client.deployments import DEPLOYMENTS, deployed, entered
from e2e import poller
from programs import surroundings

READERS = 2
READS = {"folder": 4_000, "servers": 1_000}  # of each reader; on servers one costs four times as much


@pytest.fixture(params=DEPLOYMENTS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    with deployed(request, request.param, tmp_path) as given:
        with entered(given, "heat") as library:
            poller.publish(library, "heat", 500)
        yield given


@pytest.mark.feature(14)
def test_every_read_of_all_pages_sees_five_hundred_records_or_six_hundred(place: Path) -> None:
    reads = READS["servers" if place.suffix else "folder"]
    command = [sys.executable, "-m", "e2e.poller", str(place), "heat", str(READERS), str(reads)]
    done = subprocess.run(command, env=surroundings(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    readers = [one["reader"] for one in told if "reader" in one]
    [published] = [one["writer"] for one in told if "writer" in one]
    assert len(readers) == READERS
    assert sum(one["reads"] for one in readers) >= READERS * reads
    assert published >= READERS * reads // poller.BETWEEN
    kinds = {tuple(kind[:4]) for one in readers for kind in one["seen"]}
    assert kinds == {(what, size, size, 1) for what in ("Caption", "vectors") for size in (500, 600)}
    assert any(kind[4] for one in readers for kind in one["seen"])  # some read on in what was seen no more
