"""The terminals of a page: what a reader types there is run, and must show what the page says.

In a block ```` ```console ```` each line after `$` is a command; what follows is what it shows on both
outputs, where `…` stands for anything, and alone on a line for any lines. A command ends with 0, or with
the number that the block names: ```` ```console exit=1 ````. Blocks with `terminal=1` are a terminal of
its own, whose command goes on while the reader goes on with the page: what it shows next stands in a block
without a command, which begins with `^C` where that is typed. The command ends where the block names `exit`.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO

from watchdown.cli import main

BLOCK = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PATIENCE_S = 60
SCREEN = re.compile(
    r"\x1b\[(?P<up>\d*)A|(?P<wipe>\x1b\[2K)|\x1b\[[0-9;?]*[A-Za-z]|(?P<text>[^\x1b])", re.DOTALL
)
RUN = "import sys; from watchdown.cli import main; sys.exit(main(sys.argv[1:]))"


@dataclass(frozen=True, slots=True)
class Block:
    """A block of code with what its first line says of it."""

    language: str
    said: dict[str, str]
    text: str

    def commands(self) -> Iterator[tuple[str, str]]:
        """Yield each command, and what it shows."""
        for part in re.split(r"^\$ ", self.text, flags=re.MULTILINE)[1:]:
            command, _, shown = part.partition("\n")
            yield command, shown


def blocks(page: str) -> list[Block]:
    """Return the blocks of code of a page."""
    return [
        Block(language, dict(re.findall(r"(\w+)=(\S+)", said)), text)
        for language, said, text in BLOCK.findall(page)
    ]


def shows(actual: str, expected: str) -> bool:
    """Whether an output is what a page says; how many spaces part two words does not matter."""
    lines = [re.escape(line).replace("…", ".*") + "\n" for line in _plain(expected)]
    pattern = "".join("(?:.*\n)*" if line == ".*\n" else line for line in lines)
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in _plain(actual))) is not None


def _plain(text: str) -> list[str]:
    lines = (" ".join(line.split()) for line in text.splitlines())
    return [line for line in lines if line]


def run(command: str) -> tuple[int, str]:
    """Run a command of Watchdown here, another one in a shell; return its exit code and what it shows."""
    if not command.startswith("watchdown "):
        return _in_a_shell(command)
    _, words = _in_a_shell(f"for word in {command}; do printf '%s\\0' \"$word\"; done")
    shown = StringIO()
    with redirect_stdout(shown), redirect_stderr(shown):
        return main(words.split("\0")[1:-1]), shown.getvalue()


def _in_a_shell(command: str) -> tuple[int, str]:
    done = subprocess.run(
        ["sh", "-c", command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return done.returncode, done.stdout


def screen(written: str) -> str:
    """Return what a terminal shows in the end of what was written to it, lines drawn over again once."""
    lines, row = [""], 0
    for found in SCREEN.finditer(written):
        if found["up"] is not None:
            row = max(0, row - int(found["up"] or 1))
        elif found["wipe"]:
            lines[row] = ""
        elif found["text"] == "\n":
            row += 1
            lines += [""] * (row == len(lines))
        elif found["text"] not in (None, "\r"):
            lines[row] += found["text"]
    return "\n".join(lines)


class Terminal:
    """A terminal in which one command goes on."""

    def __init__(self, command: str) -> None:
        """Begin the command."""
        self._reader, writer = os.openpty()
        self._written = ""
        self._changed = threading.Condition()
        self.process = subprocess.Popen(
            [sys.executable, "-c", RUN, *shlex.split(command)[1:]],
            env=os.environ | {"TERM": "xterm", "COLUMNS": "100", "PYTHONPATH": ":".join(sys.path)},
            stdin=writer,
            stdout=writer,
            stderr=writer,
        )
        os.close(writer)
        self._ended = False
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while True:
            try:
                more = os.read(self._reader, 65536)
            except OSError:  # so Linux says that nobody writes any more
                more = b""
            with self._changed:
                self._written += more.decode("utf-8", "replace")
                self._ended = not more
                self._changed.notify_all()
            if not more:
                return

    def until(self, expected: str) -> None:
        """Wait until it shows what the page says, after all else that it shows; more may follow."""
        if expected.startswith("^C\n"):
            self.process.send_signal(signal.SIGINT)
            expected = expected.removeprefix("^C\n")
        with self._changed:
            self._changed.wait_for(lambda: self._ended or self._is_shown(expected), PATIENCE_S)
            assert self._is_shown(expected), f"expected:\n{expected}\nshown:\n{screen(self._written)}"

    def _is_shown(self, expected: str) -> bool:
        return shows(screen(self._written), f"…\n{expected}…\n")

    def close(self) -> int:
        """Wait for the command, and return its exit code."""
        code = self.process.wait(PATIENCE_S)
        self._thread.join(PATIENCE_S)
        os.close(self._reader)
        return code

    def kill(self) -> None:
        """End the command, where it goes on."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
