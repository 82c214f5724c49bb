"""A Triton server of our own on a model repository: started, paused, killed, started again."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

from filelock import FileLock

# Numpy 2 breaks the bundled Python backend without a word, and so it is no part of our environment.
INSIDE: Final = ("numpy==1.26.4", "onnxruntime==1.32.0")
WHEEL: Final = "nvidia-pytriton==0.7.0"
BACKENDS: Final = Path(__file__).parents[1] / "services" / "triton_backend"
PYTHON: Final = f"{sys.version_info.major}.{sys.version_info.minor}"
START_SECONDS: Final = 120


def install() -> Path:
    """Return the folder with the server and the environment of its models, made once per machine."""
    home = Path(tempfile.gettempdir()) / f"watchdown-triton-{os.getuid()}-{PYTHON}"
    home.mkdir(exist_ok=True)
    with FileLock(home / ".lock"):
        if not (home / "ready").exists():
            subprocess.run([sys.executable, "-m", "venv", "--clear", home / "venv"], check=True)
            pip = [home / "venv" / "bin" / "python", "-m", "pip", "install", "--quiet"]
            subprocess.run([*pip, *INSIDE], check=True)
            subprocess.run([*pip, "--no-deps", "--target", home / "tree", WHEEL], check=True)
            served = home / "tree" / "pytriton" / "tritonserver"
            python = home / "backends" / "python"
            shutil.copytree(served / "backends" / "python", python, dirs_exist_ok=True)
            shutil.copy(served / "python_backend_stubs" / PYTHON / "triton_python_backend_stub", python)
            (home / "ready").touch()
    shutil.copytree(BACKENDS, home / "backends", dirs_exist_ok=True)
    return home


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class LocalTriton:
    """One server process; `address` stays the same when it is started again."""

    def __init__(self, repository: Path, *options: str) -> None:
        self._repository = repository
        self._options: Sequence[str] = options
        self._http, self._grpc = free_ports(2)
        self._log = Path(tempfile.mkstemp(suffix="-triton.log")[1])
        self._process: subprocess.Popen[bytes] | None = None
        self.address = f"127.0.0.1:{self._grpc}"

    def __enter__(self) -> Self:
        return self.up()

    def __exit__(self, *_error: object) -> None:
        self.down()
        self._log.unlink()

    def up(self, *, wait: bool = True) -> Self:
        """Start it, and wait until it is ready."""
        home = install()
        tree = home / "tree"
        libraries = [sysconfig.get_config_var("LIBDIR"), str(tree / "nvidia_pytriton.libs")]
        ports = ["--http-port", self._http, "--grpc-port", self._grpc, "--allow-metrics", "false"]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    str(tree / "pytriton" / "tritonserver" / "bin" / "tritonserver"),
                    f"--model-repository={self._repository}",
                    f"--backend-directory={home / 'backends'}",
                    *("--http-address", "127.0.0.1", "--grpc-address", "127.0.0.1"),
                    *map(str, ports),
                    *self._options,
                ],
                env={
                    "PATH": f"{home / 'venv' / 'bin'}:{os.environ['PATH']}",
                    "LD_LIBRARY_PATH": ":".join(libraries),
                    "HOME": str(home),
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        if wait:
            self.ready()
        return self

    def ready(self) -> None:
        """Wait until it is ready."""
        end = time.monotonic() + START_SECONDS
        while not self.healthy():
            assert self._process is not None
            if self._process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"Triton does not start:\n{self.log_tail()}")
            time.sleep(0.05)

    def healthy(self) -> bool:
        """Whether it answers and has loaded what it should."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._http}/v2/health/ready", timeout=5):
                return True
        except (urllib.error.URLError, OSError):
            return False

    def post(self, path: str) -> None:
        """Ask it to do something: `repository/models/NAME/unload`."""
        request = urllib.request.Request(f"http://127.0.0.1:{self._http}/v2/{path}", method="POST")
        with urllib.request.urlopen(request, timeout=60):
            pass

    @property
    def pid(self) -> int:
        """The process that runs now."""
        assert self._process is not None
        return self._process.pid

    def answered(self, model: str) -> int:
        """Return how many rows a model has answered."""
        stats = f"http://127.0.0.1:{self._http}/v2/models/{model}/stats"
        with urllib.request.urlopen(stats, timeout=60) as found:
            (told,) = json.load(found)["model_stats"]
        return int(told["inference_count"])

    def log_tail(self) -> str:
        """Return the end of what it said."""
        return "\n".join(self._log.read_text("utf-8", "replace").splitlines()[-30:])

    def pause(self) -> None:
        """Let it hold its breath."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it as a crash does."""
        self._signal(signal.SIGKILL)
        assert self._process is not None
        self._process.wait()

    def down(self) -> None:
        """End it in good order."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGCONT)
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)
