"""One container: a command that runs in a session of its own, and what there is to say of it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from services.kubernetes.node import leftovers
from services.kubernetes.node.clock import now
from services.kubernetes.node.environment import expand, variables
from services.kubernetes.node.images import Waiting, find
from services.kubernetes.node.volumes import mounts

Json = dict[str, Any]
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
MESSAGE, TAIL, TAIL_LINES = 4096, 2048, 80
CANNOT_START = 128
LOST = 137


class Container:
    """A container of a pod, whose files lie in the pod's folder."""

    def __init__(self, pod: Json, spec: Json, folder: Path, images: Path) -> None:
        self.name = spec["name"]
        self.code: int | None = None
        self._pod, self._spec, self._images = pod, spec, images
        self._scratch, self._folder = folder, folder / "containers" / self.name
        self._restarts = 0
        self._state: Json = {"waiting": {"reason": "ContainerCreating"}}
        self._last: Json = {}
        self._began = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._changing, self._stopped = threading.Lock(), False

    @property
    def log(self) -> Path:
        """What it has said since its last start."""
        return self._folder / f"{self._restarts}.log"

    def start(self) -> None:
        """Start the command, unless it is to stop.

        Raises:
            Waiting: it cannot start yet.
        """
        spec = self._spec
        image = find(self._images, spec["image"], spec.get("imagePullPolicy", ""))
        mounted = mounts(self._pod, spec, self._scratch / "volumes")
        declared = variables(self._pod, spec)
        own = self._scratch / "scratch"
        for folder in (self._folder, own):
            folder.mkdir(parents=True, exist_ok=True)
        env = {
            "PATH": PATH,
            "HOME": str(own),
            "HOSTNAME": self._pod["metadata"]["name"],
            "TMPDIR": mounted.place("/tmp") if "/tmp" in mounted.folders else str(own),
            **image.env,
            **{name: mounted.place(value) for name, value in declared.items()},
            leftovers.LOG: str(self._note),
        }
        words = [*spec.get("command", ()), *spec.get("args", ())]
        words = [mounted.place(expand(word, declared)) for word in words]
        where = spec.get("workingDir")
        self._note.unlink(missing_ok=True)
        self._launch(words, env, image.inside(mounted.place(where)) if where else str(own), image.inside)

    def wait(self) -> int:
        """Wait until the command ends, end what it has left, and return its exit code."""
        if (process := self._process) is not None:
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            code = process.wait()
            self._record.unlink(missing_ok=True)
            self._process = None
            self._end(128 - code if code < 0 else code, self._message(code))
        return self.code or 0

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the command, and start it no more."""
        with self._changing:
            self._stopped = True
            if (process := self._process) is not None and process.returncode is None:
                send = os.killpg if number == signal.SIGKILL else os.kill
                with suppress(ProcessLookupError, PermissionError):
                    send(process.pid, number)

    def waits(self, waiting: Waiting) -> bool:
        """Note why it cannot start, and return whether that is news."""
        said = {"waiting": {"reason": waiting.reason, "message": str(waiting)}}
        news, self._state = said != self._state, said
        return news

    def lose(self) -> None:
        """Note that it ran under a node that has died."""
        self._began = self._began or now()
        self._end(
            LOST, "The container could not be located when the node came back", "ContainerStatusUnknown"
        )

    def again(self) -> None:
        """Note that it will be started once more."""
        self._last, self._restarts, self.code = self._state, self._restarts + 1, None
        self._state = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off restarting"}}

    @property
    def running(self) -> bool:
        """Whether the command runs."""
        return "running" in self._state

    @property
    def restarts(self) -> int:
        """How often it was started again."""
        return self._restarts

    def status(self) -> Json:
        """Return what the API server is told."""
        return {
            "name": self.name,
            "image": self._spec["image"],
            "imageID": self._spec["image"],
            "ready": self.running,
            "started": self.running,
            "restartCount": self._restarts,
            "state": self._state,
            "lastState": self._last,
        }

    def _launch(self, words: list[str], env: dict[str, str], where: str, inside: Any) -> None:
        self._began = now()
        try:
            if not words:
                raise FileNotFoundError("no command specified")
            program = inside(words[0]) if "/" in words[0] else shutil.which(words[0], path=env["PATH"])
            if program is None:
                raise FileNotFoundError(f'exec: "{words[0]}": executable file not found in $PATH')
            with self._changing, self.log.open("ab") as log:
                if self._stopped:
                    return
                self._process = subprocess.Popen(
                    [program, *words[1:]],
                    env=env,
                    cwd=where,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
                leftovers.record(self._record, self._process.pid)
            self._state = {"running": {"startedAt": self._began}}
        except OSError as error:
            self._end(CANNOT_START, str(error), "StartError")

    def _end(self, code: int, message: str, reason: str = "") -> None:
        self.code = code
        said = {
            "exitCode": code,
            "reason": reason or ("Error" if code else "Completed"),
            "startedAt": self._began,
            "finishedAt": now(),
        }
        self._state = {"terminated": said | ({"message": message} if message else {})}

    def _message(self, code: int) -> str:
        note = _tail(self._note, MESSAGE)
        if note or not code or self._spec.get("terminationMessagePolicy") != "FallbackToLogsOnError":
            return note
        return "".join(_tail(self.log, TAIL).splitlines(keepends=True)[-TAIL_LINES:])

    @property
    def _note(self) -> Path:
        return self._folder / "termination"

    @property
    def _record(self) -> Path:
        return self._folder / "pid"


def _tail(file: Path, size: int) -> str:
    return file.read_bytes()[-size:].decode(errors="replace") if file.is_file() else ""
