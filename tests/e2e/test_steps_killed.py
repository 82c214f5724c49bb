"""`kill -9` at each step of a run: readers see old or new, and the same call ends as if never killed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from client.deployments import DEPLOYMENTS, deployed
from e2e.killed_steps import CASES, MOMENTS, NEVER
from e2e.steps_taken import TAKEN
from programs import surroundings
from watchdown.runs.states import TABLE

Kill = dict[str, Any]
FLIPS = ("loaded to active", "active to superseded", "superseded to active")


@pytest.fixture(scope="module", params=DEPLOYMENTS)
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Kill]]:
    """Take each step undisturbed, and killed before and after it is in the database; then collect."""
    folder = tmp_path_factory.mktemp("steps")
    with deployed(request, request.param, folder) as place:
        command = [sys.executable, "-W", "ignore", "-m", "e2e.killed_steps", place, folder / "kills.jsonl"]
        done = subprocess.run(command, env=surroundings(), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-5_000:]
        yield [json.loads(line) for line in (folder / "kills.jsonl").read_text("utf-8").splitlines()]


def test_every_step_of_the_table_has_a_call_that_takes_it() -> None:
    assert set(TAKEN) == {(step.before, step.after) for step in TABLE}


def test_readers_see_what_was_before_or_what_is_after_and_the_same_call_ends_it(told: list[Kill]) -> None:
    kills = {(kill["step"], kill["killed"]): kill for kill in told[:-1]}
    assert set(kills) == {(step, moment) for step in CASES for moment in MOMENTS}
    for (step, moment), kill in kills.items():
        where, whole = f"{step}, killed {moment}", kills[step, NEVER]
        assert kill["code"] == (0 if moment == NEVER else -signal.SIGKILL), where
        assert kill["before"] == whole["before"], where
        if moment != NEVER:
            assert kill["then"] in ([whole["before"], whole["again"]] if step in FLIPS else [whole["before"]])
        for what in ("again", "active", "open"):
            assert kill[what] == whole[what], f"{what} of {where}"
        assert kill["open"] == [], where


def test_a_collection_leaves_nothing_of_what_the_dead_have_left(told: list[Kill]) -> None:
    assert told[-1]["collected"] > len(TABLE)
    assert (told[-1]["rows"], told[-1]["staged"]) == (0, [])
