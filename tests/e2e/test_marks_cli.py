"""`watchdown note` and `watchdown quarantine`, as people and scripts call them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from client.libraries import SECOND, make
from e2e.conftest import Call
from watchdown.cli.exit_codes import ExitCode


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return a library with the title `heat` and a run of labels of which one is bad."""
    with make(tmp_path / "library", "heat") as library:
        rows = [
            {"start_ns": 0, "end_ns": SECOND, "label": "day", "confidence": 1.0},
            {"start_ns": SECOND, "end_ns": 2 * SECOND, "label": "night", "confidence": 1.5},
        ]
        assert library.write("Label", rows, "heat").written == 0
    return tmp_path / "library"


@pytest.mark.parametrize(
    "command",
    [("note", "add"), ("note", "list"), ("note", "remove"), ("quarantine", "list"), ("quarantine", "show")],
)
def test_a_command_explains_itself(call: Call, command: tuple[str, str]) -> None:
    said = call(*command, "--help")
    assert said.code == ExitCode.OK
    assert "--library" in said.out


def test_notes_are_added_changed_listed_and_taken_off(call: Call, place: Path) -> None:
    added = call(
        "note", "add", "heat", "a lantern", "--at", "f100", "--author", "ada", "--library", place, "--json"
    )
    (note,) = json.loads(added.out)
    assert (note["start_ns"], note["end_ns"], note["author"]) == (4_170_833_334, 4_212_541_667, "ada")
    changed = call("note", "add", "heat", "a red lantern", "--note", note["note"], "--library", place)
    assert "00:00:04:04" in changed.out
    listed = call("note", "list", "heat", "--library", place)
    assert "a red lantern" in listed.out
    history = call("note", "list", "heat", "--history", note["note"], "--library", place, "--json")
    assert [one["text"] for one in json.loads(history.out)] == ["a lantern", "a red lantern"]
    assert call("note", "remove", "heat", note["note"], "--library", place).code == ExitCode.OK
    assert "No notes yet" in call("note", "list", "heat", "--library", place).out


def test_a_note_at_no_point_in_time_is_refused(call: Call, place: Path) -> None:
    said = call("note", "add", "heat", "x", "--at", "soon", "--library", place)
    assert said.code == ExitCode.USAGE
    assert said.errors[0].startswith("soon: is no point in time")


def test_refused_rows_are_listed_shown_mended_and_seen(call: Call, place: Path, tmp_path: Path) -> None:
    (refused,) = json.loads(call("quarantine", "list", "--library", place, "--json").out)
    assert (refused["rows"], refused["held"], refused["state"]) == (1, 1, "quarantined")
    run = refused["run"]
    shown = call("quarantine", "show", run, "Label", "--library", place)
    assert "confidence" in shown.out
    assert "is not in [0, 1]" in shown.out
    file = tmp_path / "rows.jsonl"
    call("quarantine", "show", run, "Label", "--out", file, "--library", place)
    still = call("quarantine", "replay", run, "Label", file, "--library", place)
    assert still.code == ExitCode.FAILED
    assert "1 of 2 rows were refused" in still.errors[0]
    file.write_text(file.read_text().replace("1.5", "0.5"))
    mended = call("quarantine", "replay", run, "Label", file, "--library", place)
    assert mended.code == ExitCode.OK
    assert "2 Label.2 records are seen" in mended.out


def test_a_run_that_was_held_back_goes_on_with_its_good_rows(call: Call, place: Path) -> None:
    (refused,) = json.loads(call("quarantine", "list", "--library", place, "--json").out)
    said = call("quarantine", "replay", refused["run"], "Label", "--library", place)
    assert (said.code, said.out.split(": ")[1]) == (ExitCode.OK, "1 Label.2 records are seen\n")


def test_what_is_not_in_quarantine_is_told(call: Call, place: Path) -> None:
    said = call("quarantine", "show", 99, "Label", "--library", place)
    assert said.code == ExitCode.NOT_FOUND
    said = call("quarantine", "show", 1, "Shot", "--library", place)
    assert said.errors == ["run 1: has no refused Shot rows. See: watchdown quarantine list."]
