"""Ends processes of pods whose node has died: by the session of each container, and by what they were told.

A node may die before it has written down the session of a container that it has begun; so a process that has
its termination log below the folder of the pods is one of theirs as well.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

import psutil

SAME_START_S: Final = 2.0  # the time of boot that starts are counted from is read in whole seconds
LOG: Final = "TERMINATION_LOG"


def record(file: Path, pid: int) -> None:
    """Write down a session by its first process."""
    file.write_text(f"{pid} {psutil.Process(pid).create_time()}")


def end(pods: Path) -> None:
    """Kill all that still runs in the sessions recorded below a folder, or was told to write there."""
    sessions = {}
    for file in pods.glob("*/*/*/containers/*/pid"):
        pid, _, started = file.read_text().partition(" ")
        with suppress(ValueError):
            sessions[int(pid)] = float(started)
        file.unlink()
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied, ProcessLookupError, PermissionError):
            begun = sessions.get(os.getsid(process.pid))
            recorded = begun is not None and process.create_time() > begun - SAME_START_S
            if recorded or Path(process.environ().get(LOG, "")).is_relative_to(pods):
                process.kill()
