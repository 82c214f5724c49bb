from __future__ import annotations

import re
import signal
from pathlib import Path

import psutil
import pytest

from services.fixtures import Own
from services.kubernetes.cluster import Kubernetes
from services.kubernetes.components import API, CONTROLLERS, ETCD, NAMES, NODE, SCHEDULER
from services.kubernetes.jobs import (
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
from services.service import Failed

ALL = {"ETCD": ETCD, "API": API, "CONTROLLERS": CONTROLLERS, "SCHEDULER": SCHEDULER, "NODE": NODE}
GATED = "echo $$$$ >> $1/pids; while [ ! -e $1/go ]; do sleep 0.05; done"


@pytest.fixture(scope="module")
def cluster(module_server: Own) -> Kubernetes:
    """Return a cluster that tests may break, each leaving it whole; it has a simulated node too."""
    own: Kubernetes = module_server(Kubernetes, kwok=1)
    return own


def started(folder: Path) -> list[psutil.Process]:
    """Wait until pods of `GATED` run and return their processes."""
    pids = until(lambda: (folder / "pids").exists() and (folder / "pids").read_text().split())
    return [psutil.Process(int(pid)) for pid in pids]


def test_it_says_its_version(kubernetes: Kubernetes) -> None:
    said = kubernetes.kubectl("version", "-o", "yaml")
    assert re.findall(r"gitVersion: v(\S+)", said) == [kubernetes.version()] * 2


def test_nobody_may_do_what_no_role_says(kubernetes: Kubernetes) -> None:
    who = "--as=system:serviceaccount:default:default"
    with pytest.raises(Failed, match="cannot list resource"):
        kubernetes.kubectl("get", "pods", who)
    assert kubernetes.kubectl("get", "pods", "-n", "default") == ""


def test_the_process_node_is_as_large_as_the_machine(kubernetes: Kubernetes) -> None:
    size = kubernetes.read("/api/v1/nodes/process-0")["status"]["allocatable"]
    assert size["cpu"] == str(psutil.cpu_count())
    assert size["memory"] == f"{psutil.virtual_memory().total // 1024}Ki"


def test_pods_of_a_simulated_node_only_seem_to_run_and_requests_are_counted(cluster: Kubernetes) -> None:
    namespace, before = new_namespace(cluster), cluster.requests()
    spec = job(pod(shell("exit 1"), nodeSelector={"type": "kwok"}), 50, backoffLimitPerIndex=0)
    spec["template"]["metadata"] = {"annotations": {"exit-code.test/7": "42"}}
    status = end_of_job(cluster, create(cluster, namespace, "Job", spec))
    assert (status["completedIndexes"], status["failedIndexes"]) == ("0-6,8-49", "7")
    spent = cluster.requests() - before
    assert spent["POST", "pods"] == spent["POST", "pods/binding"] == 50
    assert spent["POST", "jobs"] == 1
    assert cluster.watches()["pods"] >= 3  # of the controllers, the scheduler and the node


@pytest.mark.parametrize("number", ALL.values(), ids=ALL)
def test_a_part_hangs_and_goes_on(cluster: Kubernetes, number: int) -> None:
    cluster.pause(number)
    assert cluster.running()
    assert not cluster.healthy()
    cluster.resume(number)
    until(cluster.healthy)


@pytest.mark.parametrize("parts", [[ETCD], [API], [CONTROLLERS, SCHEDULER]], ids=["etcd", "api", "others"])
def test_a_killed_part_comes_back_and_pods_have_gone_on(
    cluster: Kubernetes, tmp_path: Path, parts: list[int]
) -> None:
    namespace, url = new_namespace(cluster), cluster.url
    path = create(cluster, namespace, "Job", job(pod(shell(GATED, str(tmp_path))), 1))
    [process] = started(tmp_path)
    for number in parts:
        cluster.kill(number)
    assert not cluster.running()
    assert not cluster.healthy()
    (tmp_path / "go").touch()
    until(lambda: ended(process))
    assert cluster.up() == url
    assert end_of_job(cluster, path)["completedIndexes"] == "0"


@pytest.mark.parametrize("how", ["with its pods", "alone", "before it has written them down"])
def test_pods_of_a_node_that_died_have_failed_and_none_runs_twice(
    cluster: Kubernetes, tmp_path: Path, how: str
) -> None:
    namespace = new_namespace(cluster)
    spec = job(pod(shell(GATED, str(tmp_path))), 1, backoffLimitPerIndex=0)
    path = create(cluster, namespace, "Job", spec)
    [process] = started(tmp_path)
    if how != "with its pods" and (node := cluster.processes[NODE].find()):
        node.send_signal(signal.SIGKILL)
        until(lambda: ended(node))
        assert not ended(process)
    else:
        cluster.kill(NODE)
    if how == "before it has written them down":
        for record in (cluster.folder / NAMES[NODE] / "pods").glob("*/*/*/containers/*/pid"):
            record.unlink()
    cluster.up()
    assert ended(process)
    assert end_of_job(cluster, path)["failedIndexes"] == "0"
    [said] = cluster.read(f"/api/v1/namespaces/{namespace}/pods")["items"]
    assert said["status"]["reason"] == "NodeRestarted"
    assert len((tmp_path / "pids").read_text().split()) == 1


def test_a_pod_that_had_not_begun_is_begun_by_the_node_that_comes_back(cluster: Kubernetes) -> None:
    namespace = new_namespace(cluster)
    container = shell("exit 0", envFrom=[{"secretRef": {"name": "late"}}])
    path = create(cluster, namespace, "Pod", pod(container))
    state_of(cluster, path, "waiting")
    cluster.kill(NODE)
    new_secret(cluster, namespace, "late", WORD="here")
    cluster.up()
    assert state_of(cluster, path, "terminated")["exitCode"] == 0


def test_two_clusters_stand_side_by_side(kubernetes: Kubernetes, cluster: Kubernetes) -> None:
    namespace = new_namespace(cluster)
    assert cluster.read(f"/api/v1/namespaces/{namespace}")
    assert not kubernetes.read(f"/api/v1/namespaces/{namespace}")
    with pytest.raises(Failed, match="certificate signed by unknown authority"):
        kubernetes.kubectl("get", "nodes", "--server", cluster.url)


def test_no_process_is_left_when_it_is_down(cluster: Kubernetes, tmp_path: Path) -> None:
    spec = pod(shell(f"sleep 600 & {GATED}", str(tmp_path)), terminationGracePeriodSeconds=600)
    create(cluster, new_namespace(cluster), "Pod", spec)
    started(tmp_path)
    processes = [process for part in cluster.processes if (process := part.find())]
    family = [*processes, *(child for process in processes for child in process.children(recursive=True))]
    assert len(family) > len(processes) + 1
    cluster.down(wipe=True)
    assert all(map(ended, family))
    assert not cluster.kubeconfig.exists()
    assert not [path for path in cluster.folder.iterdir() if path.name != ".lock"]
