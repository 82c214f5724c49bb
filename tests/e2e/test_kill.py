"""`kill -9` at any moment of `add`, then `add` again: the same library as if it had never been killed."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from media.clips import draw
from programs import surroundings

STATES = ("running", "staged", "validated", "loaded")


@pytest.fixture(scope="module")
def kills(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Add a transport stream with subtitles, kill that at each seam, and add it again."""
    folder = tmp_path_factory.mktemp("kills")
    film = draw(folder / "Film.ts", count=30, sound=[(1.2, 0.3)])
    lines = "1\n00:00:00,100 --> 00:00:00,600\nThe lantern in the harbour is out.\n"
    (folder / "Film.en.srt").write_text(lines, "utf-8")
    script = Path(__file__).with_name("killed.py")
    subprocess.run(
        [sys.executable, "-W", "ignore", script, folder, film],
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        env=surroundings(),
    )
    return [json.loads(line) for line in (folder / "kills.jsonl").read_text("utf-8").splitlines()]


def test_kills_come_in_every_state_and_at_every_seam(kills: list[dict[str, Any]]) -> None:
    places = " ".join(kill["about_to"] for kill in kills)
    seams = ["Catalogue.add", "Ledger.enter", "Ledger.publish", "Staging.commit", "LanceSink.write"]
    for place in [*seams, *(f"Ledger.step {state}" for state in STATES), "os.link", "shutil.rmtree"]:
        assert place in places


def test_nothing_half_done_is_searchable_after_a_kill(kills: list[dict[str, Any]]) -> None:
    whole = kills[0]["again"][1]
    for kill in kills[1:]:
        code, seen = kill["seen"]
        assert code == 0, f"after a kill before {kill['about_to']} the library cannot be read"
        for run in (seen or whole)["runs"]:
            assert run in whole["runs"], f"half a run is visible after a kill before {kill['about_to']}"


def test_adding_again_after_a_kill_makes_the_same_library(kills: list[dict[str, Any]]) -> None:
    whole = kills[0]["again"][1]
    assert len(whole["runs"]) == 4
    assert whole["said"]["the lantern in the harbour"]
    assert whole["leftovers"] == []
    for kill in kills[1:]:
        assert kill["again"] == [0, whole], f"after a kill before {kill['about_to']}"
