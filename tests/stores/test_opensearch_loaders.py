"""Loaders of an OpenSearch that are killed, or at work beside each other."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from begun_together import run_together
from stores.loads import Loads

HERE = Path(__file__)
SURROUNDINGS = {"PATH": os.defpath, "PYTHONPATH": os.pathsep.join([str(HERE.parents[1]), *sys.path])}
ROWS = 2_000
LOADER = """
import sys
from stores.loads import Loads
from watchdown.stores.opensearch.cluster import Layout
url, prefix, run = sys.argv[1:]
loads = Loads(url, layout=Layout(prefix=prefix, replicas=0))
sys.stdin.read()
outcome = loads.load({rows}, [int(run)])
print(outcome.written, len(outcome.refused), len(outcome.dead))
"""


@pytest.fixture(scope="module")
def kills(opensearch_url: str, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Load subtitles, kill that at each step, and bring the title up to date again."""
    folder = tmp_path_factory.mktemp("kills")
    script = HERE.with_name("killed_loads.py")
    subprocess.run(
        [sys.executable, "-W", "ignore", script, opensearch_url, folder],
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        env=SURROUNDINGS,
    )
    return [json.loads(line) for line in (folder / "kills.jsonl").read_text().splitlines()]


def test_kills_come_at_every_step_of_a_load(kills: list[dict[str, Any]]) -> None:
    places = [kill["about_to"] for kill in kills]
    requests = ("_bulk", "_refresh", "_settings", "_aliases", "_search", "-000001")
    for place in (*requests, "Ledger.step loaded", "Ledger.publish", "LocalStorage.delete"):
        assert any(place in name for name in places), place
    assert [kill["died"] for kill in kills] == [0, *[-signal.SIGKILL] * (len(kills) - 1)]


def test_readers_see_nothing_of_a_load_that_was_killed_or_all_of_it(kills: list[dict[str, Any]]) -> None:
    code, whole = kills[0]["seen"]
    assert (code, len(whole["texts"])) == (0, 300)
    for kill in kills:
        code, seen = kill["seen"]
        assert code == 0, kill["about_to"]
        assert seen["texts"] in ([], whole["texts"]), kill["about_to"]


def test_the_next_pass_makes_what_an_undisturbed_load_makes(kills: list[dict[str, Any]]) -> None:
    whole = kills[0]["seen"]
    for kill in kills:
        assert kill["again"] == whole, kill["about_to"]


@pytest.fixture
def loads(opensearch_url: str) -> Iterator[Loads]:
    loads = Loads(opensearch_url)
    yield loads
    loads.remove()


def at_once(loads: Loads, *runs: int) -> list[list[int]]:
    """Load runs in a process each, begun at one moment; return rows written, runs and rows refused."""
    command = [sys.executable, "-c", LOADER.format(rows=ROWS), loads.url, loads.layout.prefix]
    said = run_together([[*command, str(run)] for run in runs], SURROUNDINGS)
    return [[int(number) for number in one.split()] for one in said]


def test_processes_load_different_runs_into_an_index_that_none_has_made_yet(loads: Loads) -> None:
    assert at_once(loads, 1, 2, 3) == [[ROWS, 0, 0]] * 3
    loads.assert_whole(ROWS, [1, 2, 3])
    settings = loads.settings()
    assert (settings["index.refresh_interval"], settings["index.number_of_replicas"]) == ("30s", "0")


def test_processes_that_load_the_same_run_leave_each_row_once(loads: Loads) -> None:
    outcomes = at_once(loads, 1, 1)
    loads.assert_whole(ROWS, [1])
    assert [ROWS, 0, 0] in outcomes  # who began to clear first may count while the other writes again
