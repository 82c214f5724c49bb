from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from services.airflow_script import Script

FAKE = Path(__file__).with_name("fake_watchdown.py")
BATCH = {"batch": "b" * 24, "titles": 3, "algorithms": ["shots"], "image": "worker"}
FORM = {"titles": [], "size": 2, "rate": None, "tolerance": 0.0}
TITLES = ["one", "two", "three"]


class Library:
    """A library of the stand-in, and the operators called on it."""

    def __init__(self, home: Path, stages: Script) -> None:
        self.home, self._stages = home, stages
        (home / "titles.json").write_text(json.dumps(TITLES))
        self.command = home / "watchdown"
        self.command.write_text(
            f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {shlex.quote(str(FAKE))} "$@"\n'
        )
        self.command.chmod(0o755)
        self.extra: dict[str, Any] = {
            "command": str(self.command),
            "library": str(home),
            "namespace": "watchdown",
            "images": {},
            "env_from": "settings",
            "reports_url": "https://reports.example/library/",
        }

    def run(
        self, operator: str, options: dict[str, Any], conf: dict[str, Any] | None = None, **form: Any
    ) -> dict[str, Any]:
        connection = {"conn_type": "watchdown", "extra": self.extra}
        question = {"operator": operator, "options": options, "conf": conf or {}, "connection": connection}
        return dict(self._stages.ask(**question, form=FORM | form))

    def calls(self) -> list[list[str]]:
        """Return the arguments of each call of the command but the library's."""
        lines = (self.home / "calls").read_text().splitlines()
        end = ["--library", str(self.home), "--json"]
        assert all(json.loads(line)[-3:] == end for line in lines)
        return [json.loads(line)[:-3] for line in lines]


@pytest.fixture
def library(tmp_path: Path, stages: Script) -> Library:
    return Library(tmp_path, stages)


def test_the_command_is_shown_as_a_person_would_type_it(library: Library) -> None:
    said = library.run("PlanOperator", {"algorithms": ["shots"]}, titles=["it's one", "two"])
    line = next(line for line in said["log"] if line.startswith("By hand: "))
    typed = shlex.split(line.removeprefix("By hand: "))
    assert typed[0] == str(library.command)
    assert typed[1:-3] == library.calls()[0]
    assert "it's one" in typed
    assert said["log"][said["log"].index(line) + 1] == f"batch of {library.home.name}"


def test_a_plan_hands_on_its_batches_and_keeps_the_rest(library: Library) -> None:
    said = library.run("PlanOperator", {"algorithms": ["shots"]})
    assert [batch["titles"] for batch in said["handed_on"]] == [2, 1]
    assert said["pushed"]["plan"] == {"plan": "p", "up_to_date": 0, "blocked": 0, "waiting": []}
    assert library.calls() == [["batch", "shots", "--size", "2"]]


@pytest.mark.parametrize(
    ("options", "form", "called"),
    [
        ({"over": "media"}, {}, ["batch", "--over", "media", "--size", "2"]),
        (
            {"over": "records"},
            {"titles": ["a"]},
            ["batch", "--over", "records", "--titles", "a", "--size", "2"],
        ),
        ({"over": "media"}, {"algorithms": ["shots"]}, ["batch", "shots", "--size", "2"]),
        (
            {"after": [BATCH], "over": "records", "apart": True},
            {"titles": ["a"], "algorithms": ["shots"]},
            ["batch", "shots", "--readers", "--titles", "a", "--size", "2", "--apart"],
        ),
        (
            {"after": [], "over": "records"},
            {"titles": ["a"]},
            ["batch", "--over", "records", "--titles", "a", "--size", "2"],
        ),
    ],
)
def test_a_plan_is_narrowed_by_form_and_dag(
    library: Library, options: dict[str, Any], form: dict[str, Any], called: list[str]
) -> None:
    (library.home / "batches").mkdir()
    (library.home / "batches" / f"{'b' * 24}.json").write_text(json.dumps(TITLES))
    assert library.run("PlanOperator", options, **form)["error"] is None
    assert library.calls() == [called]


def test_a_misspelt_parameter_is_refused_and_not_taken_for_all_titles(library: Library) -> None:
    said = library.run("PlanOperator", {"algorithms": ["shots"]}, {"title": ["one"]})
    assert said["error"][0] == "AirflowFailException"
    assert said["error"][1].startswith("title is no parameter of this DAG")
    assert said["pushed"] == {"plan": {}}  # the report reads it
    assert not (library.home / "calls").exists()


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (1, "AirflowException"),
        (2, "AirflowFailException"),
        (3, "AirflowFailException"),
        (4, "AirflowException"),
        (10, "AirflowException"),
    ],
)
def test_an_exit_code_says_whether_trying_again_may_help(library: Library, code: int, kind: str) -> None:
    (library.home / "load.fails").write_text(str(code))
    said = library.run("LoadOperator", {"stage": "load", "batch": BATCH})
    cause = f"watchdown load ended with exit code {code}: load cannot: the server is away"
    assert said["error"] == [kind, cause]


def test_a_program_that_is_not_there_is_named_with_the_connection(library: Library) -> None:
    library.extra["command"] = "no-such-watchdown"
    said = library.run("StageOperator", {"stage": "publish", "batch": BATCH})
    cause = "no-such-watchdown cannot be started: No such file or directory"
    remedy = "See `command` in connection watchdown_default, and the titles in the form"
    assert said["error"] == ["AirflowFailException", f"{cause}. {remedy}."]


def test_a_title_that_no_command_can_be_given_is_refused(library: Library) -> None:
    said = library.run("PlanOperator", {"algorithms": ["shots"]}, titles=["a\0b"])
    assert said["error"][0] == "AirflowFailException"
    assert "cannot be started: embedded null byte" in said["error"][1]


def test_what_is_no_json_is_shown(library: Library) -> None:
    library.extra["command"] = "echo"
    said = library.run("StageOperator", {"stage": "publish", "batch": BATCH})
    assert said["error"][0] == "AirflowFailException"
    assert "printed no JSON: 'publish --batch" in said["error"][1]


def test_a_wrong_setting_fails_at_once_and_is_named(library: Library) -> None:
    library.extra["model"] = "http://triton"
    said = library.run("StageOperator", {"stage": "publish", "batch": BATCH})
    assert said["error"][0] == "AirflowFailException"
    assert said["error"][1].startswith("connection watchdown_default: model: ")


@pytest.mark.parametrize("wrapped", [0, 1, 2])
def test_lost_titles_are_recorded_with_their_causes(library: Library, wrapped: int) -> None:
    worked: Any = {"reason": "FailedIndexes", "completed": 2, "lost": {"1": "no frame can be decoded"}}
    for _ in range(wrapped):  # as a trigger's XCom arrives
        worked = json.dumps(worked)
    assert library.run("RecordOperator", {"batch": BATCH, "worked": worked})["error"] is None
    assert library.calls() == [["record", "--batch", "b" * 24, "--lost", "1=no frame can be decoded"]]


def test_where_no_job_was_worked_all_titles_are_recorded_as_lost(library: Library) -> None:
    said = library.run("RecordOperator", {"batch": BATCH, "worked": None})
    assert said["error"] is None
    [call] = library.calls()
    lost = [part.partition("=") for part in call if "=" in part]
    assert [index for index, _, _ in lost] == ["0", "1", "2"]
    assert {cause for _, _, cause in lost} == {"its Job was not worked: the log of the task `work` says why"}


def test_a_rate_is_handed_to_the_loader(library: Library) -> None:
    library.run("LoadOperator", {"stage": "load", "batch": BATCH}, rate=12.5)
    assert library.calls() == [["load", "--batch", "b" * 24, "--rate", "12.5"]]


@pytest.mark.parametrize(
    ("operator", "options", "link", "key"),
    [
        (
            "ValidateOperator",
            {"stage": "validate", "batch": BATCH},
            "Great Expectations",
            f"reports/{'b' * 24}/docs/index.html",
        ),
        ("BundleOperator", {"plan": []}, "Bundle", "bundles/heat-rain.zip"),
    ],
)
def test_what_a_stage_leaves_in_storage_is_linked(
    library: Library, operator: str, options: dict[str, Any], link: str, key: str
) -> None:
    form: dict[str, Any] = {"titles": ["heat", "rain"], "algorithms": ["shots"]}
    said = library.run(operator, options, **form)
    assert said["links"] == {link: f"https://reports.example/library/{key}"}
    del library.extra["reports_url"]
    assert library.run(operator, options, **form)["links"] == {link: ""}


def test_a_bundle_has_what_the_form_names_though_nothing_was_to_be_done(library: Library) -> None:
    library.run("BundleOperator", {"plan": []}, titles=["heat", "rain"], algorithms=["shots"])
    assert library.calls() == [["bundle", "shots", "--titles", "heat", "--titles", "rain"]]
    said = library.run("BundleOperator", {"plan": None}, titles=["heat"], algorithms=[])
    assert said["error"] == ["AirflowFailException", "There is no plan: the log of the task `plan` says why"]


def test_a_report_judges_all_batches_and_a_bad_share_is_red(library: Library) -> None:
    [first, second] = library.run("PlanOperator", {"algorithms": ["shots"]})["handed_on"]
    for batch, lost in ((first, ["0=bad"]), (second, [])):
        (library.home / f"{batch['batch']}.lost").write_text("\n".join(lost))
    plans = {"batches": [[first, second], []]}
    said = library.run("ReportOperator", plans, tolerance=0.5)
    assert said["error"] is None
    assert library.calls()[-1] == [
        *("report", "--batch", first["batch"], "--batch", second["batch"], "--tolerance", "0.5"),
        *("--blocked", "0", "--via", "airflow"),
    ]
    said = library.run("ReportOperator", plans)
    assert said["error"] == ["AirflowFailException", "failed: 0=bad"]  # a verdict: not to be tried again
    (library.home / "report.fails").write_text("1")
    said = library.run("ReportOperator", plans)
    cause = "watchdown report ended with exit code 1: report cannot: the server is away"
    assert said["error"] == ["AirflowException", cause]


def test_titles_that_could_not_be_planned_are_no_success(library: Library) -> None:
    plans = {"batches": [[], []], "plans": [{"blocked": 2}, {"blocked": 1}]}
    said = library.run("ReportOperator", plans)
    assert said["error"][0] == "AirflowFailException"
    assert library.calls()[-1][-4:] == ["--blocked", "3", "--via", "airflow"]


def test_without_a_plan_a_report_is_red(library: Library) -> None:
    said = library.run("ReportOperator", {"batches": [None]})
    assert said["error"] == ["AirflowFailException", "There is no plan: the log of the task `plan` says why"]
    assert not (library.home / "calls").exists()
