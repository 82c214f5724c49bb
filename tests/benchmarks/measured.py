"""A program that writes down what each of its commands took: when it began and ended, and its CPU seconds."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WRAPPER = """\
#!{python} -IS
import json, os, sys, time

begin = time.time()
started = os.spawnv(os.P_NOWAIT, {program!r}, [{program!r}, *sys.argv[1:]])
_, status, used = os.wait4(started, 0)
cpu = used.ru_utime + used.ru_stime
said = {{"name": sys.argv[1], "begin": begin, "end": time.time(), "cpu": cpu}}
with open({record!r}, "a") as record:
    record.write(json.dumps(said) + "\\n")
sys.exit(os.waitstatus_to_exitcode(status))
"""


@dataclass(frozen=True, slots=True)
class Command:
    """One command: the first of its arguments, and what it took."""

    name: str
    begin: float
    end: float
    cpu: float

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.end - self.begin


class Measured:
    """A stand-in for a program, which runs it."""

    def __init__(self, program: Path, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.path, self._record = folder / program.name, folder / "commands"
        said = WRAPPER.format(python=sys.executable, program=str(program), record=str(self._record))
        self.path.write_text(said)
        self.path.chmod(0o755)

    def call(self, *arguments: str) -> Any:
        """Run a command to its good end, and return the JSON that it prints."""
        done = subprocess.run([self.path, *arguments], capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{' '.join(arguments)} failed: {done.stderr}")
        last = done.stdout.splitlines()[-1:] if arguments[0] == "backfill" else [done.stdout]
        return json.loads("".join(last) or "null")

    def taken(self) -> list[Command]:
        """Return the commands since the last time."""
        lines = self._record.read_text().splitlines() if self._record.exists() else []
        self._record.unlink(missing_ok=True)
        return [Command(**json.loads(line)) for line in lines]
