"""The one face of every server under test: up, down, kill, pause, and what it said when it failed."""

from __future__ import annotations

import json
import random
import shutil
import signal
import socket
import time
import urllib.error
import urllib.request
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from services.cache import CACHE, RUN, locked
from services.process import STOP_S, Process

BY_HAND = "dev"
HOST = "127.0.0.1"
PORTS = range(
    20_000, 32_000
)  # below those that the kernel hands to clients: a killed server finds its own again
LOOK_S, ANSWER_S = 0.1, 2.0


class Failed(Exception):
    """A server did not come up; the message carries the end of its log."""


class Service(ABC):
    """A server described by kind and name: two names are two servers, one name is one for all processes.

    Data, ports and logs lie in the instance's folder and outlive a kill; `down(wipe=True)` removes them.
    """

    kind: ClassVar[str]
    deadline_s: ClassVar[float] = 120.0
    stop_by: ClassVar[signal.Signals] = signal.SIGTERM
    patience_s: ClassVar[float] = STOP_S

    def __init__(self, name: str = BY_HAND) -> None:
        self.name = name
        self.folder: Path = RUN / name / self.kind

    @classmethod
    @abstractmethod
    def build(cls) -> None:
        """Find or make what the server needs; quick when it is there.

        Raises:
            Missing: something is not there and cannot be made.
        """

    @classmethod
    @abstractmethod
    def version(cls) -> str:
        """Return the version of what `up` would start.

        Raises:
            Missing: it is not there yet.
        """

    @property
    @abstractmethod
    def url(self) -> str:
        """Where clients reach the server."""

    @abstractmethod
    def healthy(self) -> bool:
        """Say whether the server answers a real request now."""

    @abstractmethod
    def start(self) -> None:
        """Start those processes that do not run."""

    @property
    def processes(self) -> list[Process]:
        """The server's processes, running or not."""
        return [Process(self.folder / "pid", self.folder / "log")]

    def running(self) -> bool:
        """Say whether all processes are there, answering or not."""
        return all(process.find() for process in self.processes)

    def up(self) -> str:
        """Start the server unless it runs, wait until it is healthy, and return its URL.

        Raises:
            Missing: this machine lacks something that it needs.
            Failed: it ended, or was not healthy in time.
        """
        self.build()
        with locked(self.folder):
            if not (self.running() and self.healthy()):
                self.start()
                self._wait()
        return self.url

    def down(self, *, wipe: bool = False) -> None:
        """Stop the server; with `wipe`, remove its data, ports and logs too."""
        with locked(self.folder):
            self.stop()
            if wipe:
                for path in self.folder.iterdir():
                    shutil.rmtree(path) if path.is_dir() else path.unlink()

    def stop(self) -> None:
        """End all processes at once, so that none waits for another."""
        processes = self.processes
        with ThreadPoolExecutor(len(processes)) as together:
            list(together.map(lambda process: process.stop(self.stop_by, self.patience_s), processes))

    def kill(self, number: int = 0) -> None:
        """End one process of the server at once; `up` starts it again on the same port, with its data."""
        self.processes[number].kill()

    def pause(self, number: int = 0) -> None:
        """Let one process hang: it accepts connections and answers nothing."""
        self.processes[number].pause()

    def resume(self, number: int = 0) -> None:
        """Let a paused process go on."""
        self.processes[number].resume()

    def log_tail(self) -> str:
        """Return the end of the logs of all processes."""
        return "\n".join(process.log_tail() for process in self.processes)

    def port(self, name: str = "port") -> int:
        """Return a port of this instance, chosen once and kept."""
        record = self.folder / "ports.json"
        ports: dict[str, int] = json.loads(record.read_text()) if record.exists() else {}
        if name not in ports:
            with locked(CACHE):
                ports[name] = _free_port()
                record.parent.mkdir(parents=True, exist_ok=True)
                record.write_text(json.dumps(ports))
        return ports[name]

    def _wait(self, until: Callable[[], bool] | None = None, parts: Iterable[int] | None = None) -> None:
        """Wait until the server is healthy, or `until`; `parts` are the processes that it takes."""
        until = until or self.healthy
        needed = self.processes if parts is None else [self.processes[number] for number in parts]
        deadline = time.monotonic() + self.deadline_s
        while time.monotonic() < deadline:
            if until():
                return
            if not all(process.find() for process in needed):
                raise Failed(f"{self.kind} {self.name} ended while starting:\n{self.log_tail()}")
            time.sleep(LOOK_S)
        raise Failed(f"{self.kind} {self.name} was not healthy in {self.deadline_s:g} s:\n{self.log_tail()}")


def answers(url: str) -> bool:
    """Say whether an HTTP GET is answered with success."""
    try:
        with urllib.request.urlopen(url, timeout=ANSWER_S) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def _free_port() -> int:
    taken = {
        port for record in RUN.glob("*/*/ports.json") for port in json.loads(record.read_text()).values()
    }
    for port in random.sample(PORTS, len(PORTS)):
        with suppress(OSError), socket.create_server((HOST, port)):
            if port not in taken:
                return port
    raise Failed(f"no free port in {PORTS}")
