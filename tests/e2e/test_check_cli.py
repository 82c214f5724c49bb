"""`watchdown check` and `watchdown rebuild` over films that were drawn and added."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import watchdown
from client.libraries import services
from e2e.conftest import Call, Shelf
from watchdown.client import Library


@pytest.fixture
def library(shelf: Shelf, tmp_path: Path) -> Path:
    shutil.copytree(shelf.library, tmp_path / "library")
    return tmp_path / "library"


def seen(library: Library) -> list[tuple[str, int, float]]:
    hits = library.search("a red car", titles=["Meadow"]).hits
    return [(hit.title_name, hit.start_ns, round(hit.score, 4)) for hit in hits]


def test_films_that_were_just_added_are_sound(call: Call, library: Path) -> None:
    said = call("check", "--deep", "--library", library)
    assert (said.code, said.errors) == (0, [])
    assert "All is well" in said.out
    told = json.loads(call("check", "--deep", "--json", "--library", library).out)
    assert (told["sound"], told["faults"]) == (True, [])
    assert told["runs"] > 0
    assert "the pictures" in said.err


def test_a_run_whose_rows_are_lost_for_good_is_computed_again_by_the_command_that_is_named(
    call: Call, library: Path
) -> None:
    with watchdown.open(library) as opened:
        parts, before = services(opened), seen(opened)
        meadow = next(title.id for title in opened.titles() if title.name == "Meadow")
        (run,) = (one for one in parts.ledger.runs(meadow) if one.algorithm == "visual-embedding")
        parts.store.sink.expunge([], [run.number])
        assert not seen(opened)
    assert call("check", "--library", library).code == 1
    told = call("check", "--repair", "--library", library)
    command = f"watchdown backfill visual-embedding --titles {meadow}"
    assert told.code == 1
    assert f"Compute it again: {command}" in told.out
    again = call(*command.split()[1:], "--library", library)
    assert (again.code, again.errors) == (0, [])
    with watchdown.open(library) as opened:
        assert seen(opened) == before
    assert call("check", "--deep", "--library", library).code == 0


def test_a_rebuilt_lake_answers_as_before(call: Call, library: Path) -> None:
    with watchdown.open(library) as opened:
        before = seen(opened)
    for indices in (library / "lake").glob("*/_indices"):
        shutil.rmtree(indices)
    told = json.loads(call("rebuild", "--json", "--library", library).out)
    assert told["whole"]
    assert {table["table"].partition("-")[0] for table in told["tables"]} >= {"Shot", "Embedding"}
    with watchdown.open(library) as opened:
        assert seen(opened) == before
        assert opened.search("lantern in the harbour", dialogue=True).hits
    assert "rebuilt" in call("rebuild", "Shot", "--library", library).out
    assert call("check", "--deep", "--library", library).code == 0
