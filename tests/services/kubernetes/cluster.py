"""A real Kubernetes: etcd, API server, controllers, scheduler, and a node whose pods are processes."""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from services.cache import SURROUNDINGS, locked, made_once
from services.kubernetes import certificates, components, programs
from services.kubernetes.api import Administrator
from services.kubernetes.components import API, ETCD, KWOK, LOCK, NAMES, NODE, Place
from services.kubernetes.node import leftovers
from services.process import Process
from services.service import BY_HAND, HOST, Failed, Service
from services.tools import Missing, environment

TESTS = Path(__file__).parents[2]
METRIC = re.compile(r"^(\w+)\{(.*)\} (\S+)$", re.MULTILINE)
LABEL = re.compile(r'(\w+)="([^"]*)"')


class Kubernetes(Service):
    """A cluster of one node `process-0`, labelled type=process, with the machine's processors and memory.

    The node offers two GPUs that are none; its pods run what `images` names (`services.kubernetes.node`).
    RBAC is on; everything listens on loopback with TLS. `kill` and `pause` take the numbers of `components`.
    """

    kind = "kubernetes"
    patience_s = 1.0  # etcd and the API server wait long for each other; killed, they lose nothing

    def __init__(self, name: str = BY_HAND, *, kwok: int = 0) -> None:
        """Describe an instance.

        Args:
            name: Two names are two clusters.
            kwok: How many more nodes there are whose pods only seem to run, labelled type=kwok.
        """
        super().__init__(name)
        self._kwok = kwok

    @classmethod
    def build(cls) -> None:
        programs.bring()
        environment(LOCK)

    @classmethod
    def version(cls) -> str:
        if not programs.place().is_dir():
            raise Missing(f"Kubernetes {programs.version()} is not built yet")
        return programs.version().removeprefix("v")

    @property
    def url(self) -> str:
        return self._place.url("api")

    @property
    def kubeconfig(self) -> Path:
        """File that makes any client the administrator."""
        return self._place.kubeconfig("admin")

    @property
    def images(self) -> Path:
        """File that says where the node's images lie; `add_image` writes it."""
        return self.folder / "images.json"

    @property
    def processes(self) -> list[Process]:
        names = NAMES if self._kwok or (self.folder / NAMES[KWOK]).is_dir() else NAMES[:KWOK]
        return [Process(self.folder / name / "pid", self.folder / name / "log") for name in names]

    def healthy(self) -> bool:
        if not (self.folder / "keys").is_dir():
            return False
        account = self._admin.get(f"{self.url}/api/v1/namespaces/default/serviceaccounts/default")
        probes = {"api": "readyz", "controllers": "healthz", "scheduler": "readyz", "process-0": "healthz"}
        answers = (self._admin.get(f"{self._place.url(name)}/{path}") for name, path in probes.items())
        return account is not None and all(map(self._ready, self._nodes)) and None not in answers

    def start(self) -> None:
        self._prepare()
        for number, process in enumerate(self.processes):
            if process.find() is None:
                process.record.parent.mkdir(exist_ok=True)
                process.start(
                    components.command(number, self._place),
                    {"PYTHONPATH": str(TESTS), "NO_PROXY": HOST, "no_proxy": HOST},
                )
            if number == API:
                self._wait(lambda: self._admin.get(f"{self.url}/readyz") is not None, (ETCD, API))
        for number in range(self._kwok):
            self._admin.create(f"{self.url}/api/v1/nodes", components.kwok_node(number))

    def stop(self) -> None:
        super().stop()
        leftovers.end(self.folder / NAMES[NODE] / "pods")

    def kubectl(self, *arguments: str | Path, input: str | None = None) -> str:  # noqa: A002 - as subprocess.run has it
        """Return what kubectl prints.

        Raises:
            Failed: it says no.
        """
        own = {"KUBECONFIG": str(self.kubeconfig), "KUBECACHEDIR": str(self.folder / "kubectl")}
        done = subprocess.run(
            [self._place.program("kubectl"), *arguments],
            env=SURROUNDINGS | own,
            input=input,
            stdin=None if input is not None else subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise Failed(f"kubectl {' '.join(map(str, arguments))}: {done.stderr.strip()}")
        return done.stdout

    def read(self, path: str) -> dict[str, Any]:
        """Return what the API server has at a path such as `/api/v1/nodes`; {} for nothing."""
        return self._admin.read(f"{self.url}{path}")

    def namespace(self, name: str) -> str:
        """Make a namespace unless it is there, and return its name once pods can be made in it."""
        thing = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        self._admin.create(f"{self.url}/api/v1/namespaces", thing)
        account = f"{self.url}/api/v1/namespaces/{name}/serviceaccounts/default"
        self._wait(lambda: self._admin.get(account) is not None)
        return name

    def add_image(self, reference: str, root: Path, env: Mapping[str, str] | None = None) -> None:
        """Tell the node where an image lies: `{root}` in its environment stands for that folder."""
        with locked(self.folder / "images"):
            known = json.loads(self.images.read_text("utf-8")) if self.images.exists() else {}
            known[reference] = {"root": str(root), "env": dict(env or {})}
            half = self.images.with_suffix(".half")
            half.write_text(json.dumps(known, indent=2), "utf-8")
            half.replace(self.images)

    def requests(self) -> Counter[tuple[str, str]]:
        """Count the requests that the API server has answered since it began, by verb and resource.

        A resource's part is with its name, as in `pods/status`; a watch counts when it ends.
        """
        return self._counted("apiserver_request_total")

    def watches(self) -> Counter[str]:
        """Count the watches that are open now, by resource."""
        counted = self._counted("apiserver_longrunning_requests")
        return Counter({resource: count for (verb, resource), count in counted.items() if verb == "WATCH"})

    def _counted(self, metric: str) -> Counter[tuple[str, str]]:
        counted: Counter[tuple[str, str]] = Counter()
        for name, labels, value in METRIC.findall(self._admin.get(f"{self.url}/metrics") or ""):
            if name == metric:
                said = dict(LABEL.findall(labels))
                resource = "/".join(filter(None, (said["resource"], said["subresource"])))
                counted[said["verb"], resource] += int(float(value))
        return counted

    @property
    def _place(self) -> Place:
        return Place(self.folder, self.port)

    @property
    def _admin(self) -> Administrator:
        return Administrator(self.folder / "keys")

    @property
    def _nodes(self) -> list[str]:
        return [NAMES[NODE], *(f"kwok-{number}" for number in range(self._kwok))]

    def _ready(self, node: str) -> bool:
        status = self._admin.read(f"{self.url}/api/v1/nodes/{node}").get("status", {})
        conditions = status.get("conditions", ())
        return any(said["type"] == "Ready" and said["status"] == "True" for said in conditions)

    def _prepare(self) -> None:
        with made_once(self.folder / "keys") as half:
            if half is not None:
                certificates.make(half)
        if not self.images.exists():
            self.images.write_text("{}")
        for holder in certificates.HOLDERS:
            file = self._place.kubeconfig(holder)
            if not file.exists():
                file.parent.mkdir(mode=0o700, exist_ok=True)
                context = f"watchdown-{self.name}"
                file.write_text(certificates.kubeconfig(self.folder / "keys", holder, self.url, context))
