"""`kill -9` at any stage of a backfill, then the same call again: the library of one never killed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from e2e.killed_backfill import KILLS
from programs import surroundings
from watchdown_algos.drawn.film import film_of
from watchdown_algos.drawn.write import write_film

TITLES = 3


@pytest.fixture(scope="module")
def kills(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Backfill three titles in two batches, killed at each stage, and again."""
    folder = tmp_path_factory.mktemp("kills")
    films = [folder / f"Film {number}.mp4" for number in range(TITLES)]
    for number, film in enumerate(films):
        write_film(film_of(90 + number, name=film.stem, shots=2, seconds=(0.5, 0.7)), film)
    subprocess.run(
        [sys.executable, "-W", "ignore", Path(__file__).with_name("killed_backfill.py"), folder, *films],
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        env=surroundings(),
    )
    lines = (folder / "kills.jsonl").read_text("utf-8").splitlines()
    return {kill["when"]: kill for kill in map(json.loads, lines)}


def test_undisturbed_each_title_is_published(kills: dict[str, dict[str, Any]]) -> None:
    code, whole = kills["never"]["again"]
    assert code == 0
    assert [run[1] for run in whole["runs"]] == ["shots"] * TITLES
    assert len(whole["records"]["Shot"]) == 2 * TITLES
    assert whole["leftovers"] == []


@pytest.mark.parametrize("when", KILLS)
def test_the_next_call_goes_on_and_ends_as_if_never_killed(
    kills: dict[str, dict[str, Any]], when: str
) -> None:
    whole = kills["never"]["again"]
    code, seen = kills[when]["seen"]
    assert code == 0, "the library cannot be read"
    assert all(run in whole[1]["runs"] for run in seen["runs"]), "half a run is visible"
    if "second" in when or "between batches" in when:
        assert len(seen["runs"]) == 2  # the first batch did not wait for the second
    else:
        assert seen["runs"] == []
    assert kills[when]["again"] == whole
