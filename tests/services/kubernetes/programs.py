"""The programs of a cluster: etcd, Kubernetes, kwok and Helm as one binary, with a link for each."""

from __future__ import annotations

import functools
import hashlib
import re
import subprocess
from pathlib import Path

from services.cache import CACHE, SURROUNDINGS, made_once
from services.go import SETTINGS, go
from services.tools import Missing, build

MODULE = Path(__file__).with_name("program")
OLDEST_GO = (1, 26)  # as its go.mod says
PROGRAMS = (
    *("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"),
    *("kubectl", "helm", "kwok"),
)
# Pods of kwok do nothing unless told; these are its own stages.
STAGES = (
    "node/fast/node-initialize.yaml",
    "node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
    *("pod/fast/pod-ready.yaml", "pod/fast/pod-complete.yaml", "pod/fast/pod-delete.yaml"),
)
OWN_STAGES = "kwok-stages.yaml"


def version() -> str:
    """Return the version of Kubernetes that the module asks for."""
    return f"v{'.'.join(_version())}"


@functools.cache
def place() -> Path:
    """Return the folder of the programs, there or not."""
    said = [path.name.encode() + path.read_bytes() for path in sorted(MODULE.iterdir())]
    sum_ = hashlib.sha256(b"\0".join([*said, _flags().encode(), repr((PROGRAMS, STAGES)).encode()]))
    return CACHE / "kubernetes" / f"{version()}-{sum_.hexdigest()[:12]}"


def bring() -> Path:
    """Return the folder of the programs, built when first asked for.

    Raises:
        Missing: they cannot be built.
    """
    there = place()
    if there.is_dir():
        return there
    compiler = go(OLDEST_GO)
    with made_once(there) as half:
        if half is not None:
            _build(compiler, half)
    return there


def _build(compiler: Path, folder: Path) -> None:
    settings = SETTINGS | {"GOFLAGS": "-mod=readonly"}
    command = [compiler, "build", "-C", MODULE, "-trimpath", f"-ldflags={_flags()}", "-o", folder / "cluster"]
    build(f"building Kubernetes {version()}", [*command, "."], settings, heavy=True)
    for program in PROGRAMS:
        (folder / program).symlink_to("cluster")
    asked = [compiler, "list", "-C", MODULE, "-m", "-f", "{{.Dir}}", "sigs.k8s.io/kwok"]
    said = subprocess.run(
        asked, env=SURROUNDINGS | settings, capture_output=True, text=True, check=False
    ).stdout.strip()
    stages = [Path(said) / "kustomize" / "stage" / stage for stage in STAGES]
    try:
        texts = [stage.read_text("utf-8") for stage in [*stages, MODULE / OWN_STAGES]]
    except OSError as error:
        raise Missing(f"kwok's module lacks its stages: {error}") from error
    (folder / OWN_STAGES).write_text("\n---\n".join(texts), "utf-8")


def _flags() -> str:
    """Return what the linker is told: the programs learn their version from it, and clients compare it."""
    major, minor, _ = _version()
    known = {
        "gitMajor": major,
        "gitMinor": minor,
        "gitVersion": version(),
        "gitTreeState": "clean",
    }
    packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    told = [f"-X {package}.{name}={value}" for package in packages for name, value in known.items()]
    return " ".join(["-s", "-w", *told])


def _version() -> tuple[str, ...]:
    found = re.search(
        r"^\tk8s\.io/kubernetes v(\d+)\.(\d+)\.(\S+)$", (MODULE / "go.mod").read_text("utf-8"), re.MULTILINE
    )
    assert found
    return found.groups()
