from __future__ import annotations

import json
import re
from typing import Any

import pytest

from services.airflow_script import Script
from watchdown_algos.discovery import built_in

ALGORITHMS = [known.manifest for known in built_in()]
STAGES = ["work", "record", "validate", "load", "publish"]


@pytest.fixture(scope="session")
def found(dag_folder: Script) -> dict[str, Any]:
    return dict(dag_folder.ask(what="folder"))


@pytest.fixture(scope="session")
def dags(found: dict[str, Any]) -> dict[str, Any]:
    return dict(found["dags"])


def test_there_is_a_dag_for_each_algorithm_and_two_more(found: dict[str, Any], dags: dict[str, Any]) -> None:
    assert found["errors"] == {}
    assert set(dags) == {"new_assets", "on_demand", *(f"algo.{one.name}" for one in ALGORITHMS)}


def test_reading_the_dags_imports_no_algorithm_nor_what_is_heavy(found: dict[str, Any]) -> None:
    assert found["imported"] == []


def test_a_dag_outlives_the_database(dags: dict[str, Any]) -> None:
    assert all(sorted(dag["tasks"]) == dag["read"] for dag in dags.values())


def test_a_batch_goes_through_its_stages_one_after_the_other(dags: dict[str, Any]) -> None:
    for dag in dags.values():
        groups = {name.partition(".")[0] for name in dag["tasks"] if "." in name}
        for group in groups:
            tasks = [dag["tasks"][f"{group}.{stage}"] for stage in STAGES]
            assert all(task["mapped"] for task in tasks)
            for before, task in zip(STAGES, tasks[1:], strict=False):
                assert f"{group}.{before}" in task["after"]


def test_an_algorithms_dag_plans_works_and_judges(dags: dict[str, Any]) -> None:
    tasks = dags["algo.shots"]["tasks"]
    assert set(tasks) == {"plan", "report", *(f"batch.{stage}" for stage in STAGES)}
    assert "plan" in tasks["batch.work"]["after"]
    assert "batch.publish" in tasks["report"]["after"]


def test_dependants_come_after_what_they_depend_on(dags: dict[str, Any]) -> None:
    for name in ("new_assets", "on_demand"):
        tasks = dags[name]["tasks"]
        assert "batch.publish" in tasks["plan_dependants"]["after"]
        assert "plan_dependants" in tasks["dependants.work"]["after"]
        assert "dependants.publish" in tasks["report"]["after"]
    bundle = dags["on_demand"]["tasks"]["bundle"]
    assert not bundle["mapped"]  # one file
    assert {"plan", "dependants.publish"} <= set(bundle["after"])


def test_who_must_run_whatever_happened_does(dags: dict[str, Any]) -> None:
    always = {"record", "report", "plan_dependants", "bundle"}
    for dag in dags.values():
        for name, task in dag["tasks"].items():
            rule = "all_done" if name.rpartition(".")[2] in always else "all_success"
            assert task["rule"] == rule, name


def test_a_plan_is_not_tried_again_and_all_else_is(dags: dict[str, Any]) -> None:
    once = {"plan", "plan_dependants"}
    for dag in dags.values():
        assert {name: task["retries"] for name, task in dag["tasks"].items()} == {
            name: 0 if name in once else 2 for name in dag["tasks"]
        }


def test_a_dag_runs_when_it_is_asked(dags: dict[str, Any]) -> None:
    assert not any(dag["paused"] or dag["schedule"] for dag in dags.values())


def test_the_report_and_the_bundle_are_linked(dags: dict[str, Any]) -> None:
    assert dags["algo.shots"]["links"] == {"batch.validate": ["Great Expectations"]}
    assert dags["on_demand"]["links"]["bundle"] == ["Bundle"]


def test_each_dag_has_a_page_of_its_own_that_says_what_to_do(dags: dict[str, Any]) -> None:
    pages = {name: dag["doc"] for name, dag in dags.items()}
    assert len(set(pages.values())) == len(pages)
    for name, page in pages.items():
        assert "A title failed, what now" in page
        assert all(f"`{param}`" in page for param in dags[name]["params"])
        assert all(f"watchdown {stage} --batch B" in page for stage in [*STAGES, "report"])
    for one in ALGORITHMS:
        page = pages[f"algo.{one.name}"]
        assert all(
            part in page for part in (one.name, one.version, one.summary, *one.consumes, *one.produces)
        )
        assert f"watchdown batch {one.name}" in page


def test_a_task_builds_no_more_than_its_own_dag(dag_folder: Script) -> None:
    assert dag_folder.ask(what="only", dag="algo.shots") == ["algo.shots"]
    assert dag_folder.ask(what="only", dag="new_assets") == ["new_assets"]


GOOD = [
    {},
    {"titles": ["porridge"], "size": 1, "rate": 0.5, "tolerance": 1},
    {"titles": [], "size": 1000, "rate": None, "tolerance": 0},
]
BAD = {
    "titles": ["porridge", [1], [""], ["a", "a"]],
    "size": [0, 1001, 1.5, "20", None],
    "rate": [0, -1, "fast"],
    "tolerance": [-0.1, 1.1, None],
}


def test_a_form_takes_what_it_says_and_nothing_else(dag_folder: Script) -> None:
    forms = [{name: value} for name, values in BAD.items() for value in values]
    said = dag_folder.ask(what="forms", dag="algo.shots", forms=[*GOOD, *forms])
    assert said[: len(GOOD)] == [None] * len(GOOD)
    for form, refused in zip(forms, said[len(GOOD) :], strict=True):
        assert refused is not None, form
        assert re.search(f"param {next(iter(form))}", refused)


def test_on_demand_wants_a_title_and_known_algorithms(dag_folder: Script) -> None:
    title = {"titles": ["porridge"]}
    forms: list[dict[str, Any]] = [
        title,
        title | {"algorithms": ["shots", "dialogue"]},
        {},
        {"titles": []},
        title | {"algorithms": ["no-such"]},
    ]
    said = dag_folder.ask(what="forms", dag="on_demand", forms=forms)
    assert said[:2] == [None, None]
    assert all(said[2:])
    assert json.dumps(said).count("no-such") == 1
