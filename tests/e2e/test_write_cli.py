"""`watchdown write`, as people, shell scripts and other programs call it."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from client.deployments import DEPLOYMENTS, deployed, entered
from e2e.conftest import Call
from watchdown.cli.exit_codes import ExitCode

SCRIPT = r"""
set -eu
watchdown() { "$PYTHON" -m watchdown "$@" --library "$LIBRARY"; }

run=$(watchdown write start finder@2.1.0 --title heat --json | sed 's/[^0-9]//g')
seq 0 499 | sed 's/.*/{"start_ns": &, "end_ns": 600, "label": "line", "confidence": 0.5}/' |
  watchdown write append "$run" - --type Label
watchdown write append "$run" shots.jsonl --type Shot &
watchdown write append "$run" more.jsonl --type Label &
wait
watchdown write finish "$run" --publish
watchdown show heat --json
"""


def line(at: int, **values: Any) -> str:
    row = {"start_ns": at, "end_ns": at + 1, "label": "day", "confidence": 0.5} | values
    return json.dumps(row) + "\n"


@pytest.fixture(params=DEPLOYMENTS)
def anywhere(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    with deployed(request, request.param, tmp_path) as given:
        with entered(given, "heat"):
            pass
        yield given


@pytest.fixture
def place(tmp_path: Path) -> Path:
    with entered(tmp_path / "library", "heat"):
        return tmp_path / "library"


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    (tmp_path / "rows.jsonl").write_text("".join(map(line, range(5))))
    return tmp_path / "rows.jsonl"


@pytest.mark.feature(13)
def test_three_calls_write_a_run_from_a_shell_script(anywhere: Path, tmp_path: Path) -> None:
    shots = [{"start_ns": at, "end_ns": at + 1, "number": at} for at in range(3)]
    (tmp_path / "shots.jsonl").write_text("".join(json.dumps(shot) + "\n" for shot in shots))
    (tmp_path / "more.jsonl").write_text("".join(map(line, range(100))))
    environment = {"PYTHON": sys.executable, "LIBRARY": str(anywhere), "PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run(
        ["sh", "-c", SCRIPT],
        cwd=tmp_path,
        env=environment | {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout[done.stdout.index("\n{") :])
    assert shown["counts"] == {"Label": 600, "Shot": 3}
    assert {(one["algorithm"], one["version"]) for one in shown["coverage"]} == {("finder", "2.1.0")}


@pytest.mark.parametrize("command", ["start", "append", "finish", "publish", "cancel", "ingest", "list"])
def test_a_command_explains_itself(call: Call, command: str) -> None:
    said = call("write", command, "--help")
    assert said.code == ExitCode.OK
    assert "--library" in said.out
    assert "--json" in said.out


def test_a_start_prints_the_run_in_one_line(call: Call, place: Path) -> None:
    said = call("write", "start", "finder", "--title", "heat", "--library", place, "--json")
    assert said.out == '{"run": 1}\n'
    said = call("write", "start", "finder@2.0", "--title", "heat", "--library", place)
    assert said.out == "Run 2 takes rows: watchdown write append 2 FILE --type TYPE\n"


def test_a_run_is_written_step_by_step_and_each_step_says_where_it_stands(
    call: Call, place: Path, rows: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(*arguments: object) -> str:
        said = call("write", *arguments, "--library", place)
        assert (said.code, said.errors) == (ExitCode.OK, [])
        return said.out

    write("start", "finder", "--title", "heat", "--tolerance", 0.5)
    assert "5 Label rows appended to run 1 as part a." in write(
        "append", 1, rows, "--type", "Label", "--part", "a"
    )
    assert "has the part a already: 5 Label rows" in write(
        "append", 1, rows, "--type", "Label", "--part", "a"
    )
    given = SimpleNamespace(buffer=io.BufferedReader(io.BytesIO(line(7, confidence=2).encode())))
    monkeypatch.setattr(sys, "stdin", given)
    said = call("write", "append", 1, "-", "--type", "Label", "--library", place)
    assert said.code == ExitCode.OK
    assert "1 row was refused: row 0: confidence is not in [0, 1] (2.0)" in said.err
    assert "5 Label" in write("list")
    hidden = call("write", "finish", 1, "--library", place)
    assert "5 Label records are loaded and hidden; show them with: watchdown write publish 1" in hidden.out
    assert "1 Label.2 row refused" in hidden.err
    shown = call("write", "publish", 1, "--library", place)
    assert "Run 1: 5 Label records are seen in heat." in shown.out
    assert "No run is open." in write("list")


def test_a_file_is_ingested_shown_or_left_hidden(call: Call, place: Path, rows: Path) -> None:
    slot = ("--algorithm", "finder@3.0", "--title", "heat", "--type", "Label", "--library", place, "--json")
    hidden = json.loads(call("write", "ingest", rows, "--no-publish", *slot).out)
    assert (hidden["state"], hidden["counts"], hidden["version"]) == ("loaded", {"Label": 5}, "3.0")
    assert json.loads(call("write", "ingest", rows, *slot).out)["state"] == "active"
    [listed] = json.loads(call("write", "list", "--library", place, "--json").out)
    assert listed["run"] == hidden["run"]
    cancelled = call("write", "cancel", hidden["run"], "--library", place)
    assert cancelled.out == f"Run {hidden['run']} is cancelled; nothing of it is left.\n"


def test_a_run_that_is_held_fails_its_command(call: Call, place: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text(line(0) + line(1, confidence=2))
    slot = ("--algorithm", "finder", "--title", "heat", "--type", "Label", "--library", place)
    said = call("write", "ingest", tmp_path / "bad.jsonl", *slot)
    assert said.code == ExitCode.FAILED
    assert said.errors == ["run 1: 1 of 2 rows were refused, none may be"]
    assert "watchdown quarantine list" in said.err


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("start", "finder", "--title", "cold"), ExitCode.NOT_FOUND, "cold: is no title here"),
        (("start", "finder@", "--title", "heat"), ExitCode.USAGE, "names no algorithm and version"),
        (("start", "@1", "--title", "heat"), ExitCode.USAGE, "names no algorithm and version"),
        (("start", "fin der@1", "--title", "heat"), ExitCode.USAGE, "names no algorithm and version"),
        (("start", "finder", "--title", ""), ExitCode.NOT_FOUND, "'': is no title here"),
        (("start", "finder", "--title", "heat", "--tolerance", 7), ExitCode.USAGE, "no share of the rows"),
        (("append", 1, "ROWS", "--type", "Embedding"), ExitCode.FAILED, "--model NAME"),
        (("start", "finder"), ExitCode.USAGE, "Missing option '--title'"),
        (("append", "x", "ROWS", "--type", "Label"), ExitCode.USAGE, "Input should be a valid integer"),
        (("append", 7, "ROWS", "--type", "Label"), ExitCode.NOT_FOUND, "7: is no run here"),
        (("append", 1, "ROWS", "--type", "Lable"), ExitCode.NOT_FOUND, "Lable: is no known schema type"),
        (("append", 1, "none.jsonl", "--type", "Label"), ExitCode.NOT_FOUND, "none.jsonl: is no file"),
        (("append", 1, ".", "--type", "Label"), ExitCode.NOT_FOUND, ".: is a folder"),
        (("append", 1, "ROWS"), ExitCode.USAGE, "Missing option '--type'"),
        (("append", 2, "ROWS", "--type", "Label"), ExitCode.FAILED, "takes no more rows: it is cancelled"),
        (("finish", 2), ExitCode.FAILED, "run 2: was cancelled. Start another"),
        (("finish", 7), ExitCode.NOT_FOUND, "7: is no run here"),
        (("cancel", 7), ExitCode.NOT_FOUND, "7: is no run here"),
    ],
)
def test_what_cannot_be_done_is_told_and_fails(
    call: Call, place: Path, arguments: tuple[object, ...], code: ExitCode, told: str
) -> None:
    rows = place.with_name("rows.jsonl")
    rows.write_text(line(0))
    for _ in range(2):
        call("write", "start", "finder", "--title", "heat", "--library", place)
    call("write", "cancel", 2, "--library", place)
    said = call("write", *(rows if one == "ROWS" else one for one in arguments), "--library", place)
    assert said.code == code
    assert told in said.errors[0]
