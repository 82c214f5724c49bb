"""Each DAG from its plan to its report in one process, its Jobs on the cluster: no server of Airflow's."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import pytest

import watchdown
from e2e.stack import PROGRAM, batches_of, jobs_of, spoil, tiny
from services.airflow_script import Script
from services.kubernetes.cluster import Kubernetes
from services.kubernetes.jobs import new_namespace
from services.opensearch import OpenSearch
from services.platform import Servers
from services.s3 import S3
from services.tools import Missing
from services.triton import Triton
from watchdown.client.opening import opened
from watchdown.storage import keys
from watchdown_algos.discovery import discover

NAMES = ("Tiny 0", "Tiny 1")
TITLES = len(NAMES)
STAGES = ("work", "record", "validate", "load", "publish")


@dataclass(frozen=True)
class Dags:
    """The DAGs, the servers that they work on, and a folder for libraries."""

    script: Script
    servers: Servers
    home: Path

    def library(self, name: str) -> Path:
        """Return a library of tiny titles with subtitles, of which nothing is known."""
        return tiny(self.servers, self.home / name, TITLES, spoken=True)

    def run(self, dag: str, library: Path, **form: Any) -> tuple[str, list[str]]:
        """Run a DAG over a library; return its state, and its tasks that were not skipped, with states."""
        connections = self.servers.connections(library, PROGRAM)
        ended = self.script.ask(dag=dag, form=form, connections=connections)
        tasks = [f"{name} {state}" for name, _, state in ended["tasks"]]
        return ended["state"], tasks


@pytest.fixture(scope="module")
def dags(  # noqa: PLR0917 - fixtures
    kubernetes: Kubernetes,
    triton: Triton,
    postgresql_url: str,
    s3_server: S3,
    opensearch_server: OpenSearch,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Dags]:
    """Start what runs DAGs; where this machine cannot have Airflow the tests are skipped, in CI they fail."""
    home = tmp_path_factory.mktemp("every-dag")
    (home / "airflow").mkdir()
    try:
        script = Script(Path(__file__).with_name("in_airflow") / "every_dag.py", home / "airflow")
    except Missing as missing:
        if os.environ.get("CI"):
            pytest.fail(f"airflow: {missing}", pytrace=False)
        pytest.skip(f"airflow: {missing}")
    namespace = new_namespace(kubernetes)
    servers = Servers(postgresql_url, s3_server, opensearch_server, triton, kubernetes, namespace=namespace)
    yield Dags(script, servers, home)
    script.end()


def ordered() -> list[str]:
    """Return the algorithms, each after those whose records it reads."""
    known = {one.manifest.name: one.manifest for one in discover().values()}
    makers = {schema: name for name, one in known.items() for schema in one.produces}
    after = {
        name: {makers[one] for one in manifest.consumes if one in makers} for name, manifest in known.items()
    }
    return list(TopologicalSorter(after).static_order())


def all_went(*groups: str, more: tuple[str, ...] = ()) -> list[str]:
    """Return the tasks of a run that went well, whose plans came to one batch each."""
    names = [f"{group}.{stage}" for group in groups for stage in STAGES]
    return sorted(f"{name} success" for name in ("plan", "report", *more, *names))


def worked(dags: Dags, library: Path) -> list[tuple[str, int]]:
    """Return what the Jobs of a library worked, each of them at its end: algorithms and number of titles."""
    jobs = jobs_of(dags.servers, library)
    assert set(jobs) == batches_of(library)
    for job in jobs.values():
        assert job["status"]["succeeded"] == job["spec"]["completions"]
        assert {one["type"] for one in job["status"]["conditions"]} >= {"Complete"}
    notes = ((job["metadata"]["annotations"], job["spec"]["completions"]) for job in jobs.values())
    return sorted((note["watchdown/algorithms"], titles) for note, titles in notes)


def states(library: Path) -> dict[tuple[str, str], str]:
    """Return the state of each run, by title and algorithm; there is one of each."""
    with watchdown.open(library) as found:
        runs = found.runs()
        names = {title.id: title.name for title in found.titles()}
    assert len({(run.title, run.algorithm) for run in runs}) == len(runs)
    return {(names[run.title], run.algorithm): run.state for run in runs}


def test_each_algorithm_has_a_dag_that_brings_its_records_to_readers(dags: Dags) -> None:
    library, algorithms = dags.library("algorithms"), ordered()
    assert dags.script.ask() == sorted([*(f"algo.{name}" for name in algorithms), "new_assets", "on_demand"])
    for done, name in enumerate(algorithms):
        assert dags.run(f"algo.{name}", library) == ("success", all_went("batch")), name
        assert worked(dags, library) == sorted((one, TITLES) for one in algorithms[: done + 1])
    assert states(library) == {(title, name): "active" for title in NAMES for name in algorithms}
    with watchdown.open(library) as found:
        for run in found.runs():
            for schema, count in run.counts.items():
                assert found.count(schema, titles=[run.title]) == count > 0
        assert {hit.title_name for hit in found.search("reel", dialogue=True)} == set(NAMES)
        assert {hit.title_name for hit in found.search("red race car")} == set(NAMES)
    again = dags.run(f"algo.{algorithms[0]}", library)  # there is nothing left to do, which is no failure
    assert again[0] == "success"
    assert [task for task in again[1] if task.endswith("success")] == ["plan success", "report success"]


def test_one_title_is_run_on_demand_and_the_rest_as_new_assets(dags: Dags) -> None:
    library = dags.library("assets")
    ended = dags.run("on_demand", library, titles=[NAMES[0]], algorithms=["shots"])
    assert ended == ("success", all_went("batch", "dependants", more=("bundle", "plan_dependants")))
    assert worked(dags, library) == [("keyframes", 1), ("shots", 1)]
    assert states(library) == {(NAMES[0], "shots"): "active", (NAMES[0], "keyframes"): "active"}
    with opened(library) as services:
        assert len(list(services.storage.list(keys.BUNDLES))) == 1
    ended = dags.run("new_assets", library)
    assert ended == ("success", all_went("batch", "dependants", more=("plan_dependants",)))
    media = {frozenset(names.split(",")) for names, titles in worked(dags, library) if titles == TITLES}
    assert media == {frozenset({"dialogue", "shots", "visual-embedding"})}  # one image, one Job
    assert states(library) == {(title, name): "active" for title in NAMES for name in ordered()}


def test_a_poison_title_turns_the_run_red_and_the_others_are_published(dags: Dags) -> None:
    library = dags.library("poison")
    spoil(library, NAMES[1])
    state, tasks = dags.run("algo.shots", library)
    assert state == "failed"
    assert [task for task in tasks if not task.endswith("success")] == ["report failed"]
    assert states(library) == {(NAMES[0], "shots"): "active", (NAMES[1], "shots"): "failed"}
    [job] = jobs_of(dags.servers, library).values()
    assert (job["status"]["completedIndexes"], job["status"]["failedIndexes"]) == ("0", "1")
    assert job["status"]["failed"] == 1  # it was not tried again
