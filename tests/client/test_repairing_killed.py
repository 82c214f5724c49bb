"""`kill -9` of a write, a repair and a rebuild at each step: nobody sees a part, the next call mends it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from client.deployments import DEPLOYMENTS, deployed
from client.hurting import notes
from programs import surroundings

LOST, CHANGED, NEXT = "aa0001", "bb0002", "cc0003"
RIGHT = sorted(one.text for one in notes(1))
Kills = list[dict[str, Any]]


@pytest.fixture(scope="module", params=DEPLOYMENTS)
def kills(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kills]:
    """Kill each act at each seam."""
    folder = tmp_path_factory.mktemp("kills")
    script, told = Path(__file__).with_name("killed_repairs.py"), folder / "kills.jsonl"
    with deployed(request, request.param, folder) as place:
        subprocess.run(
            [sys.executable, "-W", "ignore", script, place, told],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env=surroundings(),
        )
        yield [json.loads(line) for line in told.read_text("utf-8").splitlines()]


def of(kills: Kills, act: str) -> Iterator[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]]]:
    """Yield of each kill of an act where it came, and what was seen before, then, and after the next call."""
    for kill in kills:
        if kill["act"] == act:
            where = f"{act} was killed before {kill['about_to']}"
            (code, seen), (ended, _), (last, again) = kill["seen"], kill["after"], kill["again"]
            assert (code, ended, last) == (0, 0, 0), where
            yield where, kill["before"], seen, again


def test_kills_come_at_every_step(kills: Kills) -> None:
    places = " ".join(f"{kill['act']} {kill['about_to']}" for kill in kills)
    for step in (
        "Sink.write",
        "Ledger.publish",
        "Holdings.mend",
        "Holdings.remove",
        "Checkable.note_digests",
    ):
        assert step in places
    assert "rebuild LanceHoldings.index_anew" in places or "rebuild BesideIndex.show" in places
    assert "LanceSink.write" in places or "write StoreDirectory.show" in places


def test_a_killed_publication_is_seen_as_old_or_new_and_put_right_by_the_next_command(kills: Kills) -> None:
    for where, before, seen, again in of(kills, "write"):
        for now in (seen, again):
            runs, texts = now["notes"][LOST]
            assert (len(runs), len(texts)) == (1, 30), where
            if runs == before["notes"][LOST][0]:
                assert now["notes"][LOST] == before["notes"][LOST], where
        assert {*again["notes"][LOST][0]} <= {*again["visible"]}, where
        assert seen["notes"][CHANGED] == again["notes"][CHANGED] == before["notes"][CHANGED], where
        assert again["wrong"] == [], where


def test_a_killed_repair_hides_no_row_that_was_right_and_the_next_one_ends_it(kills: Kills) -> None:
    for where, before, seen, again in of(kills, "repair"):
        for title in (CHANGED, NEXT):
            assert len(seen["notes"][title][1]) == 30, where
        assert {*seen["notes"][LOST][1]} <= {*before["notes"][LOST][1]}, where
        assert again["notes"] == before["notes"], where
        assert again["notes"][CHANGED][1] == RIGHT
        assert again["wrong"] == [], where


def test_a_killed_rebuild_is_seen_by_nobody_and_the_next_one_ends_it(kills: Kills) -> None:
    for where, before, seen, again in of(kills, "rebuild"):
        assert seen["notes"] == again["notes"] == before["notes"], where
        assert again["wrong"] == [], where
