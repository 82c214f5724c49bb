"""The life of a pod on this node: bound, started, ended, told to the API server, removed."""

from __future__ import annotations

import shutil
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from kubernetes.client import V1DeleteOptions, V1Preconditions

from services.kubernetes.node.ask import TIMEOUT_S, core, insist
from services.kubernetes.node.clock import now, seconds_since
from services.kubernetes.node.container import Container
from services.kubernetes.node.images import Waiting

Json = dict[str, Any]
AGAIN_S = 0.5  # until a missing Secret or image is looked for once more
RESTART_S, LONGEST_RESTART_S = 0.5, 10.0  # a real node waits 10 s and up to 5 min


class Pod:
    """A pod and its containers, from being bound to this node until the API server has its end."""

    def __init__(self, manifest: Json, folder: Path, images: Path) -> None:
        spec = manifest["spec"]
        self.folder, self.done = folder, threading.Event()
        self._manifest, self._policy = manifest, spec.get("restartPolicy", "Always")
        self._init = [Container(manifest, each, folder, images) for each in spec.get("initContainers", ())]
        self._main = [Container(manifest, each, folder, images) for each in spec["containers"]]
        self._began = manifest["status"].get("startTime") or now()
        self._why: Json = {}
        self._ended = False
        self._stopping, self._removing = threading.Event(), threading.Event()
        self._telling = threading.Lock()

    def run(self) -> None:
        """Run the containers, those of `initContainers` first and one by one, and tell how they end."""
        self._watch_deadline()
        try:
            init_policy = "OnFailure" if self._policy == "Always" else self._policy
            for container in self._init:
                self._keep(container, init_policy)
                if container.code != 0:
                    break
            else:
                self._together()
        finally:
            self._finish()

    def lose(self) -> None:
        """Tell that the pod ran under a node that has died; it is not run again."""
        self._why = {"reason": "NodeRestarted", "message": "the node died while the pod ran on it"}
        for container in self._main:
            container.lose()
        self._finish()

    def stop(self, grace_s: float, why: Json | None = None) -> None:
        """Ask the containers to end, and kill them when they take longer."""
        self._why = self._why or why or {}
        self._stopping.set()
        self._signal(signal.SIGTERM if grace_s else signal.SIGKILL)
        if grace_s:
            later = threading.Timer(grace_s, self._signal, (signal.SIGKILL,))
            later.daemon = True
            later.start()

    def remove(self, grace_s: float) -> None:
        """Stop the pod, and let the API server forget it when it has ended."""
        if self._removing.is_set():
            return
        self._removing.set()
        self.stop(grace_s)
        threading.Thread(target=self._remove, daemon=True).start()

    def forget(self) -> None:
        """End a pod that the API server has forgotten, with all its files."""
        self.stop(0)
        self.done.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self, name: str, *, previous: bool) -> Path | None:
        """Return the log of a container, if there is one yet."""
        for container in [*self._init, *self._main]:
            if container.name == name:
                log = container.log
                log = log.with_name(f"{int(log.stem) - previous}.log")
                return log if log.exists() else None
        return None

    def _together(self) -> None:
        if len(self._main) == 1:
            self._keep(self._main[0], self._policy)
            return
        with ThreadPoolExecutor(len(self._main)) as together:
            list(together.map(lambda container: self._keep(container, self._policy), self._main))

    def _keep(self, container: Container, policy: str) -> None:
        while self._begun(container):
            if container.running:
                self._tell()
            code = container.wait()
            if self._stopping.is_set() or policy == "Never" or (policy == "OnFailure" and not code):
                break
            container.again()
            self._tell()
            self._stopping.wait(min(RESTART_S * 2**container.restarts, LONGEST_RESTART_S))
        if len(self._main) > 1 and container in self._main:
            self._tell()

    def _begun(self, container: Container) -> bool:
        while not self._stopping.is_set():
            try:
                container.start()
            except Waiting as waiting:
                if container.waits(waiting):
                    self._tell()
                self._stopping.wait(AGAIN_S)
            else:
                return True
        return False

    def _watch_deadline(self) -> None:
        allowed = self._manifest["spec"].get("activeDeadlineSeconds")
        if allowed is not None:
            message = "Pod was active on the node longer than the specified deadline"
            why = {"reason": "DeadlineExceeded", "message": message}
            grace = self._manifest["spec"].get("terminationGracePeriodSeconds", 30)
            spent = seconds_since(self._began) if "startTime" in self._manifest["status"] else 0.0
            left = max(allowed - spent, 0.0)
            later = threading.Timer(left, lambda: self._ended or self.stop(grace, why))
            later.daemon = True
            later.start()

    def _signal(self, number: signal.Signals) -> None:
        for container in [*self._init, *self._main]:
            container.signal(number)

    def _finish(self) -> None:
        self._ended = True
        self._tell()
        self.done.set()
        shutil.rmtree(self.folder / "volumes", ignore_errors=True)
        shutil.rmtree(self.folder / "scratch", ignore_errors=True)

    def _remove(self) -> None:
        self.done.wait()
        meta = self._manifest["metadata"]
        # In the body: there they win over those of the query.
        options = V1DeleteOptions(grace_period_seconds=0, preconditions=V1Preconditions(uid=meta["uid"]))
        insist(
            lambda: core().delete_namespaced_pod(
                meta["name"], meta["namespace"], body=options, _request_timeout=TIMEOUT_S
            )
        )

    def _tell(self) -> None:
        meta = self._manifest["metadata"]
        with self._telling:
            body = {"metadata": {"uid": meta["uid"]}, "status": self._status()}
            insist(
                lambda: core().patch_namespaced_pod_status(
                    meta["name"], meta["namespace"], body, _request_timeout=TIMEOUT_S
                )
            )

    def _status(self) -> Json:
        ready = not self._ended and all(container.running for container in self._main)
        begun = not self._init or any(container.code == 0 for container in self._init[-1:])
        phase = self._phase()
        because = {"reason": "PodCompleted"} if phase == "Succeeded" else {}
        said = {"Initialized": begun, "ContainersReady": ready, "Ready": ready}
        return {
            "phase": phase,
            "hostIP": "127.0.0.1",
            "podIP": "127.0.0.1",
            "podIPs": [{"ip": "127.0.0.1"}],
            "startTime": self._began,
            "conditions": [
                {"type": kind, "status": str(holds), "lastTransitionTime": now(), **because}
                for kind, holds in said.items()
            ],
            "containerStatuses": [container.status() for container in self._main],
            "initContainerStatuses": [container.status() for container in self._init],
            **self._why,
        }

    def _phase(self) -> str:
        if self._ended:
            fine = not self._why and all(container.code == 0 for container in self._main)
            return "Succeeded" if fine else "Failed"
        begun = any(each.running or each.code is not None or each.restarts for each in self._main)
        return "Running" if begun else "Pending"
