"""The DAGs of new assets and of one title on demand, on a live Airflow that is this file's own."""

from __future__ import annotations

import io
import json
import urllib.request
import zipfile
from datetime import datetime
from pathlib import PurePath
from typing import Any

import pyarrow.parquet as pq
import pytest

import watchdown
from e2e.stack import LONGEST_S, Stack, small, until
from services.airflow import Airflow
from services.airflow_api import Refused
from services.fixtures import Own
from services.kubernetes.cluster import Kubernetes
from services.kubernetes.jobs import new_namespace
from services.opensearch import OpenSearch
from services.platform import Platform
from services.postgresql import new_database
from services.s3 import S3
from services.triton import Triton
from watchdown_schemas import registry

NAMES = ("Tiny 0", "Tiny 1")
MEDIA, RECORDS = {"dialogue", "shots", "visual-embedding"}, {"keyframes"}
BUNDLED = {"Shot": 2, "Keyframe": 2}  # of a title


@pytest.fixture(scope="module")
def platform(  # noqa: PLR0917 - fixtures
    kubernetes: Kubernetes,
    triton: Triton,
    postgresql_url: str,
    s3_server: S3,
    opensearch_server: OpenSearch,
    module_server: Own,
) -> Platform:
    """Give all servers; tests of other files connect the Airflow that they share to their own libraries."""
    airflow = module_server(Airflow, database_url=new_database(postgresql_url))
    for dag in ("new_assets", "on_demand"):
        airflow.api.await_dag(dag)
    namespace = new_namespace(kubernetes)
    return Platform(
        postgresql_url, s3_server, opensearch_server, triton, kubernetes, airflow, namespace=namespace
    )


@pytest.fixture(scope="module")
def untouched(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """Give a library of two titles with subtitles, of which nothing is known."""
    return small(platform, tmp_path_factory.mktemp("untouched") / "library", len(NAMES), spoken=True)


def ended(stack: Stack, dag: str, form: dict[str, Any]) -> tuple[str, str]:
    """Trigger a DAG; return the id of its run, and the state that this ended in."""
    api = stack.platform.airflow.api
    run = api.trigger(dag, form)

    def found() -> str | None:
        state = api.state(dag, run)
        return state if state in {"success", "failed"} else None

    return run, until(found, f"{dag} ends", LONGEST_S)


def active(stack: Stack) -> dict[str, set[str]]:
    """Return the algorithms whose result readers see, by title; whatever has run is seen."""
    with watchdown.open(stack.library) as library:
        names = {title.id: title.name for title in library.titles()}
        runs = library.runs()
    assert {run.state for run in runs} == {"active"}
    return {
        name: {run.algorithm for run in runs if names[run.title] == name} for name in sorted(names.values())
    }


def worked(stack: Stack) -> list[tuple[set[str], int]]:
    """Return what each Job worked, in the order in which they were made: algorithms, and number of titles."""
    jobs = sorted(stack.jobs(), key=lambda job: str(job["metadata"]["creationTimestamp"]))
    assert all(job["status"]["succeeded"] == job["spec"]["completions"] for job in jobs)
    return [
        (set(job["metadata"]["annotations"]["watchdown/algorithms"].split(",")), job["spec"]["completions"])
        for job in jobs
    ]


def test_a_title_on_demand_brings_its_dependants_and_a_bundle_that_opens(untouched: Stack) -> None:
    run, state = ended(untouched, "on_demand", {"titles": [NAMES[0]], "algorithms": ["shots"]})
    assert state == "success"
    assert active(untouched) == {NAMES[0]: {"shots", "keyframes"}, NAMES[1]: set()}
    assert worked(untouched) == [({"shots"}, 1), ({"keyframes"}, 1)]
    assert bundled(untouched, run) == BUNDLED


def test_a_title_on_demand_that_is_done_is_not_done_again_and_bundled_all_the_same(untouched: Stack) -> None:
    assert untouched.call("run", "shots", "--on", NAMES[0]).returncode == 0  # unless it is done
    before = untouched.batches()
    run, state = ended(untouched, "on_demand", {"titles": [NAMES[0]], "algorithms": ["shots"]})
    assert state == "success"
    assert untouched.batches() == before
    assert bundled(untouched, run) == BUNDLED


def bundled(stack: Stack, run: str) -> dict[str, int]:
    """Open the bundle that a run links; return the number of its records by type."""
    path = f"/dags/on_demand/dagRuns/{run}/taskInstances/bundle/links"
    link = stack.platform.airflow.api.call("GET", path)["extra_links"]["Bundle"]
    with urllib.request.urlopen(link) as answer:
        return checked(stack, zipfile.ZipFile(io.BytesIO(answer.read())))


def checked(stack: Stack, packed: zipfile.ZipFile) -> dict[str, int]:
    """Check that a bundle holds what the library does of a title; return the number of records by type."""
    told, kinds = json.loads(packed.read("bundle.json"))["runs"], registry.discover()
    with watchdown.open(stack.library) as library:
        for one in told:
            assert one["title_name"] == NAMES[0]
            files = {PurePath(name).suffix: packed.read(name) for name in one["files"]}
            assert pq.read_table(io.BytesIO(files[".parquet"])).num_rows == one["records"]
            kind = kinds[one["schema_type"]]
            records = [kind.model_validate_json(line) for line in files[".jsonl"].splitlines()]
            assert records == library.records(one["schema_type"], titles=[one["title"]])
    assert set(packed.namelist()) == {"bundle.json", *(name for one in told for name in one["files"])}
    return {one["schema_type"]: one["records"] for one in told}


def test_what_new_titles_lack_is_worked_in_one_pass_then_what_reads_it(untouched: Stack) -> None:
    assert untouched.call("run", "shots", "--on", NAMES[0]).returncode == 0  # unless it is done
    before = len(untouched.jobs())
    run, state = ended(untouched, "new_assets", {})
    assert state == "success"
    assert active(untouched) == dict.fromkeys(NAMES, MEDIA | RECORDS)
    assert worked(untouched)[before:] == [(MEDIA, len(NAMES)), (RECORDS, 1)]  # one image: one decode a title
    tasks = untouched.platform.airflow.api.tasks("new_assets", run)
    began = {one["task_id"]: datetime.fromisoformat(one["start_date"]) for one in tasks}
    assert began["batch.publish"] < began["plan_dependants"] < began["dependants.work"] < began["report"]
    with watchdown.open(untouched.library) as library:
        assert {hit.title_name for hit in library.search("reel", dialogue=True)} == set(NAMES)
        assert {hit.title_name for hit in library.search("red race car")} == set(NAMES)
        assert library.count("Keyframe") == library.count("Shot") == 4


@pytest.mark.parametrize(
    ("dag", "form", "told"),
    [
        ("on_demand", {"titles": "Tiny 0"}, "'Tiny 0' is not of type 'array'"),
        ("on_demand", {}, "titles"),
        ("on_demand", {"titles": []}, "[]"),
        ("on_demand", {"titles": ["Tiny 0"], "algorithms": ["colours"]}, "'colours' is not one of"),
        ("on_demand", {"titles": ["Tiny 0"], "rate": "fast"}, "'fast' is not of type 'null', 'number'"),
        ("new_assets", {"size": 0}, "0 is less than the minimum of 1"),
        ("new_assets", {"size": 2.5}, "2.5 is not of type 'integer'"),
        ("algo.shots", {"tolerance": 1.5}, "1.5 is greater than the maximum of 1"),
    ],
)
def test_a_form_that_is_filled_in_wrong_is_refused_with_the_reason(
    platform: Platform, dag: str, form: dict[str, Any], told: str
) -> None:
    platform.airflow.api.await_dag(dag)
    with pytest.raises(Refused) as refused:
        platform.airflow.api.trigger(dag, form)
    assert refused.value.code == 400
    assert told in str(refused.value)


def test_a_title_that_is_not_there_fails_the_plan_and_is_named_in_its_log(untouched: Stack) -> None:
    before = untouched.batches()
    run, state = ended(untouched, "on_demand", {"titles": [NAMES[0], "Nowhere"], "algorithms": ["shots"]})
    assert state == "failed"
    api = untouched.platform.airflow.api
    tasks = {one["task_id"]: (one["state"], one["try_number"]) for one in api.tasks("on_demand", run)}
    assert {tasks[name] for name in ("plan", "bundle", "report")} == {("failed", 1)}  # retries are in vain
    assert "There is no plan: the log of the task `plan` says why" in api.log("on_demand", run, "report")
    assert "Nowhere: chooses no title here" in api.log("on_demand", run, "plan")
    assert untouched.batches() == before
