"""`watchdown collect` and `watchdown forget` as people and scripts call them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import watchdown
from e2e.conftest import Call, Shelf
from watchdown.cli.exit_codes import ExitCode
from watchdown.client import Library


@pytest.fixture
def library(shelf: Shelf, tmp_path: Path) -> Path:
    """Give a copy of the shelf's library, in which one film's captions were written twice."""
    shutil.copytree(shelf.library, tmp_path / "library")
    with watchdown.open(tmp_path / "library") as opened:
        for text in ("A red car", "A red car by the sea"):
            row = {"start_ns": 0, "end_ns": 10**9, "text": text, "language": "en"}
            opened.write("Caption", [row], "Harbour")
    return tmp_path / "library"


def seen(library: Library) -> list[tuple[str, int]]:
    return [(hit.title_name, hit.start_ns) for hit in library.search("a red car", titles=["Meadow"]).hits]


def test_a_dry_run_says_what_would_go_and_removes_nothing(call: Call, library: Path) -> None:
    said = call("collect", "--dry-run", "--grace", "0", "--library", library)
    assert (said.code, said.errors) == (0, [])
    assert "would be removed" in said.out
    assert "Leave out --dry-run" in said.out
    assert call("collect", "--dry-run", "--grace", "0", "--library", library).out == said.out
    told = json.loads(call("collect", "--grace", "0", "--json", "--library", library).out)
    counts = {one["kind"]: one["count"] for one in told["removed"]}
    assert (counts["runs"], counts["rows"], len(told["runs"])) == (1, 1, 1)
    again = call("collect", "--grace", "0", "--dry-run", "--library", library)
    assert "There is nothing to collect." in again.out


def test_the_grace_of_the_settings_holds(call: Call, library: Path) -> None:
    told = json.loads(call("collect", "--json", "--library", library).out)
    assert told["runs"] == []
    with watchdown.open(library) as opened:
        assert opened.search("sea", schema_type="Caption").hits


@pytest.mark.parametrize("grace", ["soon", "", "-1h", "24"])
def test_a_wrong_grace_is_told(call: Call, library: Path, grace: str) -> None:
    said = call("collect", f"--grace={grace}", "--library", library)
    assert said.code == ExitCode.USAGE
    assert "24h" in said.err


def test_a_title_is_forgotten_only_when_that_is_confirmed(call: Call, library: Path) -> None:
    asked = call("forget", "Harbour", "--library", library)
    assert asked.code == ExitCode.USAGE
    assert "is found here" in asked.out
    assert "--yes" in asked.err
    shown = json.loads(call("forget", "Harbour", "--json", "--library", library).out)
    assert shown["dry_run"]
    assert all(shown["left"][where] for where in ("database", "store", "files"))
    with watchdown.open(library) as opened:
        assert [title.name for title in opened.titles()] == ["Harbour", "Meadow"]


def test_a_forgotten_film_is_in_no_file_of_the_library_and_the_other_is_found(
    call: Call, library: Path, shelf: Shelf
) -> None:
    with watchdown.open(library) as opened:
        title = next(one.id for one in opened.titles() if one.name == "Harbour")
        before = [
            (hit.title_name, hit.start_ns) for hit in opened.search("a red car", titles=["Meadow"]).hits
        ]
    assert call("bundle", "--titles", "Harbour", "--library", library).code == 0
    said = call("forget", "Harbour", "--yes", "--library", library)
    assert (said.code, said.errors) == (0, [])
    assert "is forgotten" in said.out
    assert f"Not touched: {shelf.harbour_file}" in said.out
    assert shelf.harbour_file.exists()
    for path in library.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            for word in (title, "lantern", "Harbour"):
                assert word.encode() not in content, f"{word} is in {path}"
    with watchdown.open(library) as opened:
        assert [one.name for one in opened.titles()] == ["Meadow"]
        assert seen(opened) == before
        assert not opened.search("lantern in the harbour", dialogue=True).hits
    assert call("forget", "Harbour", "--yes", "--library", library).code == ExitCode.NOT_FOUND
    added = call("add", shelf.harbour_file, "--library", library, "--json")
    assert (added.code, added.errors) == (0, [])
    with watchdown.open(library) as opened:
        assert opened.search("lantern in the harbour", dialogue=True).hits
