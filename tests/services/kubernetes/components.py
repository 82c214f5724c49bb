"""The command of each process of a cluster."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from services.kubernetes import programs
from services.kubernetes.certificates import ACCOUNTS, AUTHORITY
from services.service import HOST
from services.tools import environment

ETCD, API, CONTROLLERS, SCHEDULER, NODE, KWOK = range(6)  # the number of each, as `kill` and `pause` take it
NAMES = ("etcd", "api", "controllers", "scheduler", "process-0", "kwok")
LOCK = "kubernetes-node"  # what the process node runs with
SERVICES = "10.96.0.0/16"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a cluster's files lie, and its ports."""

    folder: Path
    port: Callable[[str], int]

    def program(self, name: str) -> Path:
        """File of a program."""
        return programs.place() / name

    def url(self, name: str) -> str:
        """Where a component answers."""
        return f"https://{HOST}:{self.port(name)}"

    def key(self, name: str) -> Path:
        """File of a private key."""
        return self.folder / "keys" / f"{name}.key"

    def certificate(self, name: str) -> Path:
        """File of a certificate."""
        return self.folder / "keys" / f"{name}.crt"

    def kubeconfig(self, holder: str) -> Path:
        """File by which a holder of a certificate reaches the API server."""
        return self.folder / "kubeconfigs" / holder


def command(number: int, place: Place) -> list[str | Path]:
    """Return the command of a component."""
    return (_etcd, _api, _controllers, _scheduler, _node, _kwok)[number](place)


def _etcd(place: Place) -> list[str | Path]:
    client, peer = place.url("etcd"), place.url("etcd-peer")
    options: dict[str, object] = {
        "data-dir": place.folder / "etcd" / "data",
        "listen-client-urls": client,
        "advertise-client-urls": client,
        "listen-peer-urls": peer,
        "initial-advertise-peer-urls": peer,
        "name": "etcd",
        "initial-cluster": f"etcd={peer}",
        "log-level": "warn",
    }
    for prefix in ("", "peer-"):
        options[f"{prefix}cert-file"] = place.certificate("server")
        options[f"{prefix}key-file"] = place.key("server")
        options[f"{prefix}trusted-ca-file"] = place.certificate(AUTHORITY)
        options[f"{prefix}client-cert-auth"] = "true"
    # What a killed server has written is safe without syncing, which is for when the machine fails.
    return [place.program("etcd"), "--unsafe-no-fsync", *_options(options)]


def _api(place: Place) -> list[str | Path]:
    accounts = place.key(ACCOUNTS)
    options: dict[str, object] = {
        "bind-address": HOST,
        "secure-port": place.port("api"),
        "advertise-address": HOST,
        "endpoint-reconciler-type": "none",  # else a loopback address is refused
        "etcd-servers": place.url("etcd"),
        "etcd-cafile": place.certificate(AUTHORITY),
        "etcd-certfile": place.certificate("admin"),
        "etcd-keyfile": place.key("admin"),
        "client-ca-file": place.certificate(AUTHORITY),
        "kubelet-certificate-authority": place.certificate(AUTHORITY),
        "kubelet-client-certificate": place.certificate("admin"),
        "kubelet-client-key": place.key("admin"),
        "kubelet-preferred-address-types": "InternalIP",
        "service-account-issuer": "https://kubernetes.default.svc",
        "service-account-key-file": accounts,
        "service-account-signing-key-file": accounts,
        "service-cluster-ip-range": SERVICES,
        "authorization-mode": "Node,RBAC",
        "enable-admission-plugins": "NodeRestriction",
        **_answering(place),
    }
    return [place.program("kube-apiserver"), *_options(options)]


def _controllers(place: Place) -> list[str | Path]:
    options: dict[str, object] = {
        "kubeconfig": place.kubeconfig("controllers"),
        "bind-address": HOST,
        "secure-port": place.port("controllers"),
        "leader-elect": "false",
        "use-service-account-credentials": "true",
        "root-ca-file": place.certificate(AUTHORITY),
        "service-account-private-key-file": place.key(ACCOUNTS),
        "concurrent-job-syncs": 20,
        "kube-api-qps": 500,  # the default limit holds up a Job of many pods
        "kube-api-burst": 1000,
        **_answering(place),
    }
    return [place.program("kube-controller-manager"), *_options(options)]


def _scheduler(place: Place) -> list[str | Path]:
    options: dict[str, object] = {
        "kubeconfig": place.kubeconfig("scheduler"),
        "bind-address": HOST,
        "secure-port": place.port("scheduler"),
        "leader-elect": "false",
        **_answering(place),
    }
    return [place.program("kube-scheduler"), *_options(options)]


def _node(place: Place) -> list[str | Path]:
    name = NAMES[NODE]
    options: dict[str, object] = {
        "kubeconfig": place.kubeconfig(name),
        "name": name,
        "port": place.port(name),
        "folder": place.folder / name,
        "images": place.folder / "images.json",
        "certificate": place.certificate(name),
        "key": place.key(name),
        "authority": place.certificate(AUTHORITY),
    }
    return [environment(LOCK) / "bin" / "python", "-P", "-m", "services.kubernetes.node", *_options(options)]


def _kwok(place: Place) -> list[str | Path]:
    options: dict[str, object] = {
        "kubeconfig": place.kubeconfig("admin"),
        "manage-all-nodes": "false",
        "manage-nodes-with-annotation-selector": "kwok.x-k8s.io/node=fake",
        "node-lease-duration-seconds": 40,
        "server-address": f"{HOST}:{place.port('kwok')}",
        "config": place.program(programs.OWN_STAGES),
    }
    return [place.program("kwok"), *_options(options)]


def _answering(place: Place) -> dict[str, object]:
    return {"tls-cert-file": place.certificate("server"), "tls-private-key-file": place.key("server")}


def _options(options: Mapping[str, object]) -> list[str | Path]:
    return [f"--{name}={value}" for name, value in options.items()]


def kwok_node(number: int) -> dict[str, object]:
    """Return a node that kwok takes care of: its pods are only said to run, and those of Jobs to succeed."""
    size = {"cpu": "32", "memory": "256Gi", "pods": "1000"}
    labels = {"type": "kwok", "kubernetes.io/hostname": f"kwok-{number}", "kubernetes.io/os": "linux"}
    notes = {"kwok.x-k8s.io/node": "fake", "node.alpha.kubernetes.io/ttl": "0"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": f"kwok-{number}", "labels": labels, "annotations": notes},
        "status": {"allocatable": size, "capacity": size},
    }
