"""One server process: started apart from whoever starts it, found again by its record, stopped by its pid."""

from __future__ import annotations

import functools
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from services.cache import SURROUNDINGS
from services.tools import TAIL, Missing

NOBODY = "65534"
SHARED_MEMORY = re.compile(r"(/dev/shm/\S+)$", re.MULTILINE)
SAME_START_S = 1.0
STOP_S, KILL_S, LOOK_S = 20.0, 10.0, 0.02


@dataclass(frozen=True, slots=True)
class Process:
    """A process by the file that records its pid and start time: a pid used again is not taken for it."""

    record: Path
    log: Path

    def start(self, command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> None:
        """Start the command in a session of its own, so that Ctrl-C here does not reach it."""
        path = os.fspath(command[0])
        with self.log.open("ab") as log, Path(os.devnull).open("rb") as nothing:
            pid = os.posix_spawn(
                path,
                [os.fspath(part) for part in command],
                {**SURROUNDINGS, **(environment or {})},
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, nothing.fileno(), 0),
                    (os.POSIX_SPAWN_DUP2, log.fileno(), 1),
                    (os.POSIX_SPAWN_DUP2, log.fileno(), 2),
                ],
                setsid=True,
                setsigdef=[signal.SIGINT, signal.SIGPIPE],
            )
        self.record.write_text(f"{pid} {psutil.Process(pid).create_time()}")

    def find(self) -> psutil.Process | None:
        """Return the process if it runs; what has ended but was not waited for does not."""
        try:
            pid, started = self.record.read_text().split()
            process = psutil.Process(int(pid))
            if abs(process.create_time() - float(started)) > SAME_START_S:
                return None
            if ended(process):
                return None
        except (OSError, ValueError, psutil.NoSuchProcess):
            return None
        return process

    def stop(self, by: signal.Signals = signal.SIGTERM, patience: float = STOP_S) -> None:
        """End the process and its children: asked by a signal first, killed when they do not listen."""
        process = self.find()
        if process is None:
            return
        family = _family(process)
        memory = _shared_memory(family)
        process.send_signal(by)
        _each(family, psutil.Process.resume)  # what is paused hears nothing
        _wait(family[:1], patience)
        _kill(family)
        _forget(memory)

    def kill(self) -> None:
        """End the process and its children at once, as a power cut would."""
        process = self.find()
        if process is not None:
            process.suspend()  # no new children while they are counted
            family = _family(process)
            memory = _shared_memory(family)
            _kill(family)
            _forget(memory)

    def pause(self) -> None:
        """Stop the process and its children in their tracks: they keep their connections and say nothing."""
        process = self.find()
        if process is not None:
            process.suspend()
            family = _family(process)
            _each(family, psutil.Process.suspend)
            _wait(family, KILL_S, until=_still)

    def resume(self) -> None:
        """Let the process and its children go on."""
        process = self.find()
        if process is not None:
            _each(_family(process)[::-1], psutil.Process.resume)

    def log_tail(self) -> str:
        """Return the end of what the process has said."""
        if not self.log.is_file():
            return ""
        return self.log.read_text("utf-8", errors="replace")[-TAIL:]


def ended(process: psutil.Process) -> bool:
    """Say whether a process is over, all its threads; a parent elsewhere may not know yet."""
    try:
        if not process.is_running():
            return True
        if process.status() != psutil.STATUS_ZOMBIE:
            return False
        if process.ppid() == os.getpid():
            process.wait(0)
            return True
        return process.num_threads() <= 1
    except psutil.TimeoutExpired:
        return False
    except psutil.NoSuchProcess:
        return True


def _family(process: psutil.Process) -> list[psutil.Process]:
    try:
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return [process]


def _each(family: list[psutil.Process], act: Callable[[psutil.Process], None]) -> None:
    for process in family:
        with suppress(psutil.NoSuchProcess):
            act(process)


def _kill(family: list[psutil.Process]) -> None:
    _each(family, psutil.Process.kill)
    _wait(family, KILL_S)


def _shared_memory(family: list[psutil.Process]) -> set[Path]:
    """Return the shared memory that the processes hold, which would outlive them: machines have little."""
    held: set[Path] = set()
    for process in family:
        with suppress(OSError):
            held |= {
                Path(name) for name in SHARED_MEMORY.findall(Path(f"/proc/{process.pid}/maps").read_text())
            }
    return held


def _forget(memory: set[Path]) -> None:
    for path in memory:
        path.unlink(missing_ok=True)


def _wait(
    family: list[psutil.Process], patience: float, until: Callable[[psutil.Process], bool] = ended
) -> None:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline and not all(map(until, family)):
        time.sleep(LOOK_S)


def _still(process: psutil.Process) -> bool:
    """Say whether each thread has stopped: the signal takes a moment to reach those on other processors."""
    try:
        stats = [path.read_text() for path in Path(f"/proc/{process.pid}/task").glob("*/stat")]
    except OSError:
        return ended(process)
    return {stat.rpartition(")")[2].split()[0] for stat in stats} <= {"T", "Z", "X"}


@functools.cache
def _unshare() -> list[str]:
    """Return what makes root a nobody whose files stay its own, or nothing where that is refused."""
    found = shutil.which("unshare")
    prefix = [found or "", "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}"]
    usable = found and subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0
    return prefix if usable else []


def unprivileged(folder: Path) -> list[str]:
    """Return what to put before a command of a server that refuses root; `folder` holds its files.

    Raises:
        Missing: no way out of being root was found.
    """
    if os.geteuid() != 0:
        return []
    if prefix := _unshare():
        return prefix
    if not (found := shutil.which("setpriv")):
        raise Missing("This server refuses to run as root. Install util-linux, or run as another user")
    prefix = [found, f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", folder], check=True)
    if subprocess.run([*prefix, "test", "-w", folder], check=False).returncode:
        raise Missing(f"{folder} is out of reach for nobody. Set WATCHDOWN_CACHE to a folder that is not")
    return prefix
