"""Two runs told apart on the command line: seen, superseded, taken back, or not loaded yet."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

import watchdown
from client.libraries import SECOND, make, services
from e2e.conftest import Call
from services.library import settings_of
from services.postgresql import drop_database, new_database
from watchdown.cli.exit_codes import ExitCode
from watchdown.client import Library
from watchdown.runs.ledger import Run
from watchdown.runs.staging import Staging
from watchdown.runs.states import State
from watchdown.validation.check import Check
from watchdown_schemas.columns import Stamp
from watchdown_schemas.rows import from_rows
from watchdown_schemas.types import Label

OLD = [(0, 10, "car"), (20, 30, "tree"), (40, 50, "boat")]
NEW = [(0, 10, "car"), (22, 31, "tree"), (60, 70, "plane")]


def rows(labels: list[tuple[int, int, str]]) -> list[dict[str, object]]:
    """Return labels as rows."""
    return [{"start_ns": a * SECOND, "end_ns": b * SECOND, "label": name} for a, b, name in labels]


def staged(library: Library) -> Run:
    """Leave a run of the slot staged, as workers do."""
    parts = services(library)
    slot = {"title": "Film", "timeline": "Film.1", "algorithm": "seen", "version": "3.0.0"}
    number = parts.ledger.plan(**slot, memo_key="k", model=None).number
    stamp = Stamp(run=number, asset="", **slot)
    staging = Staging(parts.storage, number)
    converted = from_rows(Label, rows([*NEW, (80, 90, "train")]), stamp, None)
    staging.write("Label", Check(Label, 100 * SECOND)(converted.batch, converted.faults))
    staging.commit()
    parts.stages.record([parts.ledger.get(number)])
    return parts.ledger.get(number)


@pytest.fixture(params=["folder", "servers"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """Give a library with three runs of one slot: superseded, active and staged."""
    place = tmp_path / "library"
    database = None
    if request.param == "servers":
        database = new_database(request.getfixturevalue("postgresql_url"))
        place = tmp_path / "watchdown.toml"
        servers = [request.getfixturevalue(name) for name in ("s3_server", "opensearch_url")]
        place.write_text(settings_of(database, *servers))
    with make(place, "Film", "Other") as library:
        for version, labels in (("1.0.0", OLD), ("2.0.0", NEW)):
            library.write("Label", rows(labels), "Film", algorithm="seen", version=version)
        assert staged(library).state is State.STAGED
    yield place
    if database is not None:
        drop_database(database)


def test_runs_are_told_apart_whatever_their_state(call: Call, place: Path) -> None:
    [found] = json.loads(call("diff", "1", "2", "--json", "--library", place).out)["types"]
    counts = ("same", "appeared", "vanished", "moved", "changed")
    assert [found[name] for name in counts] == [1, 1, 1, 1, 0]
    moved = next(one for one in found["examples"] if one["what"] == "moved")
    assert (moved["says"], moved["before_start_ns"], moved["start_ns"]) == ("tree", 20 * SECOND, 22 * SECOND)
    [found] = json.loads(call("diff", "2", "3", "--json", "--library", place).out)["types"]
    assert [found[name] for name in counts] == [3, 1, 0, 0, 0]
    assert call("rollback", "seen", "--library", place).code == ExitCode.OK
    [found] = json.loads(call("diff", "3", "1", "--json", "--library", place).out)["types"]
    assert [found[name] for name in counts] == [1, 1, 2, 1, 0]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a library with two runs of one slot, and runs that are nothing to compare them with."""
    with make(tmp_path / "library", "Film", "Other") as library:
        for version, labels in (("1.0.0", OLD), ("2.0.0", NEW)):
            library.write("Label", rows(labels), "Film", algorithm="seen", version=version)
        library.write("Label", rows(OLD), "Other", algorithm="seen")
        library.write("Label", rows(OLD), "Film", algorithm="heard")
        slot = {"title": "Film", "timeline": "Film.1", "algorithm": "seen", "version": "3.0.0"}
        services(library).ledger.plan(**slot, memo_key="k", model=None)
    return tmp_path / "library"


def test_people_get_a_table_with_time_codes(call: Call, folder: Path) -> None:
    said = call("diff", "1", "2", "--library", folder).out.splitlines()
    assert said[0] == "Film: seen run 1 (1.0.0) to run 2 (2.0.0)"
    assert said[3].split() == ["Label", "3", "3", "1", "1", "1", "1", "0"]
    shown = [line.split() for line in said[6:]]
    assert ["moved", "00:00:21:23", "00:00:19:23", "tree", "+2.000", "s"] in shown
    assert [line[0] for line in shown] == ["appeared", "vanished", "moved"]


def test_what_is_more_than_the_limit_is_counted(call: Call, folder: Path) -> None:
    with watchdown.open(folder) as library:
        library.write("Label", rows([(n, n + 1, f"label {n}") for n in range(30)]), "Film", algorithm="seen")
        number = services(library).ledger.runs()[-1].number
    said = call("diff", "2", str(number), "--limit", "2", "--library", folder).out
    assert "and 28 more appeared" in said


@pytest.mark.parametrize(
    ("runs", "code", "error"),
    [
        ("1 3", ExitCode.FAILED, "runs 1 and 3: are of different titles."),
        ("1 4", ExitCode.FAILED, "runs 1 and 4: are of different algorithms."),
        ("1 99", ExitCode.NOT_FOUND, "99: is no run here."),
        ("5 1", ExitCode.FAILED, "run 5: is planned, and has no rows to compare."),
        ("1 two", ExitCode.USAGE, "Invalid value for 'RUN_B'"),
        ("1", ExitCode.USAGE, "Missing argument 'RUN_B'"),
    ],
)
def test_what_cannot_be_compared_is_said(
    call: Call, folder: Path, runs: str, code: ExitCode, error: str
) -> None:
    found = call("diff", *runs.split(), "--library", folder)
    assert found.code == code
    assert found.errors[0].startswith(error)


def test_a_run_that_is_removed_cannot_be_compared(call: Call, folder: Path) -> None:
    with watchdown.open(folder) as library, services(library).database.writing() as connection:
        connection.execute(text("UPDATE runs SET collected_at = 'x' WHERE number = 1"))
    assert call("diff", "1", "2", "--library", folder).errors[0].startswith("run 1: was removed.")
