"""A real Triton on the CPU: the server of a wheel, in a Python of its own, with ONNX Runtime behind it."""

from __future__ import annotations

import filecmp
import shutil
import sys
import sysconfig
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from services.cache import SURROUNDINGS, locked
from services.service import HOST, Failed, Service, answers
from services.tools import Missing, environment

BACKENDS = Path(__file__).with_name("backends")
VERSION = "2.51.0"  # of the server in the wheel of requirements/triton.txt
MINOR = f"{sys.version_info[0]}.{sys.version_info[1]}"
LOAD_S = 60.0
# All models are loaded at the start, and then those that `load` and `unload` name.
EXPLICIT = ("--model-control-mode=explicit", "--load-model=*")
# A model of one test that does not load is no reason for the others to find the server unhealthy.
OWN_REPOSITORY = (*EXPLICIT, "--strict-readiness=false")


class Triton(Service):
    """One server. Without a model repository it has one of its own, which `serve` adds models to."""

    kind = "triton"

    def __init__(
        self, name: str = "dev", *, repository: Path | None = None, options: Sequence[str] = ()
    ) -> None:
        """Describe an instance.

        Args:
            name: Two names are two servers.
            repository: A model repository, served as it is.
            options: More options of `tritonserver`, such as `EXPLICIT`.
        """
        super().__init__(name)
        self.repository = repository or self.folder / "models"
        self._options = (*(OWN_REPOSITORY if repository is None else ()), *options)

    @classmethod
    def build(cls) -> None:
        if not (_site() / f"pytriton/tritonserver/python_backend_stubs/{MINOR}").is_dir():
            raise Missing(f"Triton's wheel has nothing for Python {MINOR}")
        library = str(sysconfig.get_config_var("INSTSONAME"))
        if not any((folder / library).exists() for folder in _libraries()):
            raise Missing(f"Triton needs Python as a shared library. On Debian: apt install libpython{MINOR}")

    @classmethod
    def version(cls) -> str:
        _site(bring=False)
        return VERSION

    @property
    def url(self) -> str:
        return f"triton://{self.grpc}"

    @property
    def grpc(self) -> str:
        """Host and port of gRPC."""
        return f"{HOST}:{self.port('grpc')}"

    @property
    def http(self) -> str:
        """URL of HTTP."""
        return f"http://{HOST}:{self.port('http')}"

    @property
    def metrics(self) -> str:
        """URL of the metrics."""
        return f"http://{HOST}:{self.port('metrics')}/metrics"

    def healthy(self) -> bool:
        return answers(f"{self.http}/v2/health/ready")

    def start(self) -> None:
        [process] = self.processes
        if process.find() is not None:
            return
        self.repository.mkdir(parents=True, exist_ok=True)
        server = _site() / "pytriton" / "tritonserver"
        libraries = [*_libraries(), _site() / "nvidia_pytriton.libs"]
        ports = [
            option
            for part in ("http", "grpc", "metrics")
            for option in (f"--{part}-address={HOST}", f"--{part}-port={self.port(part)}")
        ]
        process.start(
            [
                server / "bin" / "tritonserver",
                f"--model-repository={self.repository}",
                f"--backend-directory={self._backends(server)}",
                f"--cache-directory={server / 'caches'}",
                *ports,
                *self._options,
            ],
            {
                # The backend's Python is the python3 found first.
                "PATH": f"{environment('triton') / 'bin'}:{SURROUNDINGS['PATH']}",
                "LD_LIBRARY_PATH": ":".join(map(str, libraries)),
            },
        )

    def serve(self, models: Path) -> None:
        """Load all models of a model repository beside those that the server has.

        Raises:
            Failed: the server has another model of that name, or cannot load one.
        """
        for model in sorted(folder for folder in models.iterdir() if folder.is_dir()):
            with locked(self.folder):
                own = self.repository / model.name
                if not own.exists():
                    shutil.copytree(model, own)
                elif not _same(filecmp.dircmp(model, own)):
                    raise Failed(f"Triton {self.name} has another model named {model.name}")
                try:
                    self.load(model.name)
                except Failed:
                    shutil.rmtree(own)
                    raise

    def load(self, model: str) -> None:
        """Load a model of the repository, or load it again.

        Raises:
            Failed: it cannot be loaded, or the server was not started with `EXPLICIT`.
        """
        self._change(model, "load")

    def unload(self, model: str) -> None:
        """Unload a model; raises as `load` does."""
        self._change(model, "unload")

    def _change(self, model: str, how: str) -> None:
        asked = urllib.request.Request(f"{self.http}/v2/repository/models/{model}/{how}", b"{}")
        try:
            urllib.request.urlopen(asked, timeout=LOAD_S).close()
        except urllib.error.HTTPError as error:
            said = error.read().decode(errors="replace")
            raise Failed(f"Triton {self.name}: {said}\n{self.log_tail()}") from error

    def _backends(self, server: Path) -> Path:
        """Lay out a folder of backends; the server takes no links that lead out of it."""
        folder = self.folder / "backends"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(BACKENDS, folder)
        shutil.copytree(server / "backends" / "python", folder / "python")
        shutil.copy(server / "python_backend_stubs" / MINOR / "triton_python_backend_stub", folder / "python")
        return folder


def _site(*, bring: bool = True) -> Path:
    return environment("triton", bring=bring) / "lib" / f"python{MINOR}" / "site-packages"


def _libraries() -> list[Path]:
    """Return where this Python's own library may lie: that of another build breaks the backend."""
    folder = Path(str(sysconfig.get_config_var("LIBDIR")))
    return [folder, folder / str(sysconfig.get_config_var("MULTIARCH"))]


def _same(compared: filecmp.dircmp[str]) -> bool:
    apart = compared.left_only or compared.right_only or compared.diff_files or compared.funny_files
    return not apart and all(map(_same, compared.subdirs.values()))
