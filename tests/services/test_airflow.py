from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psutil
import pytest
from pydantic import SecretStr

from services.airflow import API_SERVER, COMPONENTS, DAG_PROCESSOR, SCHEDULER, TRIGGERER, Airflow
from services.airflow_api import AirflowApi, Refused
from services.airflow_home import PASSWORD, USER
from services.fixtures import Own
from services.process import ended
from services.service import HOST, answers
from storage.fault_proxy import Fault, FaultProxy
from watchdown.executors import airflow_api as client
from watchdown.settings.model import AirflowSettings
from watchdown_schemas.errors import ExecutorUnavailable

LIMIT_S = 60.0
CONNECTION = {
    "library": "here",
    "namespace": "watchdown",
    "images": {},
    "env_from": "settings",
    "command": "false",
}


@pytest.fixture(scope="module")
def airflow(module_server: Own) -> Airflow:
    """Return an Airflow that the tests here may kill and pause."""
    found: Airflow = module_server(Airflow)
    return found


def until(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def ends(airflow: Airflow, dag: str, run: str) -> str:
    """Wait for a run and return how it ended."""
    until(lambda: airflow.api.state(dag, run) not in {"queued", "running"})
    return airflow.api.state(dag, run)


def test_our_dags_are_there_without_a_fault(airflow: Airflow) -> None:
    airflow.api.await_dag("algo.shots")
    assert airflow.api.call("GET", "/importErrors")["total_entries"] == 0
    found = {dag["dag_id"] for dag in airflow.api.call("GET", "/dags", limit=100)["dags"]}
    assert {"new_assets", "on_demand", "algo.shots", "algo.visual-embedding"} <= found


def test_nobody_gets_in_without_the_password(airflow: Airflow) -> None:
    stranger = AirflowApi(airflow.url)
    stranger.token = "made-up"
    with pytest.raises(Refused) as refused:
        stranger.call("GET", "/dags")
    assert refused.value.code in {401, 403}
    assert (airflow.user, airflow.password) == (USER, PASSWORD)
    assert not answers(f"{airflow.url}/auth/token")


def test_it_listens_on_this_machine_only(airflow: Airflow) -> None:
    family = [p for process in airflow.processes if (p := process.find())]
    family += [child for process in family for child in process.children(recursive=True)]
    addresses = {
        connection.laddr.ip
        for process in family
        for connection in process.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    }
    assert addresses == {HOST}


def test_a_form_is_enforced_and_one_run_id_is_one_run(airflow: Airflow) -> None:
    airflow.api.await_dag("algo.shots")
    with pytest.raises(Refused, match="size"):
        airflow.api.trigger("algo.shots", {"size": 0})
    airflow.api.connect("watchdown_default", "watchdown", CONNECTION)
    assert airflow.api.trigger("algo.shots", run="plan-1") == "plan-1"
    with pytest.raises(Refused) as twice:
        airflow.api.trigger("algo.shots", run="plan-1")
    assert twice.value.code == 409
    assert ends(airflow, "algo.shots", "plan-1") == "failed"


def test_a_call_that_fails_within_airflow_is_made_again(airflow: Airflow) -> None:
    airflow.api.await_dag("algo.shots")
    run = airflow.api.trigger("algo.shots")
    with FaultProxy(airflow.url).running() as proxy:
        settings = AirflowSettings(url=proxy.url, username=USER, password=SecretStr(PASSWORD))
        with closing(client.AirflowApi(settings)) as api:
            proxy.fail(Fault(status=500), times=client.TRIES - 1, method="PATCH")
            changed = api.call("PATCH", f"/dags/algo.shots/dagRuns/{run}", json={"state": "failed"})
            assert changed["state"] == "failed"
            proxy.fail(Fault(status=503), times=client.TRIES, method="GET")
            with pytest.raises(ExecutorUnavailable, match="answers 503 to GET /dags"):
                api.call("GET", "/dags")
            assert not proxy.pending
            assert api.call("GET", "/dags")["total_entries"]


def test_a_plan_that_fails_is_told_in_its_log_and_red_to_the_end(airflow: Airflow, tmp_path: Path) -> None:
    airflow.api.await_dag("algo.shots")
    command = tmp_path / "watchdown"
    command.write_text("#!/bin/sh\necho 'database: does not answer' >&2\nexit 3\n")
    command.chmod(0o755)
    airflow.api.connect("watchdown_default", "watchdown", CONNECTION | {"command": str(command)})
    run = airflow.api.trigger("algo.shots", {"titles": ["it's"]})
    assert ends(airflow, "algo.shots", run) == "failed"
    states = {task["task_id"]: task["state"] for task in airflow.api.tasks("algo.shots", run)}
    assert states["plan"] == states["report"] == "failed"
    assert states["batch.work"] == "upstream_failed"
    log = airflow.api.log("algo.shots", run, "plan")
    assert "database: does not answer" in log
    assert json.dumps(f"By hand: {command} batch shots --titles 'it'\"'\"'s'")[1:-1] in log
    assert all(task["try_number"] <= 1 for task in airflow.api.tasks("algo.shots", run))


def test_a_connection_has_its_form(airflow: Airflow) -> None:
    airflow.api.connect("watchdown_default", "watchdown", CONNECTION)
    found = airflow.api.call("GET", "/connections/watchdown_default")
    assert found["conn_type"] == "watchdown"
    assert json.loads(found["extra"]) == CONNECTION  # no field has a name that Airflow hides


@pytest.mark.parametrize("number", [API_SERVER, SCHEDULER, TRIGGERER, DAG_PROCESSOR], ids=[*COMPONENTS])
def test_a_component_that_is_killed_comes_back_with_what_was_there(airflow: Airflow, number: int) -> None:
    airflow.api.connect("kept", "watchdown", CONNECTION)
    airflow.kill(number)
    assert not airflow.running()
    assert not airflow.healthy()
    url = airflow.url
    assert airflow.up() == url
    assert airflow.api.call("GET", "/connections/kept")["connection_id"] == "kept"


def test_a_paused_api_server_is_not_healthy(airflow: Airflow) -> None:
    airflow.pause(API_SERVER)
    assert airflow.running()
    assert not airflow.healthy()
    airflow.resume(API_SERVER)
    until(airflow.healthy)


def test_when_it_is_down_no_process_is_left(airflow: Airflow) -> None:
    family = [p for process in airflow.processes if (p := process.find())]
    family += [child for process in family for child in process.children(recursive=True)]
    airflow.down()
    assert all(map(ended, family))
