"""The live platform: Airflow fans titles out as pods of one Indexed Job; nothing happens twice or by half."""

from __future__ import annotations

import json
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import watchdown
from e2e.stack import ALGORITHM, DAG, PROGRAM, Stack, mend, nothing_twice, small, spoil, until
from services.airflow import API_SERVER, SCHEDULER, TRIGGERER, Airflow
from services.airflow_api import Refused
from services.fixtures import Own
from services.kubernetes.cluster import Kubernetes
from services.kubernetes.jobs import new_namespace
from services.opensearch import OpenSearch
from services.platform import TITLES, Platform, draw, fill
from services.s3 import S3
from services.triton import Triton
from watchdown.client.opening import opened
from watchdown.settings import Settings
from watchdown.settings.variables import worker_variables
from watchdown_operators.outcome import being_deleted

SENTENCE = "red race car"


@pytest.fixture(scope="module")
def platform(  # noqa: PLR0917 - fixtures
    kubernetes: Kubernetes,
    airflow: Airflow,
    postgresql_url: str,
    s3_server: S3,
    opensearch_server: OpenSearch,
    module_server: Own,
) -> Iterator[Platform]:
    """Give all servers, Triton of its own; who has connected Airflow by hand finds it as it was."""
    triton = module_server(Triton)
    airflow.api.await_dag(DAG)
    before = {kind: connection(airflow, kind) for kind in ("kubernetes", "watchdown")}
    namespace = new_namespace(kubernetes)
    yield Platform(
        postgresql_url, s3_server, opensearch_server, triton, kubernetes, airflow, namespace=namespace
    )
    for kind, extra in before.items():
        if extra is not None:
            airflow.api.connect(f"{kind}_default", kind, extra)


def connection(airflow: Airflow, kind: str) -> dict[str, Any] | None:
    """Return the extra fields of a connection of a kind; None where there is none."""
    try:
        said = airflow.api.call("GET", f"/connections/{kind}_default")["extra"]
    except Refused:
        return None
    return dict(json.loads(said or "{}"))


@pytest.fixture(scope="module")
def twenty(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """Give a library of twenty titles with all but the algorithm, and beside it a folder with all."""
    home = tmp_path_factory.mktemp("twenty")
    films = draw(home / "films")
    (home / "watchdown.toml").write_text(platform.settings())
    fill(home / "watchdown.toml", films)
    fill(home / "folder", films, only=None)
    platform.connect(home / "watchdown.toml", PROGRAM)
    return Stack(platform, home / "watchdown.toml")


def hits(place: Path) -> list[Any]:
    """Return the hits of a search, as far as two libraries of the same films must agree."""
    with watchdown.open(place) as library:
        found = library.search(SENTENCE)
        return [(hit.title_name, hit.timecode, hit.end_ns, round(hit.score, 4)) for hit in found]


def inferences(triton: Triton) -> float:
    """Return how many inferences a server has done."""
    with urllib.request.urlopen(triton.metrics) as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith("nv_inference_count{"))


def test_twenty_titles_are_worked_by_one_indexed_job_and_found(twenty: Stack) -> None:
    before = inferences(twenty.platform.triton)
    with twenty.begun() as process:
        report = twenty.report(process)
    assert (process.returncode, report["published"], report["failed"]) == (0, TITLES, [])
    nothing_twice(twenty, TITLES)
    [job] = twenty.jobs()
    assert (job["spec"]["completions"], job["status"]["completedIndexes"]) == (TITLES, f"0-{TITLES - 1}")
    assert inferences(twenty.platform.triton) > before
    assert hits(twenty.library) == hits(twenty.library.with_name("folder"))
    assert hits(twenty.library)[0][0] == "The Long Grid"


def test_the_report_of_the_batch_is_linked_from_its_task_and_opens(twenty: Stack) -> None:
    api, run = twenty.platform.airflow.api, twenty.run()
    path = f"/dags/{DAG}/dagRuns/{run}/taskInstances/batch.validate/links"
    link = api.call("GET", path, map_index=0)["extra_links"]["Great Expectations"]
    with urllib.request.urlopen(link) as answer:
        assert b"Great Expectations" in answer.read()
    [batch] = twenty.batches()
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(link.partition("/reports/")[0] + f"/batches/{batch}.json")


def test_no_credential_is_in_a_manifest_a_log_or_a_page(twenty: Stack) -> None:
    settings = Settings.read(twenty.library)
    assert settings.database is not None
    assert settings.database.password is not None
    assert settings.s3.secret_key is not None
    secrets = {settings.s3.secret_key.get_secret_value(), settings.database.reveal()}
    assert settings.s3.secret_key.get_secret_value() in worker_variables(settings).values()
    assert not any("DATABASE" in name for name in worker_variables(settings))
    api, run = twenty.platform.airflow.api, twenty.run()
    shown = [
        twenty.platform.kubernetes.kubectl("-n", twenty.platform.namespace, "get", "jobs,pods", "-o", "yaml"),
        *twenty.logs(run).values(),
        *(
            json.dumps(api.call("GET", path))
            for path in (
                "/connections/watchdown_default",
                f"/dags/{DAG}/details",
                f"/dags/{DAG}/dagRuns/{run}",
                f"/dags/{DAG}/dagRuns/{run}/taskInstances",
                f"/dags/{DAG}/dagRuns/{run}/taskInstances/plan/xcomEntries/return_value",
            )
        ),
        twenty.call("settings").stdout,
    ]
    [batch] = twenty.batches()
    with opened(twenty.library) as services:
        keys = [stored.key for stored in services.storage.list(f"reports/{batch}/")]
        shown += [services.storage.read(key).decode("utf-8", "replace") for key in keys]
        shown.append(services.storage.read(f"batches/{batch}.json").decode())
    assert len(shown) > len(keys) > 1
    assert not [text for text in shown for secret in secrets if secret in text]


def test_a_task_that_is_cleared_after_the_end_does_nothing_again(twenty: Stack) -> None:
    api, run = twenty.platform.airflow.api, twenty.run()
    before = [(one.number, one.updated_at) for one in twenty.runs()]
    body = {"dry_run": False, "only_failed": False, "dag_run_id": run, "include_downstream": True}
    api.call("POST", f"/dags/{DAG}/clearTaskInstances", {**body, "task_ids": ["batch.work"]})
    twenty.waits(run, "report", "running")
    twenty.waits(run, "report", "success")
    assert [(one.number, one.updated_at) for one in twenty.runs()] == before
    nothing_twice(twenty, TITLES)


def test_one_poison_title_fails_alone_and_says_how_to_try_again(platform: Platform, tmp_path: Path) -> None:
    stack = small(platform, tmp_path / "library")
    spoil(stack.library, "Tiny 1")
    with stack.begun() as process:
        report = stack.report(process)
    assert (process.returncode, report["published"], len(report["failed"])) == (1, 2, 1)
    [failed] = report["failed"]
    cause = failed["error"]
    assert failed["title_name"] == "Tiny 1"
    assert [run.state for run in stack.runs()] == ["active", "failed", "active"]
    run = stack.run()
    logs = stack.logs(run)
    told = cause.split(": ", 1)[1][:60]
    assert told in logs["batch.work"]
    assert told in logs["batch.record"]
    assert told in logs["report"]
    assert failed["command"] in logs["report"]
    assert platform.airflow.api.state(DAG, run) == "failed"  # no false green
    [job] = stack.jobs()
    assert (job["status"]["failedIndexes"], job["status"]["failed"]) == ("1", 1)  # and never tried again
    mend(stack.library, "Tiny 1")
    again = stack.call(*failed["command"].split()[1:4], failed["title"])
    assert again.returncode == 0, again.stderr
    assert sorted(run.state for run in stack.runs()) == ["active", "active", "active", "failed"]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_pod_that_is_ended_is_tried_again(platform: Platform, tmp_path: Path, how: signal.Signals) -> None:
    stack = small(platform, tmp_path / "library")
    with stack.begun() as process:
        stack.pod(1).send_signal(how)
        report = stack.report(process)
    assert (process.returncode, report["published"]) == (0, 3)
    nothing_twice(stack, 3)
    [job] = stack.jobs()
    assert job["status"]["failed"] == 1


def test_a_task_that_is_cleared_while_pods_run_goes_on_with_its_job(
    platform: Platform, tmp_path: Path
) -> None:
    stack = small(platform, tmp_path / "library")
    with stack.begun() as process:
        pod = stack.pod(0)
        pod.suspend()  # or the Job might be at its end before the task is cleared
        run = stack.run()
        until(lambda: "starting" in stack.logs(run).get("batch.work", "") or None, "the Job is watched")
        [before] = stack.jobs()
        body = {"dry_run": False, "only_failed": False, "dag_run_id": run, "task_ids": ["batch.work"]}
        platform.airflow.api.call("POST", f"/dags/{DAG}/clearTaskInstances", body)
        pod.resume()
        report = stack.report(process)
    assert (process.returncode, report["published"]) == (0, 3)
    nothing_twice(stack, 3)
    [after] = stack.jobs()
    assert after["metadata"]["uid"] == before["metadata"]["uid"]


def test_a_backfill_that_is_begun_twice_is_one(platform: Platform, tmp_path: Path) -> None:
    stack = small(platform, tmp_path / "library")
    with stack.begun() as first, stack.begun() as second:
        platform.airflow.api.trigger(DAG, {"titles": []})  # and once more by the form
        reports = [stack.report(process) for process in (first, second)]
    assert [report["published"] for report in reports if report["runs"]] in ([3], [3, 3])
    nothing_twice(stack, 3)


@pytest.mark.parametrize("component", [SCHEDULER, TRIGGERER, API_SERVER])
def test_a_part_of_airflow_that_dies_and_comes_back_loses_nothing(
    platform: Platform, tmp_path: Path, component: int
) -> None:
    stack = small(platform, tmp_path / "library")
    with stack.begun() as process:
        stack.pod(0)
        platform.airflow.kill(component)
        platform.airflow.up()
        report = stack.report(process)
    assert (process.returncode, report["published"]) == (0, 3)
    nothing_twice(stack, 3)


def test_triton_may_be_away_for_a_while(platform: Platform, tmp_path: Path) -> None:
    stack = small(platform, tmp_path / "library")
    with stack.begun() as process:
        stack.pod(0)
        platform.triton.pause()
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(20)
        platform.triton.resume()
        report = stack.report(process)
    assert (process.returncode, report["published"]) == (0, 3)
    nothing_twice(stack, 3)


def test_a_service_that_is_missing_at_the_start_is_named_at_once(platform: Platform, tmp_path: Path) -> None:
    stack = small(platform, tmp_path / "library", count=1)
    platform.airflow.api.await_dag(DAG)
    settings = stack.library.read_text()
    address = str(Settings.read(stack.library).store)
    stack.library.write_text(settings.replace(address, "opensearch://127.0.0.1:1"))
    run = platform.airflow.api.trigger(DAG, {"titles": ["Tiny 0"]})
    stack.waits(run, "plan", "failed")
    stack.waits(run, "report", "failed")
    assert "127.0.0.1:1: cannot be reached" in stack.logs(run)["plan"]
    done = stack.call("backfill", ALGORITHM, "--via", "airflow")
    assert done.returncode == 1
    assert "127.0.0.1:1: cannot be reached" in done.stderr


def test_a_cancelled_run_leaves_no_job(platform: Platform, tmp_path: Path) -> None:
    stack = small(platform, tmp_path / "library")
    with stack.begun() as process:
        pod = stack.pod(0)
        pod.suspend()  # or the Job might be at its end before it is cancelled
        run = stack.run()
        until(lambda: "starting" in stack.logs(run).get("batch.work", "") or None, "the Job is watched")
        platform.airflow.api.call("PATCH", f"/dags/{DAG}/dagRuns/{run}", {"state": "failed"})
        until(lambda: all(map(being_deleted, stack.jobs())) or None, "the Job is being deleted")
        pod.resume()
        report = stack.report(process)
    assert process.returncode == 1
    assert not report["passed"]
    until(lambda: not stack.jobs() or None, "the Job is gone")
