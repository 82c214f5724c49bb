"""Programs beside one another: two that add at once, and one that is interrupted."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from e2e.conftest import Call, Shelf
from e2e.library_dump import leftovers
from media.clips import draw
from watchdown.cli.exit_codes import ExitCode


def start(*arguments: object) -> subprocess.Popen[str]:
    """Start `watchdown add` in a process of its own, without a terminal."""
    return subprocess.Popen(
        [sys.executable, "-m", "watchdown", "add", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"PATH": os.defpath},
    )


def test_two_programs_may_add_at_once(shelf: Shelf, call: Call, tmp_path: Path) -> None:
    library = ["--library", tmp_path / "library"]
    programs = [
        start(shelf.harbour_file, shelf.meadow_file, *library),
        start(shelf.meadow_file, shelf.harbour_file, *library),
    ]
    said = [(program.communicate()[0], program.returncode) for program in programs]
    assert [code for _, code in said] == [ExitCode.OK, ExitCode.OK]
    outcomes = [line.split()[0] for out, _ in said for line in out.splitlines()]
    assert sorted(outcomes) == ["added", "added", "unchanged", "unchanged"]
    assert leftovers(tmp_path / "library") == []
    assert "Harbour" in call("search", "--dialogue", "lantern in the harbour", *library).out


def test_an_interrupted_program_ends_at_once_and_the_next_goes_on(call: Call, tmp_path: Path) -> None:
    film, library = draw(tmp_path / "film.mp4", count=3000), tmp_path / "library"
    program = start(film, "--library", library)
    assert program.stderr is not None
    for line in program.stderr:
        if "shots, visual-embedding" in line:
            program.send_signal(signal.SIGINT)
            break
    out, err = program.communicate()
    assert (program.returncode, out) == (ExitCode.INTERRUPTED, "")
    assert err.splitlines()[-1].startswith("interrupted: what was finished is kept")
    assert "Traceback" not in err
    assert call("search", "a red car", "--library", library).out == "Nothing found for a red car.\n"
    assert call("add", film, "--library", library).out.startswith("updated")
    assert leftovers(library) == []
