"""`watchdown backfill` by hand, on a folder: which titles it takes, and what it says and ends with."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import watchdown
from e2e.conftest import Call, Said
from watchdown.cli.exit_codes import ExitCode
from watchdown_algos.drawn.film import film_of
from watchdown_algos.drawn.write import write_film

NAMES = ("Night Ferry", "Night Train", "Noon")


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Draw three short films."""
    folder = tmp_path_factory.mktemp("films")
    for number, name in enumerate(NAMES):
        write_film(film_of(80 + number, name=name, shots=2, seconds=(0.5, 0.7)), folder / f"{name}.mp4")
    return [folder / f"{name}.mp4" for name in NAMES]


@pytest.fixture
def library(films: list[Path], tmp_path: Path) -> Path:
    """Give a library that knows nothing of them but that `Noon` is of the second season."""
    place = tmp_path / "library"
    with watchdown.open(place, create=True) as found:
        found.add(*films, only=())
        (tmp_path / "titles.csv").write_text("title,season:number\nNoon,2\n")
        found.import_titles(tmp_path / "titles.csv")
    return place


def said_of(said: Said) -> tuple[int, dict[str, Any]]:
    """Return the number of a backfill, its first line, and the report, its last."""
    first, last = said.out.splitlines()
    return json.loads(first)["backfill"], json.loads(last)


def done(library: Path) -> set[str]:
    """Return the names of the titles that have shots."""
    with watchdown.open(library) as found:
        names = {title.id: title.name for title in found.titles()}
        return {names[run.title] for run in found.runs() if (run.algorithm, run.state) == ("shots", "active")}


@pytest.mark.parametrize(
    ("wanted", "taken"),
    [
        ([], set(NAMES)),
        (["Noon"], {"Noon"}),
        (["Night*"], {"Night Ferry", "Night Train"}),
        (["season:2"], {"Noon"}),
        (["Night T*", "season:2", "Noon"], {"Night Train", "Noon"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_titles_are_chosen_by_name_pattern_and_metadata(
    call: Call, library: Path, wanted: list[str], taken: set[str]
) -> None:
    titles = [part for one in wanted for part in ("--titles", one)]
    said = call("backfill", "shots", "--only", *titles, "--library", library)
    assert (said.code, said.errors) == (ExitCode.OK, [])
    assert said.out.splitlines()[-1] == f"{len(taken)} of {len(taken)} runs are published, 0 failed."
    assert done(library) == taken


def test_a_title_is_chosen_by_its_id(call: Call, library: Path) -> None:
    with watchdown.open(library) as found:
        [title] = [one.id for one in found.titles() if one.name == "Night Train"]
    assert call("backfill", "shots", "--only", "--titles", title, "--library", library).code == ExitCode.OK
    assert done(library) == {"Night Train"}


@pytest.mark.parametrize("wanted", ["Dusk", "Dawn*", "season:3", "colour:red", ""])
def test_what_chooses_no_title_is_refused_before_anything_is_planned(
    call: Call, library: Path, wanted: str
) -> None:
    said = call("backfill", "shots", "--titles", "Noon", "--titles", wanted, "--library", library)
    [error] = said.errors
    assert (said.code, said.out) == (ExitCode.NOT_FOUND, "")
    assert "chooses no title here" in error
    with watchdown.open(library) as found:
        assert found.runs() == []


def test_an_algorithm_that_is_not_there_is_named_with_those_that_are(call: Call, library: Path) -> None:
    said = call("backfill", "colours", "--library", library)
    assert said.code == ExitCode.NOT_FOUND
    assert re.search(r"colours: is no known algorithm\. Known: .*shots", said.errors[0])


def test_each_stage_is_told_and_the_report_is_json(call: Call, library: Path) -> None:
    said = call("backfill", "shots", "--only", "--size", "2", "--library", library)
    told = [line.split("] ")[1] for line in said.err.splitlines() if line.startswith("[")]
    assert "work 0/3 titles: Night Ferry" in told
    assert told[-1] == "publish 3/3 titles"
    assert [line.split()[1] for line in said.out.splitlines()[2:4]] == ["2", "1"]  # the batches
    said = call("backfill", "visual-embedding", "--titles", "Noon", "--json", "--library", library)
    assert said.err == ""
    report = said_of(said)[1]
    assert (report["runs"], report["published"], report["failed"], report["passed"]) == (1, 1, [], True)
    assert len(report["batches"]) == 1


def test_what_is_done_is_not_done_again(call: Call, library: Path) -> None:
    assert call("backfill", "shots", "--only", "--library", library).code == ExitCode.OK
    with watchdown.open(library) as found:
        before = found.runs()
    said = call("backfill", "shots", "--only", "--library", library)
    assert (said.code, said.out) == (
        ExitCode.OK,
        "Nothing is to be done: 3 titles have the result already.\n",
    )
    with watchdown.open(library) as found:
        assert found.runs() == before


def test_what_something_keeps_from_being_run_is_told_and_is_no_success(call: Call, library: Path) -> None:
    said = call("backfill", "keyframes", "--titles", "Noon", "--library", library)
    told = "warning: Noon: keyframes cannot be run now: it has no Shot records yet; run shots first\n"
    assert (said.code, said.err) == (ExitCode.FAILED, told)
    assert "1 could not be planned" in said.out
    assert call("backfill", "shots", "--only", "--titles", "Night*", "--library", library).code == ExitCode.OK
    said = call("backfill", "keyframes", "--json", "--library", library)
    assert (said.code, said.err) == (ExitCode.FAILED, told)
    report = said_of(said)[1]
    assert (report["published"], report["blocked"], report["passed"]) == (2, 1, False)
    again = call("backfill", "keyframes", "--json", "--tolerance", "1", "--library", library)
    assert said_of(again)[1].keys() == report.keys()
    assert (again.code, said_of(again)[1]["runs"], again.err) == (ExitCode.OK, 0, told)


def test_a_title_that_has_nothing_for_an_algorithm_is_noted_and_is_no_failure(
    call: Call, library: Path
) -> None:
    said = call("backfill", "dialogue", "--titles", "Noon", "--library", library)
    assert said.code == ExitCode.OK
    assert said.err == "note: Noon: dialogue is not for it: the title has no text\n"


@pytest.mark.parametrize(
    "wrong",
    [["--tolerance", "1.5"], ["--rate", "0"], ["--size", "0"], ["--size", "1001"], ["--via", "spark"]],
    ids=" ".join,
)
def test_a_wrong_option_is_wrong_usage(call: Call, library: Path, wrong: list[str]) -> None:
    said = call("backfill", "shots", *wrong, "--library", library)
    assert (said.code, said.out) == (ExitCode.USAGE, "")
    assert wrong[0] in said.errors[0]


def test_a_folder_has_no_airflow(call: Call, library: Path) -> None:
    said = call("backfill", "shots", "--via", "airflow", "--library", library)
    assert said.code == ExitCode.USAGE
    assert said.errors[0].startswith("airflow.url: is not set.")
