"""A real API server takes the Job as it is built, and its pods where pods are most restricted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from operators.test_job import BATCH, GPU, SETTINGS, TRITON, job, pod
from services.kubernetes.cluster import Kubernetes
from services.service import Failed
from watchdown_operators.connection import Settings

RESTRICTED = "pod-security.kubernetes.io/enforce=restricted"


@pytest.fixture(scope="module")
def space(kubernetes: Kubernetes) -> str:
    """Give a namespace that takes none but the most restricted pods."""
    name = kubernetes.namespace("restricted")
    kubernetes.kubectl("label", "--overwrite", "namespace", name, RESTRICTED)
    return name


def tried(kubernetes: Kubernetes, thing: dict[str, Any]) -> str:
    """Have the server check a thing as if it were to be made."""
    how = ("--server-side", "--dry-run=server", "--validate=strict", "-f", "-")
    return kubernetes.kubectl("apply", *how, input=json.dumps(thing))


@pytest.mark.parametrize("settings", [SETTINGS, TRITON, SETTINGS.model_copy(update={"queue": "gpu"})])
def test_the_server_takes_the_job_and_its_pods(
    kubernetes: Kubernetes, space: str, settings: Settings
) -> None:
    made = job(BATCH, settings=settings.model_copy(update={"namespace": space}), resources=GPU)
    assert "serverside-applied" in tried(kubernetes, made)
    alone = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "alone", "namespace": space},
        "spec": pod(made),
    }
    assert "serverside-applied" in tried(kubernetes, alone)


def test_the_server_refuses_what_is_no_job(kubernetes: Kubernetes, space: str) -> None:
    made = job(BATCH, settings=SETTINGS.model_copy(update={"namespace": space}), resources=GPU)
    made["spec"]["completions"] = "twenty"
    with pytest.raises(Failed, match="completions"):
        tried(kubernetes, made)


def test_the_server_refuses_a_pod_that_may_become_root(kubernetes: Kubernetes, space: str) -> None:
    made = job(BATCH, settings=SETTINGS.model_copy(update={"namespace": space}), resources=GPU)
    spec = pod(made) | {"securityContext": {}}
    thing = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "root", "namespace": space},
        "spec": spec,
    }
    with pytest.raises(Failed, match="violates PodSecurity"):
        tried(kubernetes, thing)
