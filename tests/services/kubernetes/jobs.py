"""Small pods and Jobs of shell commands for tests, and waiting for what becomes of them."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from services.kubernetes.cluster import Kubernetes

Json = dict[str, Any]
Answer = TypeVar("Answer")
SHELL = f"shell@sha256:{'0' * 64}"
ENDED = {"Complete", "Failed"}
PATIENCE_S, LOOK_S = 60.0, 0.05


def new_namespace(cluster: Kubernetes) -> str:
    """Make a namespace of a test's own, on a cluster whose node knows the image `SHELL`: this machine."""
    cluster.add_image(SHELL, Path("/"), {"PATH": "/usr/bin:/bin"})
    return cluster.namespace(f"test-{uuid.uuid4().hex[:12]}")


def shell(script: str, *arguments: str, **more: Any) -> Json:
    """Return a container that runs a script of the shell."""
    command = ["sh", "-c", script, "sh", *arguments]
    return {"name": "main", "image": SHELL, "imagePullPolicy": "Never", "command": command, **more}


def pod(*containers: Json, **spec: Any) -> Json:
    """Return the specification of a pod on the process node."""
    selected = {"nodeSelector": {"type": "process"}, "restartPolicy": "Never"}
    return {**selected, "terminationGracePeriodSeconds": 1, "containers": list(containers), **spec}


def job(template: Json, completions: int, **spec: Any) -> Json:
    """Return the specification of an Indexed Job, all pods of it at once."""
    size = {"completions": completions, "parallelism": completions, "completionMode": "Indexed"}
    return {**size, "template": {"spec": template}, **spec}


def create(cluster: Kubernetes, namespace: str, kind: str, spec: Json, name: str = "it") -> str:
    """Make a Pod or a Job and return its path."""
    group = {"Pod": "v1", "Job": "batch/v1"}[kind]
    thing = {
        "apiVersion": group,
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }
    cluster.kubectl("create", "-f", "-", input=json.dumps(thing))
    root = "/api/v1" if kind == "Pod" else "/apis/batch/v1"
    return f"{root}/namespaces/{namespace}/{kind.lower()}s/{name}"


def new_secret(cluster: Kubernetes, namespace: str, name: str, **data: str) -> None:
    """Make a Secret."""
    thing = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": namespace}}
    cluster.kubectl("create", "-f", "-", input=json.dumps({**thing, "stringData": data}))


def until(look: Callable[[], Answer | None]) -> Answer:
    """Look until there is something to see."""
    deadline = time.monotonic() + PATIENCE_S
    while not (seen := look()):
        assert time.monotonic() < deadline, f"nothing in {PATIENCE_S:g} s"
        time.sleep(LOOK_S)
    return seen


def end_of_job(cluster: Kubernetes, path: str) -> Json:
    """Wait for a Job to be over and return its status."""

    def look() -> Json | None:
        status: Json = cluster.read(path).get("status", {})
        held = {said["type"] for said in status.get("conditions", ()) if said["status"] == "True"}
        return status if held & ENDED else None

    return until(look)


def state_of(cluster: Kubernetes, path: str, wanted: str) -> Json:
    """Wait until a container of a pod is `waiting`, `running` or `terminated`; return what is said of it."""

    def look() -> Json | None:
        for said in cluster.read(path).get("status", {}).get("containerStatuses", ()):
            if found := said["state"].get(wanted):
                return dict(found)
        return None

    return until(look)
