"""Two backfills, loaders, publishers, collectors of one thing at one moment: it is done once for both."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from client.deployments import DEPLOYMENTS, deployed
from programs import surroundings

# What each of two processes returns, and what there is then: records of a title, in all, published runs.
EACH: dict[str, Any] = {
    "backfill": [["done", 3], ["done", 3]],
    "record": [["staged"], ["staged"]],
    "validate": [["validated"], ["validated"]],
    "load": [["loaded"], ["loaded"]],
    "publish": [["active"], ["active"]],
    "finish": ["active", "active"],
    "rollback": [0, 3],
    "collect": [[], [1, 2, 3, 10, 11, 12]],
}
RECORDS = {"backfill": 40, "publish": 38, "finish": 38, "rollback": 39, "collect": 39}
PUBLISHED = {"backfill": 6, "publish": 12, "finish": 13, "rollback": 16, "collect": 16}
EPOCHS = {"backfill": 6, "publish": 10, "finish": 11, "rollback": 12, "collect": 12}


@pytest.mark.parametrize("kind", DEPLOYMENTS)
def test_two_that_do_the_same_at_one_moment_do_it_once(
    request: pytest.FixtureRequest, kind: str, tmp_path: Path
) -> None:
    with deployed(request, kind, tmp_path) as place:
        command = [sys.executable, "-W", "ignore", "-m", "e2e.together", str(place)]
        done = subprocess.run(command, env=surroundings(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-5_000:]
    acts = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["act"] for one in acts] == list(EACH)
    for one in acts:
        act, found = one["act"], one["there"]
        assert sorted(one["each"]) == EACH[act], act
        assert found["epochs"] == list(range(1, len(found["epochs"]) + 1)), act
        assert found["counted"] == found["noted"], act
        if act in RECORDS:
            assert found["seen"]["rain"] == found["seen"]["snow"] == RECORDS[act]
            assert (found["shown"], len(found["epochs"])) == (PUBLISHED[act], EPOCHS[act]), act
            assert found["open"] == 0, act
    assert acts[-1]["there"]["left"] == 0
