"""One command as a process of its own: its errors line by line, its output whole, and a way to end it."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from threading import Thread
from typing import IO

PATIENCE_S = 3.0
# What a command may need of its surroundings; the rest is Airflow's own and none of its business.
KEPT = frozenset({"PATH", "HOME", "USER", "LANG", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR"})
KEPT_BEGINNINGS = ("LC_", "WATCHDOWN_", "AWS_")


def surroundings(variables: Mapping[str, str]) -> dict[str, str]:
    """Return those variables that are a command's business."""
    return {
        name: value for name, value in variables.items() if name in KEPT or name.startswith(KEPT_BEGINNINGS)
    }


class Command:
    """A command that runs once."""

    def __init__(self, line: Sequence[str], environment: Mapping[str, str]) -> None:
        self.line, self._environment = list(line), environment
        self._process: subprocess.Popen[str] | None = None
        self._ended = False

    def run(self, tell: Callable[[str], None]) -> tuple[int, str]:
        """Run it and return its exit code and output; `tell` hears each line of its errors as it comes.

        Raises:
            OSError: it cannot be started.
        """
        with subprocess.Popen(  # noqa: S603 # the program that the connection names
            self.line,
            env=dict(self._environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,  # its children are ended with it
        ) as process:
            self._process = process
            if self._ended:
                self.end()
            output: list[str] = []
            assert process.stdout
            assert process.stderr
            reader = Thread(target=_read, args=(process.stdout, output))
            reader.start()
            try:
                for line in process.stderr:
                    if said := line.rstrip():
                        tell(said)
                reader.join()
                return process.wait(), "".join(output)
            except BaseException:  # Airflow's time is up
                self.end()
                raise

    def end(self, patience: float = PATIENCE_S) -> None:
        """End it and its children: asked first, killed when they do not listen."""
        self._ended = True
        process = self._process
        if process is None or process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(patience)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # who did not listen, be it a child
        process.wait()


def _read(stream: IO[str], into: list[str]) -> None:
    into.append(stream.read())
