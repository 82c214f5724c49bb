"""A backfill in a process of its own, which waits where it was told to: see `interrupted`."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from programs import surroundings


@contextmanager
def begun(
    place: Path, seam: str, before: int, patience: float, ahead: float = 0.0
) -> Iterator[subprocess.Popen[str]]:
    """Begin a backfill that waits at a seam, whose clock is so many seconds ahead."""
    command = [sys.executable, "-W", "ignore", "-m", "e2e.interrupted"]
    with subprocess.Popen(
        [*command, *map(str, (place, seam, before, patience, ahead))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=surroundings(),
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def until_here(process: subprocess.Popen[str]) -> None:
    """Wait until the backfill waits."""
    assert process.stdout is not None
    for line in process.stdout:
        if line == "here\n":
            return
    assert process.stderr is not None
    pytest.fail(process.stderr.read())


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Let the backfill go on to its end; return its exit code and what it said on stderr."""
    out, err = process.communicate("\n")
    assert process.returncode == 0, err
    return json.loads(out.splitlines()[-1])["code"], err
