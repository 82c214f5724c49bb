"""Who writes a run is killed at each step: the same calls made again end as if nothing had been."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from client.deployments import DEPLOYMENTS, deployed, entered
from e2e import killed_writes
from programs import surroundings


@pytest.fixture(params=DEPLOYMENTS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    with deployed(request, request.param, tmp_path) as given:
        with entered(given, "heat"):
            pass
        yield given


def test_wherever_a_writer_is_killed_the_same_calls_go_on_from_there(place: Path) -> None:
    command = [sys.executable, killed_writes.__file__, str(place), "heat"]
    done = subprocess.run(command, env=surroundings(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    kills = [json.loads(line) for line in done.stdout.splitlines()]
    rows = sorted(
        f"{part} {100 * first + at}"
        for first, (part, count) in enumerate(killed_writes.ROWS.items())
        for at in range(count)
    )
    written = 0
    for kill in kills:
        assert kill["code"] == -9, kill
        if kill["act"] == "write":
            assert (kill["state"], kill["rows"], kill["runs"]) == ("active", rows, [kill["run"]]), kill
            written = kill["run"]
        else:
            assert (kill["state"], kill["rows"], kill["runs"]) == ("cancelled", rows, [written]), kill
        assert (kill["left"], kill["staged"]) == ([], []), kill
    steps = {kill["at"].partition(".")[2] for kill in kills}
    assert {"write", "seal", "commit", "close", "step staged", "step loaded", "publish"} <= steps
    assert {"put_new entered", "put_new closing.json", "put_new closed.json", "step cancelled"} <= steps
