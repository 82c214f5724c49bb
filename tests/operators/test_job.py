from __future__ import annotations

import json
from typing import Any

import kubernetes_validate
import pytest

from watchdown_algos.manifest import Resources
from watchdown_operators.connection import Settings
from watchdown_operators.job import Batch, job, same_spec
from watchdown_operators.manifests import most, resources_of
from watchdown_schemas.errors import AlgorithmNotFound, SettingsInvalid

DIGEST = "registry.example/worker@sha256:" + "a" * 64
KUBERNETES = "1.36"
BATCH: Batch = {
    "batch": "abcdefghijklmnopqrstuvwx",
    "titles": 20,
    "algorithms": ["shots", "visual-embedding"],
    "image": "worker",
}
SETTINGS = Settings(
    library="cluster/watchdown.toml",
    namespace="watchdown",
    images={"worker": DIGEST},
    env_from="watchdown-settings",
)
TRITON = SETTINGS.model_copy(update={"model": "triton://triton:8001"})
GPU = Resources(cpu=1.5, memory_mib=2048, gpu=1, deadline_minutes=30)


def built(settings: Settings = SETTINGS, resources: Resources = GPU, **changes: Any) -> dict[str, Any]:
    return job(Batch(**(BATCH | changes)), settings=settings, resources=resources)  # type: ignore[typeddict-item] # of the tests


def pod(made: dict[str, Any]) -> dict[str, Any]:
    return dict(made["spec"]["template"]["spec"])


@pytest.mark.parametrize("settings", [SETTINGS, TRITON, SETTINGS.model_copy(update={"queue": "gpu"})])
def test_a_job_is_what_kubernetes_takes_strictly(settings: Settings) -> None:
    kubernetes_validate.validate(built(settings), KUBERNETES, strict=True)


def test_strictly_means_that_an_unknown_field_is_refused() -> None:
    made = built()
    made["spec"]["bogus"] = 1
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(made, KUBERNETES, strict=True)


def test_a_batch_is_one_indexed_job_with_a_pod_for_each_title() -> None:
    made = built()
    assert made["metadata"]["name"] == "watchdown-abcdefghijklmnopqrstuvwx"
    assert made["metadata"]["namespace"] == "watchdown"
    spec = made["spec"]
    assert (spec["completionMode"], spec["completions"], spec["parallelism"]) == ("Indexed", 20, 20)
    [container] = pod(made)["containers"]
    command = "watchdown work --batch abcdefghijklmnopqrstuvwx --index $(JOB_COMPLETION_INDEX)"
    assert container["command"] == command.split(" ")


def test_only_a_title_that_may_succeed_is_tried_again() -> None:
    spec = built()["spec"]
    assert spec["backoffLimitPerIndex"] == 2
    fail, ignore = spec["podFailurePolicy"]["rules"]
    assert fail["action"] == "FailIndex"
    assert fail["onExitCodes"] == {"containerName": "worker", "operator": "In", "values": [2, 3, 10]}
    assert ignore["action"] == "Ignore"
    assert [one["type"] for one in ignore["onPodConditions"]] == ["DisruptionTarget"]


def test_deadlines_leave_a_title_time_for_all_its_attempts() -> None:
    made = built()
    assert pod(made)["activeDeadlineSeconds"] == 30 * 60
    assert built(titles=10_000)["spec"]["activeDeadlineSeconds"] == 7 * 24 * 3600
    titles = made["spec"]["completions"]
    assert made["spec"]["activeDeadlineSeconds"] == titles * 3 * 30 * 60


def test_requests_and_limits_come_from_the_manifest() -> None:
    [container] = pod(built())["containers"]
    wanted = {"cpu": "1500m", "memory": "2048Mi", "nvidia.com/gpu": "1"}
    assert container["resources"] == {"requests": wanted, "limits": wanted}


def test_where_a_server_infers_the_pod_asks_for_no_gpu_and_knows_the_server() -> None:
    [container] = pod(built(TRITON))["containers"]
    assert "nvidia.com/gpu" not in container["resources"]["limits"]
    assert {"name": "WATCHDOWN_MODEL", "value": "triton://triton:8001"} in container["env"]
    [container] = pod(built())["containers"]
    assert "WATCHDOWN_MODEL" not in [variable["name"] for variable in container["env"]]


def test_a_pod_has_no_rights_and_no_credentials_in_sight() -> None:
    made = built()
    spec, [container] = pod(made), pod(made)["containers"]
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] == 65532
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["envFrom"] == [{"secretRef": {"name": "watchdown-settings"}}]
    assert {mount["mountPath"] for mount in container["volumeMounts"]} == {"/work", "/tmp"}
    assert all(volume["emptyDir"] == {} for volume in spec["volumes"])


def test_a_queue_and_nodes_are_chosen_by_settings() -> None:
    assert "kueue.x-k8s.io/queue-name" not in built()["metadata"]["labels"]
    chosen = SETTINGS.model_copy(update={"queue": "gpu", "node_selector": {"pool": "gpu"}})
    made = built(chosen)
    assert made["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "gpu"
    assert pod(made)["nodeSelector"] == {"pool": "gpu"}


def test_a_job_is_the_same_whenever_it_is_built_and_another_with_other_settings() -> None:
    assert json.dumps(built()) == json.dumps(built())
    assert same_spec(built(), built())
    assert not same_spec(built(), built(TRITON))
    assert not same_spec(built(), {"metadata": {"annotations": None}})


def test_an_image_without_reference_is_refused() -> None:
    with pytest.raises(SettingsInvalid, match=r"images\.worker-gpu"):
        built(image="worker-gpu")


def test_algorithms_of_one_pass_get_the_most_of_each_resource() -> None:
    assert most([GPU, Resources(cpu=4, memory_mib=64, deadline_minutes=10)]) == Resources(
        cpu=4, memory_mib=2048, gpu=1, deadline_minutes=30
    )
    assert resources_of(["shots", "visual-embedding"]).memory_mib == 512


def test_an_algorithm_that_airflow_lacks_is_named() -> None:
    with pytest.raises(AlgorithmNotFound, match=r"faces: is not installed in Airflow's environment"):
        resources_of(["shots", "faces"])
