"""The pods of this node: as the API server lists them, and as they are here."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import urllib3
from kubernetes.client import ApiException
from kubernetes.watch import Watch

from services.kubernetes.node import leftovers
from services.kubernetes.node.ask import AGAIN_S, TIMEOUT_S, core, say
from services.kubernetes.node.pods import Pod

Json = dict[str, Any]
WATCH_S = 50
SILENCE_S = 60.0
ENDED = ("Succeeded", "Failed")


class Node:
    """A node by its name, the folder of its pods, and the file that says where images lie."""

    def __init__(self, name: str, folder: Path, images: Path) -> None:
        self.name, self.registered = name, threading.Event()
        self._folder, self._images = folder, images
        self._pods: dict[str, Pod] = {}
        self._names: dict[tuple[str, str], str] = {}
        self._listed = threading.Event()

    @property
    def ready(self) -> bool:
        """Whether pods that are bound to this node are started."""
        return self.registered.is_set() and self._listed.is_set()

    def pod(self, namespace: str, name: str) -> Pod | None:
        """Return the youngest pod of a name."""
        return self._pods.get(self._names.get((namespace, name), ""))

    def end_leftovers(self) -> None:
        """Kill what pods of this node have running."""
        leftovers.end(self._folder)

    def follow(self) -> None:
        """Do as the API server says, for ever; a list or a watch that breaks is begun again."""
        self.registered.wait()
        while True:
            try:
                self._follow()
            except (ApiException, urllib3.exceptions.HTTPError, ValueError) as error:
                say(f"follow: {error}")
                time.sleep(AGAIN_S)

    def _follow(self) -> None:
        mine = {"field_selector": f"spec.nodeName={self.name}"}
        said = core().list_pod_for_all_namespaces(**mine, _preload_content=False, _request_timeout=TIMEOUT_S)
        pods = json.loads(said.data)
        for manifest in pods["items"]:
            self._seen(manifest)
        for uid in self._pods.keys() - {manifest["metadata"]["uid"] for manifest in pods["items"]}:
            self._gone(uid)
        self._listed.set()
        since = pods["metadata"]["resourceVersion"]
        options = {"timeout_seconds": WATCH_S, "_request_timeout": (TIMEOUT_S, SILENCE_S)}
        for event in Watch().stream(
            core().list_pod_for_all_namespaces, **mine, resource_version=since, **options
        ):
            manifest = event["raw_object"]
            if event["type"] == "DELETED":
                self._gone(manifest["metadata"]["uid"])
            else:
                self._seen(manifest)

    def _seen(self, manifest: Json) -> None:
        meta, phase = manifest["metadata"], manifest["status"].get("phase")
        uid, deleting = meta["uid"], "deletionTimestamp" in meta
        pod = self._pods.get(uid)
        if pod is None:
            folder = self._folder / meta["namespace"] / meta["name"] / uid
            pod = Pod(manifest, folder, self._images)
            ran = phase == "Running" or (folder / "containers").exists()
            if phase in ENDED:
                pod.done.set()
            else:
                threading.Thread(target=pod.lose if ran else pod.run, daemon=True).start()
            self._pods[uid], self._names[meta["namespace"], meta["name"]] = pod, uid
        if deleting:
            pod.remove(meta.get("deletionGracePeriodSeconds", 0))

    def _gone(self, uid: str) -> None:
        if pod := self._pods.pop(uid, None):
            threading.Thread(target=pod.forget, daemon=True).start()
