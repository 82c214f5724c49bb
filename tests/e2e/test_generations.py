"""A generation on the command line: listed, compared, promoted and taken back, on a folder and on servers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import watchdown
from e2e.conftest import Call, Shelf
from services.library import settings_of
from services.postgresql import drop_database, new_database
from watchdown.cli.exit_codes import ExitCode


@pytest.fixture(params=["folder", "servers"])
def library(request: pytest.FixtureRequest, shelf: Shelf, tmp_path: Path) -> Iterator[Path]:
    """Give a library of two films whose frames are not embedded."""
    place, database = tmp_path / "library", None
    if request.param == "servers":
        database = new_database(request.getfixturevalue("postgresql_url"))
        place = tmp_path / "watchdown.toml"
        servers = [request.getfixturevalue(name) for name in ("s3_server", "opensearch_url")]
        place.write_text(settings_of(database, *servers))
    with watchdown.open(place, create=True) as found:
        found.add(shelf.harbour_file, shelf.meadow_file, copy=True, only=["shots"])
    yield place
    if database is not None:
        drop_database(database)


def hits(call: Call, library: Path) -> int:
    """Return how many shots a search finds."""
    return len(json.loads(call("search", "a boat", "--json", "--library", library).out)["hits"])


def test_a_generation_is_compared_promoted_and_taken_back(call: Call, library: Path, tmp_path: Path) -> None:
    at = ("--library", library)
    done = call("backfill", "visual-embedding", "--publish", "later", "--size", "1", *at)
    assert done.code == ExitCode.OK
    last = done.out.splitlines()[-1]
    assert last == "0 of 2 runs are published, 0 failed, 2 are loaded and wait to be promoted."
    assert "watchdown generations promote 1 --library" in done.err
    [stands] = json.loads(call("generations", "list", "--json", *at).out)
    assert (stands["backfill"], stands["ready"], stands["loaded"], stands["seen"]) == (1, True, 2, [])
    assert "ready" in call("generations", "list", *at).out
    assert "loaded" in call("backfills", "list", *at).out
    assert hits(call, library) == 0
    queries = tmp_path / "queries.txt"
    queries.write_text("a boat\na house at night\n")
    compared = json.loads(
        call("generations", "compare", "1", "--queries", queries, "--limit", "3", "--json", *at).out
    )
    assert (compared["overlap"], len(compared["queries"])) == (0, 2)
    assert [len(one["came"]) for one in compared["queries"]] == [3, 3]
    shown = call("generations", "compare", "1", "--queries", queries, *at)
    assert "a house at night" in shown.out
    assert "Of the first 10 hits, 0% are the same with visual-embedding" in shown.out
    assert hits(call, library) == 0
    promoted = call("generations", "promote", "1", *at)
    assert promoted.code == ExitCode.OK
    assert promoted.out.startswith("2 runs of visual-embedding 1.1.0 are seen from epoch ")
    assert hits(call, library) > 0
    again = call("generations", "promote", "1", *at)
    assert again.code == ExitCode.FAILED
    assert again.errors == [
        "backfill 1: was shown already. Take it back with: watchdown generations rollback 1."
    ]
    back = call("generations", "rollback", "1", *at)
    assert back.out.splitlines()[-1].startswith("visual-embedding was taken back in 2 titles")
    assert "watchdown rollback visual-embedding --backfill 1 --undo" in back.err
    assert hits(call, library) == 0
    assert call("rollback", "visual-embedding", "--backfill", "1", "--undo", *at).code == ExitCode.OK
    assert hits(call, library) > 0
    assert [one["state"] for one in json.loads(call("generations", "list", "--json", *at).out)] == ["done"]


def test_a_library_without_generations_says_so(call: Call, shelf: Shelf) -> None:
    said = call("generations", "list", "--library", shelf.library)
    assert said.out.startswith("There are no generations. Begin one with: watchdown backfill ALGO ")
    missing = call("generations", "promote", "9", "--library", shelf.library)
    assert missing.code == ExitCode.NOT_FOUND
