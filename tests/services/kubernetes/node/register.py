"""Makes the node known, with the size of this machine, and keeps saying that it lives."""

from __future__ import annotations

import os
import platform
import time

import psutil
import urllib3
from kubernetes.client import ApiException, CoordinationV1Api

from services.kubernetes.node.ask import TIMEOUT_S, core, say
from services.kubernetes.node.clock import now, precise
from services.kubernetes.node.node import Node

GPUS = 2
PODS = 110
LEASES = "kube-node-lease"
LEASE_S, BEAT_S, AGAIN_S = 40, 10.0, 0.2
MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}


def keep(node: Node, port: int) -> None:
    """Register the node as soon as the API server answers, then renew its lease for ever."""
    known = False
    while True:
        try:
            if not known:
                _make(node.name)
            _beat(node.name, port)
            known = True
            node.registered.set()
        except (ApiException, urllib3.exceptions.HTTPError) as error:
            known = known and getattr(error, "status", None) != 404
            say(f"register: {error}")
        time.sleep(BEAT_S if known else AGAIN_S)


def _make(name: str) -> None:
    labels = {
        "type": "process",
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": MACHINES.get(platform.machine(), platform.machine()),
    }
    holder = {"holderIdentity": name, "leaseDurationSeconds": LEASE_S, "renewTime": precise()}
    makers = (
        lambda: core().create_node({"metadata": {"name": name, "labels": labels}}),
        lambda: CoordinationV1Api().create_namespaced_lease(
            LEASES, {"metadata": {"name": name}, "spec": holder}
        ),
    )
    for make in makers:
        try:
            make()
        except ApiException as error:
            if error.status != 409:
                raise


def _beat(name: str, port: int) -> None:
    size = {
        "cpu": str(os.cpu_count()),
        "memory": f"{psutil.virtual_memory().total // 1024}Ki",
        "pods": str(PODS),
        "nvidia.com/gpu": str(GPUS),
    }
    ready = {
        "type": "Ready",
        "status": "True",
        "reason": "ProcessNode",
        "message": "pods are processes",
        "lastHeartbeatTime": now(),
    }
    status = {
        "capacity": size,
        "allocatable": size,
        "conditions": [ready],
        "addresses": [
            {"type": "InternalIP", "address": "127.0.0.1"},
            {"type": "Hostname", "address": name},
        ],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
        "nodeInfo": {"kubeletVersion": "process"},
    }
    core().patch_node_status(name, {"status": status}, _request_timeout=TIMEOUT_S)
    CoordinationV1Api().patch_namespaced_lease(
        name, LEASES, {"spec": {"renewTime": precise()}}, _request_timeout=TIMEOUT_S
    )
