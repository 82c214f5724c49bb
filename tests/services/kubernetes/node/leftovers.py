"""Ends processes of pods whose node has died: each container is a session, recorded with its start."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import psutil

SAME_START_S = 1.0


def record(file: Path, pid: int) -> None:
    """Write down a session by its first process."""
    file.write_text(f"{pid} {psutil.Process(pid).create_time()}")


def end(pods: Path) -> None:
    """Kill all that still runs in the sessions recorded below a folder."""
    sessions = {}
    for file in pods.glob("*/*/*/containers/*/pid"):
        pid, _, started = file.read_text().partition(" ")
        with suppress(ValueError):
            sessions[int(pid)] = float(started)
        file.unlink()
    if not sessions:
        return
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, ProcessLookupError, PermissionError):
            begun = sessions.get(os.getsid(process.pid))
            if begun is not None and process.create_time() > begun - SAME_START_S:
                process.kill()
