"""Status as a person asks for it: the reason why a title is not ready, and the command that makes it so."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from e2e.conftest import Call, Shelf

MANIFEST = """
name = "mood"
version = "{version}"
summary = "Says of each line that it is calm"
consumes = ["text"]
produces = ["Label"]
class = "algo:Mood"
"""
CLASS = """
from watchdown_algos.contract import TextAlgorithm
from watchdown_algos.wants import TimedText
from watchdown_schemas.types import Label


class Mood(TextAlgorithm):
    wants = TimedText()

    def predict(self, batch):
        for cue in batch.cues:
            {say}
"""
SAYS = 'yield Label(label="calm", start_ns=cue.start_ns, end_ns=cue.end_ns)'
FAILS = 'raise ValueError("the scale of moods is not there")'
SPOKEN = "1\n00:00:00,500 --> 00:00:01,500\nThe sea is calm tonight.\n"


class Installed:
    """A package with one algorithm, found by the entry point that it declares, for commands of its own."""

    def __init__(self, site: Path, library: Path) -> None:
        self._site = site
        self._library = library
        (site / "mood-1.0.dist-info").mkdir(parents=True)
        (site / "mood-1.0.dist-info" / "METADATA").write_text(
            "Metadata-Version: 2.1\nName: mood\nVersion: 1.0\n"
        )
        (site / "mood-1.0.dist-info" / "entry_points.txt").write_text("[watchdown.algorithms]\nmood = mood\n")
        (site / "mood").mkdir()
        (site / "mood" / "__init__.py").touch()

    def write(self, say: str, version: str = "1.0.0") -> None:
        """Write the algorithm, as it is from now on."""
        (self._site / "mood" / "algo.toml").write_text(MANIFEST.format(version=version))
        (self._site / "mood" / "algo.py").write_text(CLASS.format(say=say))

    def call(self, *arguments: object, code: int = 0) -> str:
        """Run a command on the library to its end, and return what it printed."""
        return self.run(["watchdown", *map(str, arguments), "--library", str(self._library)], code)

    def run(self, words: list[str], code: int = 0) -> str:
        """Run a whole command line, as a person would paste it."""
        assert words[0] == "watchdown"
        there = os.pathsep.join(filter(None, [str(self._site), os.environ.get("PYTHONPATH")]))
        environment = os.environ | {"PYTHONPATH": there, "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-m", *words]
        done = subprocess.run(command, env=environment, text=True, capture_output=True, check=False)
        assert done.returncode == code, done.stderr
        return done.stdout

    def mood(self) -> dict[str, Any]:
        """Return how the algorithm stands over the only title."""
        (title,) = json.loads(self.call("status", "--json"))["titles"]
        (slot,) = [slot for slot in title["slots"] if slot["algorithm"] == "mood"]
        found: dict[str, Any] = slot
        return found


@pytest.fixture
def installed(shelf: Shelf, tmp_path: Path) -> Installed:
    """Install an algorithm that fails, and add a title that it shall work on."""
    made = Installed(tmp_path / "site", tmp_path / "library")
    made.write(FAILS)
    spoken = tmp_path / "said.srt"
    spoken.write_text(SPOKEN)
    only = ["--only", "dialogue", "--only", "mood"]
    made.call("add", shelf.meadow_file, "--subtitles", f"{spoken}:en", *only, code=1)
    return made


@pytest.mark.feature(82)
def test_a_title_whose_model_failed_says_why_and_the_command_shown_mends_it(
    installed: Installed,
) -> None:
    slot = installed.mood()
    assert (slot["standing"], slot["seen"]) == ("failed", None)
    assert "the scale of moods is not there" in slot["why"]
    (command,) = slot["fix"]
    shown = installed.call("status", "Meadow")
    assert command in shown
    assert "the scale of moods is not there" in shown
    installed.write(SAYS)
    installed.run(shlex.split(command))
    after = installed.mood()
    assert (after["standing"], after["why"], after["fix"]) == ("ready", None, [])
    assert after["version"] == "1.0.0"


def test_a_version_that_is_raised_makes_a_title_old_until_the_command_shown_has_run(
    installed: Installed,
) -> None:
    installed.write(SAYS)
    installed.run(shlex.split(installed.mood()["fix"][0]))
    installed.write(SAYS.replace("calm", "quiet"), version="1.1.0")
    slot = installed.mood()
    assert (slot["standing"], slot["version"]) == ("old", "1.0.0")
    assert slot["why"] == "readers see version 1.0.0, and 1.1.0 is here"
    installed.run(shlex.split(slot["fix"][0]))
    assert (installed.mood()["standing"], installed.mood()["version"]) == ("ready", "1.1.0")


def test_scripts_are_told_by_the_exit_code_and_people_by_the_lines(call: Call, shelf: Shelf) -> None:
    assert call("status", "--fail", "--library", shelf.library).code == 0
    said = call("status", "Meadow", "--library", shelf.library)
    assert "not for it  dialogue: the title has no text" in said.out
    assert "Harbour" not in said.out
    assert call("status", "--not-ready", "--library", shelf.library).out.startswith(
        "Everything is ready.\n\nalgorithm"
    )
    assert call("show", "Meadow", "--library", shelf.library).out.count("status: 3 ready") == 1
    assert call("status", "Nowhere", "--library", shelf.library).code == 3


def test_something_that_is_not_ready_fails_a_script_that_asks(installed: Installed) -> None:
    assert "failed" in installed.call("status", "--not-ready", "--fail", code=1)
    installed.call("status", code=0)
