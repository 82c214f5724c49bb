"""`kill -9` of collect and forget at each of their steps: nobody sees a part, the same command ends it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from client.deployments import DEPLOYMENTS
from programs import surroundings
from services.library import settings_of
from services.postgresql import drop_database, new_database
from watchdown.cli.exit_codes import ExitCode

LOST, KEPT = "aa0001f00d00", "bb0002f00d00"
WHOLE = [10, ["Lantern 2"]]
PLACES = 24  # more than there are seams


@pytest.fixture(scope="module", params=DEPLOYMENTS)
def kills(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[dict[str, Any]]]:
    """Kill the commands at each seam, each time in a library of its own, and call them again."""
    folder, databases = tmp_path_factory.mktemp("kills"), list[str]()
    place = folder / ("library" if request.param == "folder" else "watchdown.toml")
    if request.param == "servers":
        url, bucket, store = map(request.getfixturevalue, ("postgresql_url", "s3_server", "opensearch_url"))
        databases = [new_database(url) for _ in range(PLACES)]
        for number, database in enumerate(databases):
            (folder / f"{number}.toml").write_text(settings_of(database, bucket, store), "utf-8")
    script = Path(__file__).with_name("killed_collections.py")
    subprocess.run(
        [sys.executable, "-W", "ignore", script, place, folder / "kills.jsonl"],
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        env=surroundings(),
    )
    yield [json.loads(line) for line in (folder / "kills.jsonl").read_text("utf-8").splitlines()]
    for database in databases:
        drop_database(database)


def of(kills: list[dict[str, Any]], command: str) -> list[dict[str, Any]]:
    return [kill for kill in kills if kill["command"] == command]


def test_kills_come_at_every_step(kills: list[dict[str, Any]]) -> None:
    places = " ".join(kill["about_to"] for kill in kills)
    for step in ("Collectable.give_up", "Sink.delete", "Collectable.confirm", "Sink.tend", "Storage.delete"):
        assert step in places
    for step in ("forget.hide", "Sink.expunge", "Forgetting._remove", "forgetting.forget", "Forgetting.left"):
        assert step in places


def test_a_killed_collection_is_seen_by_nobody_and_ended_by_the_next(kills: list[dict[str, Any]]) -> None:
    for kill in of(kills, "collect"):
        where = f"after a kill before {kill['about_to']}"
        if kill["seen"] is not None:
            code, seen = kill["seen"]
            assert (code, seen[LOST], seen[KEPT]) == (0, WHOLE, WHOLE), where
        code, again = kill["again"]
        assert (code, again["code"], again[LOST], again[KEPT]) == (0, ExitCode.OK, WHOLE, WHOLE), where
        assert (again["rows"], again["pending"], again["files"]) == (0, [], []), where


def test_a_title_whose_forgetting_is_killed_is_seen_whole_or_not_and_gone_in_the_end(
    kills: list[dict[str, Any]],
) -> None:
    for kill in of(kills, "forget"):
        where = f"after a kill before {kill['about_to']}"
        if kill["seen"] is not None:
            code, seen = kill["seen"]
            assert code == 0, where
            assert seen[KEPT] == WHOLE, where
            assert seen[LOST] in (WHOLE, [0, []]), where
        code, again = kill["again"]
        assert code == 0, where
        assert again["code"] in (ExitCode.OK, ExitCode.NOT_FOUND), where
        assert (again[LOST], again[KEPT], again["titles"]) == ([0, []], WHOLE, [KEPT]), where
        assert (again["traces"], again["words"]) == (0, 0), where
