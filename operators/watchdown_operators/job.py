"""From a batch to a Kubernetes Indexed Job: one pod a title, as plain JSON. Pure: it asks nobody."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final, TypedDict

from watchdown_algos.manifest import Resources
from watchdown_operators.connection import Settings

Json = dict[str, Any]

CONTAINER: Final = "worker"
RETRIES: Final = 2
BAD_TITLE, WRONG_USE, NOT_CONFIGURED = 10, 2, 3
NO_RETRY: Final = (WRONG_USE, NOT_CONFIGURED, BAD_TITLE)
KEPT_SECONDS: Final = 24 * 3600
LONGEST_SECONDS: Final = 7 * 24 * 3600  # pods may wait long for room: that is the queue's time, not a title's
USER: Final = 65532
BATCH_LABEL: Final = "watchdown/batch"
SPEC_ANNOTATION: Final = "watchdown/spec"
QUEUE_LABEL: Final = "kueue.x-k8s.io/queue-name"


class Batch(TypedDict):
    """A batch as `watchdown batch` prints it."""

    batch: str
    titles: int
    algorithms: list[str]
    image: str


def job_name(batch: str) -> str:
    """Return the name of a batch's Job; whoever submits it again finds it."""
    return f"watchdown-{batch}"


def job(batch: Batch, *, settings: Settings, resources: Resources, at_once: int | None = None) -> Json:
    """Return the Job of a batch.

    A title's pod is tried again twice, but not where its exit code says that the title or the settings are
    bad; pods that are evicted do not count. The Job's deadline leaves the titles time for all their attempts
    one after the other, but a week at most.

    Args:
        batch: Its id, number of titles, algorithms and the name of their image.
        settings: Where it runs.
        resources: What one pod needs.
        at_once: How many titles are worked at once, at most; all of them without it.

    Raises:
        SettingsInvalid: there is no such image.
    """
    labels = {
        "app.kubernetes.io/name": "watchdown",
        "app.kubernetes.io/component": "work",
        "app.kubernetes.io/managed-by": "airflow",
        BATCH_LABEL: batch["batch"],
    }
    queue = {QUEUE_LABEL: settings.queue} if settings.queue else {}
    annotations = {"watchdown/algorithms": ",".join(batch["algorithms"])}
    spec = _spec(batch, settings, resources, {"labels": labels, "annotations": annotations})
    spec["parallelism"] = min(batch["titles"], at_once or batch["titles"])
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": job_name(batch["batch"]),
            "namespace": settings.namespace,
            "labels": labels | queue,
            "annotations": annotations | {SPEC_ANNOTATION: _fingerprint(spec)},
        },
        "spec": spec,
    }


def same_spec(one: Json, other: Json) -> bool:
    """Say whether two Jobs were built with the same settings, whatever the server has added."""
    said = [(job["metadata"].get("annotations") or {}).get(SPEC_ANNOTATION) for job in (one, other)]
    return said[0] == said[1]


def _spec(batch: Batch, settings: Settings, resources: Resources, metadata: Json) -> Json:
    deadline = resources.deadline_minutes * 60
    attempts = deadline * (RETRIES + 1)
    return {
        "completionMode": "Indexed",
        "completions": batch["titles"],
        "backoffLimitPerIndex": RETRIES,
        "podReplacementPolicy": "Failed",
        "podFailurePolicy": {"rules": _failure_rules()},
        "activeDeadlineSeconds": max(attempts, min(attempts * batch["titles"], LONGEST_SECONDS)),
        "ttlSecondsAfterFinished": KEPT_SECONDS,
        "template": {
            "metadata": metadata,
            "spec": _pod(batch, settings, resources) | {"activeDeadlineSeconds": deadline},
        },
    }


def _fingerprint(spec: Json) -> str:
    return hashlib.sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()[:16]


def _failure_rules() -> list[Json]:
    codes = {"containerName": CONTAINER, "operator": "In", "values": sorted(NO_RETRY)}
    return [
        {"action": "FailIndex", "onExitCodes": codes},
        {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
    ]


def _pod(batch: Batch, settings: Settings, resources: Resources) -> Json:
    selector = {"nodeSelector": dict(settings.node_selector)} if settings.node_selector else {}
    return selector | {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(batch, settings, resources)],
        "volumes": [{"name": name, "emptyDir": {}} for name in ("work", "tmp")],
    }


def _container(batch: Batch, settings: Settings, resources: Resources) -> Json:
    # A pod that asks a server to infer needs no GPU of its own.
    gpu = {"nvidia.com/gpu": str(resources.gpu)} if resources.gpu and not settings.model else {}
    needed = {"cpu": f"{round(resources.cpu * 1000)}m", "memory": f"{resources.memory_mib}Mi"} | gpu
    model = {"WATCHDOWN_MODEL": settings.model} if settings.model else {}
    variables: Mapping[str, str] = {
        "WATCHDOWN_LIBRARY": "env:",
        "WATCHDOWN_WORK": "/work",
        "HOME": "/tmp",  # noqa: S108 # the pod's own, an emptyDir
    } | model
    index = "$(JOB_COMPLETION_INDEX)"  # Kubernetes sets it, and puts it in
    return {
        "name": CONTAINER,
        "image": settings.image(batch["image"]),
        "imagePullPolicy": "IfNotPresent",
        "command": ["watchdown", "work", "--batch", batch["batch"], "--index", index],
        "env": [{"name": name, "value": value} for name, value in variables.items()],
        "envFrom": [{"secretRef": {"name": settings.env_from}}],
        "resources": {"requests": needed, "limits": dict(needed)},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [
            {"name": "work", "mountPath": "/work"},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108
        ],
    }
