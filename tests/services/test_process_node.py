from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from services.kubernetes.cluster import Kubernetes
from services.kubernetes.jobs import (
    SHELL,
    create,
    end_of_job,
    job,
    new_namespace,
    new_secret,
    pod,
    shell,
    state_of,
    until,
)
from services.process import ended

BAD, UNLUCKY, DELETED = "2", "4", "5"
BATCH = """\
echo $JOB_COMPLETION_INDEX >> $PLACE/attempts
case $1 in
  2) exit 10 ;;
  4) mkdir $PLACE/again 2>/dev/null && exit 1 ;;
  5) trap 'touch $PLACE/asked; exit 1' TERM
     mkdir $PLACE/deleted 2>/dev/null && while :; do sleep 0.05; done ;;
esac
exit 0
"""
FAIL_INDEX = {"action": "FailIndex", "onExitCodes": {"operator": "In", "values": [10]}}


@pytest.fixture
def namespace(kubernetes: Kubernetes) -> Iterator[str]:
    """Hand out a namespace of the test's own."""
    name = new_namespace(kubernetes)
    yield name
    kubernetes.kubectl("delete", "namespace", name, "--wait=false")


def env(**variables: str) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in variables.items()]


def logs(cluster: Kubernetes, namespace: str, *options: str) -> str:
    return cluster.kubectl("logs", "it", "-n", namespace, *options)


def test_bad_luck_is_retried_a_bad_title_is_not_and_a_deleted_pod_is_replaced(
    kubernetes: Kubernetes, namespace: str, tmp_path: Path
) -> None:
    template = pod(shell(BATCH, "$(JOB_COMPLETION_INDEX)", env=env(PLACE=str(tmp_path))))
    policy: dict[str, Any] = {"podFailurePolicy": {"rules": [FAIL_INDEX]}, "backoffLimitPerIndex": 1}
    path = create(kubernetes, namespace, "Job", job(template, 6, **policy))
    until((tmp_path / "deleted").exists)
    chosen = f"batch.kubernetes.io/job-completion-index={DELETED}"
    kubernetes.kubectl("delete", "pod", "-n", namespace, "-l", chosen)
    status = end_of_job(kubernetes, path)
    assert (status["completedIndexes"], status["failedIndexes"]) == ("0,1,3-5", BAD)
    attempts = Counter((tmp_path / "attempts").read_text().split())
    assert attempts == {"0": 1, "1": 1, BAD: 1, "3": 1, UNLUCKY: 2, DELETED: 2}
    assert (tmp_path / "asked").exists()


def test_a_pod_is_told_variables_from_all_sources(kubernetes: Kubernetes, namespace: str) -> None:
    new_secret(kubernetes, namespace, "keys", WORD="from-secret", OTHER="other")
    kubernetes.kubectl("create", "configmap", "plain", "-n", namespace, "--from-literal=COLOUR=red")
    sources = [{"secretRef": {"name": "keys"}}, {"configMapRef": {"name": "plain"}, "prefix": "A_"}]
    named = [
        {"name": "ME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "OTHER"}}},
        *env(BOTH="$(ME)/$(KEY)", KEPT="$$(ME) $(NOBODY)"),
    ]
    script = 'echo "$WORD $A_COLOUR $BOTH $KEPT $1 ${SHELL:-none}"'
    create(kubernetes, namespace, "Pod", pod(shell(script, "$(BOTH)", envFrom=sources, env=named)))
    until(
        lambda: kubernetes.read(f"/api/v1/namespaces/{namespace}/pods/it")["status"]["phase"] == "Succeeded"
    )
    expected = "from-secret red it/other $(ME) $(NOBODY) it/other none\n"
    assert logs(kubernetes, namespace) == expected


def test_a_pod_waits_for_its_secret(kubernetes: Kubernetes, namespace: str) -> None:
    sources = [{"secretRef": {"name": "late"}}]
    path = create(kubernetes, namespace, "Pod", pod(shell('test "$WORD" = here', envFrom=sources)))
    assert state_of(kubernetes, path, "waiting")["reason"] == "CreateContainerConfigError"
    # The API server forbids the node to read it until it has seen that one of the node's pods names it.
    until(lambda: state_of(kubernetes, path, "waiting")["message"] == 'secret "late" not found')
    new_secret(kubernetes, namespace, "late", WORD="here")
    assert state_of(kubernetes, path, "terminated")["exitCode"] == 0


def test_a_pod_waits_for_its_image(kubernetes: Kubernetes, namespace: str, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "hello"
    program.write_text("#!/bin/sh\necho hello from $HOUSE > $TERMINATION_LOG\n")
    program.chmod(0o755)
    reference = f"hello@sha256:{namespace}"
    container = shell("") | {"image": reference, "command": ["hello"]}
    path = create(kubernetes, namespace, "Pod", pod(container))
    assert state_of(kubernetes, path, "waiting")["reason"] == "ErrImageNeverPull"
    kubernetes.add_image(reference, tmp_path, {"PATH": "{root}/bin:/usr/bin:/bin", "HOUSE": "{root}"})
    assert state_of(kubernetes, path, "terminated")["message"] == f"hello from {tmp_path}\n"


def test_containers_share_a_volume_that_goes_with_the_pod(
    kubernetes: Kubernetes, namespace: str, tmp_path: Path
) -> None:
    mount = [{"name": "work", "mountPath": "/data"}]
    first = shell("echo kept > $1", "/data/note", volumeMounts=mount) | {"name": "first"}
    script = "read -r line < $WORK/note; echo $line $2 > $1; echo $WORK > $1.place"
    second = shell(script, f"{tmp_path}/out", "/database", volumeMounts=mount, env=env(WORK="/data"))
    volumes = [{"name": "work", "emptyDir": {}}]
    path = create(kubernetes, namespace, "Pod", pod(second, initContainers=[first], volumes=volumes))
    assert state_of(kubernetes, path, "terminated")["exitCode"] == 0
    assert (tmp_path / "out").read_text() == "kept /database\n"
    until(lambda: not Path((tmp_path / "out.place").read_text().strip()).exists())


def test_the_end_of_a_pod_says_why(kubernetes: Kubernetes, namespace: str) -> None:
    policy = {"terminationMessagePolicy": "FallbackToLogsOnError"}
    path = create(
        kubernetes, namespace, "Pod", pod(shell("echo one; echo last words; kill -9 $$$$", **policy))
    )
    end = state_of(kubernetes, path, "terminated")
    assert (end["exitCode"], end["reason"], end["message"]) == (137, "Error", "one\nlast words\n")
    assert logs(kubernetes, namespace, "--tail=1") == "last words\n"
    lost = create(kubernetes, namespace, "Pod", pod(shell("") | {"command": ["no-such-program"]}), "lost")
    end = state_of(kubernetes, lost, "terminated")
    assert (end["exitCode"], end["reason"]) == (128, "StartError")


def test_logs_are_followed_until_the_pod_ends(kubernetes: Kubernetes, namespace: str, tmp_path: Path) -> None:
    script = "echo one; while [ ! -e $1 ]; do sleep 0.05; done; echo two"
    path = create(kubernetes, namespace, "Pod", pod(shell(script, f"{tmp_path}/go")))
    state_of(kubernetes, path, "running")
    assert until(lambda: logs(kubernetes, namespace)) == "one\n"
    (tmp_path / "go").touch()
    assert logs(kubernetes, namespace, "--follow") == "one\ntwo\n"


def test_a_pod_is_ended_at_its_deadline(kubernetes: Kubernetes, namespace: str) -> None:
    path = create(kubernetes, namespace, "Pod", pod(shell("exec sleep 600"), activeDeadlineSeconds=2))
    assert state_of(kubernetes, path, "terminated")["exitCode"] == 143
    status = kubernetes.read(path)["status"]
    assert (status["phase"], status["reason"]) == ("Failed", "DeadlineExceeded")


def test_a_deleted_pod_that_does_not_listen_is_killed_with_all_it_has_started(
    kubernetes: Kubernetes, namespace: str, tmp_path: Path
) -> None:
    script = "trap '' TERM; sleep 600 & echo $$$$ $! > $1.half; mv $1.half $1; while :; do sleep 0.05; done"
    create(kubernetes, namespace, "Pod", pod(shell(script, f"{tmp_path}/pids")))
    until((tmp_path / "pids").exists)
    family = [psutil.Process(int(pid)) for pid in (tmp_path / "pids").read_text().split()]
    kubernetes.kubectl("delete", "pod", "it", "-n", namespace)
    assert all(map(ended, family))


def test_a_failed_container_is_started_again_where_its_pod_says_so(
    kubernetes: Kubernetes, namespace: str, tmp_path: Path
) -> None:
    script = "echo try; mkdir $1 2>/dev/null && exit 3; exit 0"
    spec = pod(shell(script, f"{tmp_path}/once"), restartPolicy="OnFailure")
    path = create(kubernetes, namespace, "Pod", spec)
    until(lambda: kubernetes.read(path)["status"]["phase"] == "Succeeded")
    [said] = kubernetes.read(path)["status"]["containerStatuses"]
    assert said["restartCount"] == 1
    assert said["lastState"]["terminated"]["exitCode"] == 3
    assert logs(kubernetes, namespace, "--previous") == "try\n"


def test_pods_get_no_more_gpus_than_there_are(kubernetes: Kubernetes, namespace: str) -> None:
    def asking(count: int) -> dict[str, Any]:
        return pod(shell("true", resources={"limits": {"nvidia.com/gpu": str(count)}}))

    few = create(kubernetes, namespace, "Pod", asking(2), "few")
    many = create(kubernetes, namespace, "Pod", asking(3), "many")
    assert state_of(kubernetes, few, "terminated")["exitCode"] == 0
    told = until(lambda: kubernetes.read(many)["status"].get("conditions"))
    assert "Insufficient nvidia.com/gpu" in told[0]["message"]


def test_an_image_that_may_be_pulled_is_not(kubernetes: Kubernetes, namespace: str) -> None:
    container = shell("true") | {"image": "nowhere:1", "imagePullPolicy": "IfNotPresent"}
    path = create(kubernetes, namespace, "Pod", pod(container))
    assert state_of(kubernetes, path, "waiting")["reason"] == "ErrImagePull"
    assert SHELL in json.loads(kubernetes.images.read_text())
