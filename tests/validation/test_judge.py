from __future__ import annotations

import copy
import html
import json
import logging
import re
import subprocess
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from watchdown.validation.judge import judge
from watchdown.validation.judgement import Judgement
from watchdown.validation.profile import Profile
from watchdown_schemas.derived.expectations import Suite, expectation_suite
from watchdown_schemas.errors import WatchdownError
from watchdown_schemas.quality import Quality, QualityOverride
from watchdown_schemas.time import NS
from watchdown_schemas.types import Embedding, Shot

MINUTE = 60 * NS
SHOTS = ("shots", Shot.schema_label())
VECTORS = ("looks", Embedding.schema_label())
EMPTY: dict[str, Any] = {"rows": 0, "rows_per_minute": None, "covered_ns": None, "coverage": None}
NAMES = [
    "Alien",
    "Brazil",
    "Casablanca",
    "Dune",
    "Élite",
    "Fargo",
    "<b>Gilda & Co</b>",
    "Heat",
    "Ida",
    "Jaws",
]


def row(number: int, key: tuple[str, str] = SHOTS, **measures: Any) -> Profile:
    """Return the profile of a sound title, with the measures given in place of its own."""
    sound: dict[str, Any] = {
        "algorithm": key[0],
        "schema": key[1],
        "title": f"t{number}",
        "name": NAMES[number % len(NAMES)],
        "run": number + (100 if key == VECTORS else 0),
        "duration_ns": MINUTE,
        "rows": 10,
        "rows_per_minute": 10.0,
        "covered_ns": MINUTE,
        "coverage": 1.0,
        "vector_variance": 0.4 if key == VECTORS else None,
        "confidence": None,
        "drift": None,
    }
    return Profile(**(sound | measures))


def judged(
    folder: Path, rows: Sequence[Profile], shots: Quality, vectors: Quality | None = None
) -> Judgement:
    suites = {
        SHOTS: expectation_suite(Shot, shots),
        VECTORS: expectation_suite(Embedding, vectors or Quality()),
    }
    return judge(rows, suites, folder)


def text(page: Path) -> str:
    """Return what a person reads on a page of the Data Docs."""
    bare = re.sub(r"<(script|style)\b.*?</\1>", "", page.read_text("utf-8"), flags=re.DOTALL)
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", bare)))


def said(judgement: Judgement) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(judgement.report.read_text("utf-8"))
    return report


def test_a_batch_within_its_bounds_passes(tmp_path: Path) -> None:
    bounds = Quality(coverage=(0.99, 1), rows_per_minute=(1, 60), empty_share_max=0, drift_max=0.5)
    judgement = judged(tmp_path / "b1", [row(1), row(2, drift=0.5), row(3, coverage=0.99)], bounds)
    assert judgement.passed
    assert judgement.failures == ()
    assert said(judgement) == {
        "batch": "b1",
        "passed": True,
        "judged": [
            {
                "algorithm": "shots",
                "schema": Shot.schema_label(),
                "titles": 3,
                "expectations": 4,
                "page": said(judgement)["judged"][0]["page"],
            }
        ],
        "failures": [],
    }


@pytest.mark.parametrize(
    ("bounds", "wrong", "column", "bound"),
    [
        (Quality(rows_per_minute=(1, 60)), {"rows_per_minute": 0.5}, "rows_per_minute", (1.0, 60.0)),
        (Quality(rows_per_minute=(None, 60)), {"rows_per_minute": 61.0}, "rows_per_minute", (None, 60.0)),
        (Quality(coverage=(0.9, 1)), {"coverage": 0.25}, "coverage", (0.9, 1.0)),
        (Quality(confidence=(0.2, None)), {"confidence": 0.1}, "confidence", (0.2, None)),
        (Quality(vector_variance_min=0.01), {"vector_variance": 0.0}, "vector_variance", (0.01, None)),
        (Quality(drift_max=0.5), {"drift": -1.0}, "drift", (-0.5, 0.5)),
        (Quality(drift_max=0.5), {"drift": 0.75}, "drift", (-0.5, 0.5)),
    ],
)
def test_each_bound_names_the_titles_outside_with_what_was_observed(
    tmp_path: Path,
    bounds: Quality,
    wrong: dict[str, float],
    column: str,
    bound: tuple[float | None, float | None],
) -> None:
    judgement = judged(tmp_path / "b", [row(1), row(2, **wrong), row(3)], bounds)
    assert not judgement.passed
    (failure,) = judgement.failures
    assert (failure.algorithm, failure.schema, failure.column) == (*SHOTS, column)
    assert (failure.bound, failure.allowed, failure.severity) == (bound, 0, "critical")
    (fault,) = failure.faults
    assert (fault.title, fault.name, fault.run, fault.observed) == ("t2", NAMES[2], 2, *wrong.values())
    assert said(judgement)["failures"] == [
        {
            "algorithm": "shots",
            "schema": Shot.schema_label(),
            "expectation": "expect_column_values_to_be_between",
            "column": column,
            "bound": [*bound],
            "allowed": 0,
            "observed": failure.observed,
            "severity": "critical",
            "faults": [{"title": "t2", "name": NAMES[2], "run": 2, "observed": next(iter(wrong.values()))}],
        }
    ]


def test_titles_without_rows_pass_up_to_their_share_and_are_all_named_beyond(tmp_path: Path) -> None:
    bounds = Quality(coverage=(0.9, 1), empty_share_max=0.2)
    rows = [row(1, **EMPTY), row(2), row(3), row(4), row(5)]
    assert judged(tmp_path / "b1", rows, bounds).passed
    judgement = judged(tmp_path / "b2", [*rows, row(6, **EMPTY)], bounds)
    (failure,) = judgement.failures
    assert (failure.column, failure.bound, failure.allowed) == ("rows", (1.0, None), 0.2)
    assert failure.observed == pytest.approx(1 / 3)
    assert [fault.run for fault in failure.faults] == [1, 6]
    assert failure.reason(failure.faults[0]) == (
        f"rows of {Shot.schema_label()} is 0, not at least 1; 33.3% of the titles are like that, 20.0% may be"
    )


def test_a_reason_says_what_was_observed_and_what_was_expected(tmp_path: Path) -> None:
    judgement = judged(tmp_path / "b", [row(1, coverage=1 / 3)], Quality(coverage=(0.9, 1)))
    (failure,) = judgement.failures
    reason = f"coverage of {Shot.schema_label()} is 0.3333, not at least 0.9 and at most 1"
    assert failure.reason(failure.faults[0]) == reason


def test_algorithms_and_types_of_a_batch_are_judged_apart_in_one_report(tmp_path: Path) -> None:
    rows = [row(1), row(1, VECTORS), row(2, VECTORS, vector_variance=0.0), row(2, coverage=0.5)]
    judgement = judged(tmp_path / "b", rows, Quality(coverage=(0.9, 1)), Quality(vector_variance_min=0.01))
    found = {(f.algorithm, f.column): [fault.run for fault in f.faults] for f in judgement.failures}
    assert found == {("shots", "coverage"): [2], ("looks", "vector_variance"): [102]}
    assert {path.name for path in (tmp_path / "b").iterdir()} == {"report.json", "docs", "profiles"}
    assert len({entry["page"] for entry in said(judgement)["judged"]}) == 2


def test_an_algorithm_overrides_its_type(tmp_path: Path) -> None:
    override = QualityOverride.model_validate({"coverage": [0.4, 1], "severity": "warning"})
    rows = [row(1, coverage=0.5)]
    assert not judged(tmp_path / "b1", rows, Quality(coverage=(0.9, 1))).passed
    assert judged(tmp_path / "b2", rows, override.over(Quality(coverage=(0.9, 1)))).passed
    warned = judged(tmp_path / "b3", [row(1, coverage=0.3)], override.over(Quality()))
    assert [failure.severity for failure in warned.failures] == ["warning"]


def test_the_data_docs_name_the_titles_and_the_bounds(tmp_path: Path) -> None:
    rows = [row(1), row(2, coverage=0.25), row(4, coverage=0.5)]
    judgement = judged(tmp_path / "b", rows, Quality(coverage=(0.9, 1), drift_max=0.5))
    (entry,) = said(judgement)["judged"]
    page = text(tmp_path / "b" / entry["page"])
    assert "values must be greater than or equal to 0.9 and less than or equal to 1.0" in page
    assert "0.25 1 Casablanca (t2) 2" in page
    assert "0.5 1 Élite (t4) 4" in page
    assert "Alien" not in page
    assert judgement.docs == tmp_path / "b" / "docs" / "index.html"
    assert f"shots.{Shot.schema_label()}" in judgement.docs.read_text("utf-8")


def test_the_data_docs_name_every_title_at_fault_of_a_large_batch(tmp_path: Path) -> None:
    rows = [row(number, coverage=number / 100) for number in range(60)]
    judgement = judged(tmp_path / "b", rows, Quality(coverage=(0.9, 1)))
    assert len(judgement.failures[0].faults) == 60
    page = text(tmp_path / "b" / said(judgement)["judged"][0]["page"])
    assert all(f"(t{number})" in page for number in range(60))


def test_a_name_cannot_put_markup_into_the_data_docs(tmp_path: Path) -> None:
    evil = "<script>alert('x')</script> $name {{ 7 * 7 }} %s \"&amp;"
    judgement = judged(tmp_path / "b", [row(1, name=evil, coverage=0.0)], Quality(coverage=(0.9, 1)))
    assert [fault.name for fault in judgement.failures[0].faults] == [evil]
    pages = [path.read_text("utf-8") for path in (tmp_path / "b" / "docs").rglob("*.html")]
    assert not any("<script>alert" in page for page in pages)
    assert f"{evil} (t1)" in text(tmp_path / "b" / said(judgement)["judged"][0]["page"])


def test_the_data_docs_are_whole_and_small(tmp_path: Path) -> None:
    judged(tmp_path / "b", [row(1)], Quality(coverage=(0.9, 1)))
    docs = tmp_path / "b" / "docs"
    for page in docs.rglob("*.html"):
        for link in re.findall(r'href="(?!https?:)([^"?#]+\.html)', page.read_text("utf-8")):
            assert (page.parent / link).exists(), link
    assert sum(path.stat().st_size for path in docs.rglob("*") if path.is_file()) < 1_500_000


def test_profiles_are_kept_as_they_were_judged(tmp_path: Path) -> None:
    judged(tmp_path / "b", [row(1), row(6, **EMPTY)], Quality())
    (file,) = (tmp_path / "b" / "profiles").iterdir()
    kept = pq.read_table(file).drop_columns(["name_and_id"]).to_pylist()
    assert [Profile(**values) for values in kept] == [row(1), row(6, **EMPTY)]


@pytest.mark.parametrize("measure", ["rows_per_minute", "coverage", "confidence", "vector_variance", "drift"])
def test_a_measure_that_no_title_has_is_not_judged(tmp_path: Path, measure: str) -> None:
    bounds = Quality(
        rows_per_minute=(1, 2), coverage=(0.5, 0.6), confidence=(0.5, 1), vector_variance_min=1, drift_max=0
    )
    rows = [row(1, **{measure: None}), row(2, **{measure: None})]
    assert measure not in {f.column for f in judged(tmp_path / "b", rows, bounds).failures}


def test_a_later_judgement_takes_the_place_of_an_earlier_one(tmp_path: Path) -> None:
    assert not judged(
        tmp_path / "b", [row(1, coverage=0.0), row(1, VECTORS)], Quality(coverage=(0.9, 1))
    ).passed
    judgement = judged(tmp_path / "b", [row(1)], Quality(coverage=(0.9, 1)))
    assert said(judgement)["failures"] == []
    assert len(list((tmp_path / "b" / "docs" / "validations").rglob("*.html"))) == 1
    assert len(list((tmp_path / "b" / "profiles").iterdir())) == 1


def test_a_batch_of_nothing_is_judged(tmp_path: Path) -> None:
    judgement = judge([], {}, tmp_path / "b")
    assert (judgement.passed, judgement.docs) == (True, None)
    assert said(judgement)["judged"] == []


def test_a_suite_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(WatchdownError, match=r"shots\.Shot\.\d+: has no expectation suite"):
        judge([row(1)], {}, tmp_path / "b")


def unknown(suite: Suite) -> None:
    suite["expectations"][0]["type"] = "expect_nonsense"


def another_argument(suite: Suite) -> None:
    suite["expectations"][0]["kwargs"]["foo"] = 1


def no_type(suite: Suite) -> None:
    del suite["expectations"][0]["type"]


def another_column(suite: Suite) -> None:
    suite["expectations"][0]["kwargs"]["column"] = "absent"


def of_the_table(suite: Suite) -> None:
    suite["expectations"][0] = {"type": "expect_table_row_count_to_equal", "kwargs": {"value": 9}}


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (unknown, "has an unknown expectation"),
        (another_argument, "has no sound suite: .*extra fields not permitted"),
        (no_type, "has no sound suite: .*type"),
        (another_column, 'could not be judged: .*"absent".* does not exist'),
        (of_the_table, "could not be judged: it is not about the values of a column"),
    ],
)
def test_a_suite_that_cannot_be_judged_is_an_error_and_no_verdict(
    tmp_path: Path, spoil: Callable[[Suite], None], told: str
) -> None:
    suite = copy.deepcopy(expectation_suite(Shot, Quality(coverage=(0.9, 1))))
    spoil(suite)
    with pytest.raises(WatchdownError, match=told):
        judge([row(1)], {SHOTS: suite}, tmp_path / "b")
    assert not (tmp_path / "b" / "report.json").exists()


def test_log_and_warnings_of_the_process_are_as_they_were(tmp_path: Path) -> None:
    log = logging.getLogger("great_expectations")
    before = (log.level, log.propagate, [*log.handlers], warnings.showwarning, [*warnings.filters])
    judged(tmp_path / "b", [row(1, coverage=0.0)], Quality(coverage=(0.9, 1)))
    assert (log.level, log.propagate, [*log.handlers], warnings.showwarning, [*warnings.filters]) == before


PROGRAM = """
import logging, sys, warnings
logging.basicConfig(level=logging.INFO)
outside = []
def watch(event, arguments):
    if event in {"socket.connect", "socket.sendto", "socket.getaddrinfo", "subprocess.Popen"}:
        outside.append((event, arguments))
    written = event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")
    if (written or event == "os.mkdir") and "batch" not in str(arguments[0]):
        outside.append((event, arguments))
sys.addaudithook(watch)
from pathlib import Path
from watchdown.validation.judge import judge
from watchdown.validation.profile import profile
from watchdown_schemas.derived.expectations import expectation_suite
from watchdown_schemas.quality import Quality
from watchdown_schemas.types import Shot
row = profile([], Shot, algorithm="shots", title="t", name="T", run=1, duration_ns=1)
def judged(quality):
    suites = {("shots", Shot.schema_label()): expectation_suite(Shot, quality)}
    return judge([row], suites, Path("batch"))
show = warnings.showwarning
assert judged(Quality()).passed
assert sys.modules.get("great_expectations") is None
assert not judged(Quality(empty_share_max=0)).passed
assert "great_expectations" in sys.modules
assert warnings.showwarning is show
assert not outside, outside
"""


def run(program: str, folder: Path) -> subprocess.CompletedProcess[str]:
    surroundings = {"HOME": str(folder / "home"), "TMPDIR": str(folder), "PATH": ""}
    command = [sys.executable, "-B", "-W", "error", "-c", program]
    return subprocess.run(command, cwd=folder, env=surroundings, capture_output=True, text=True, check=False)


def test_the_first_judgement_prints_nothing_and_reaches_for_nothing_outside_its_folder(
    tmp_path: Path,
) -> None:
    done = run(PROGRAM, tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert [path.name for path in tmp_path.iterdir()] == ["batch"]


def test_where_great_expectations_is_missing_the_remedy_names_the_extra(tmp_path: Path) -> None:
    absent = 'import sys; sys.modules["great_expectations"] = None\n'  # as Python marks what is not there
    done = run(absent + PROGRAM, tmp_path)
    assert (
        "great_expectations: is not installed. Install it with: pip install 'watchdown[quality]'."
        in done.stderr
    )
