"""`watchdown budget`: shown and changed, by people and by scripts."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

import watchdown
from watchdown.catalogue.database import open_database
from watchdown.cli import main
from watchdown.cli.exit_codes import ExitCode
from watchdown.load.budget import Budget
from watchdown.load.claim import Claim
from watchdown.load.governing import keep_governor
from watchdown.load.governor import Governed, Seen, govern
from watchdown_schemas.errors import QueryError


@pytest.fixture
def library(tmp_path: Path) -> Path:
    with watchdown.open(tmp_path / "library", create=True):
        return tmp_path / "library"


def test_the_budget_is_shown_and_changed(library: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = []
    for arguments in ([], ["--rate", "2500"], ["--bytes", "5e6"], ["--bytes", "50"], ["--unlimited"]):
        assert main(["budget", *arguments, "--library", str(library)]) == ExitCode.OK
        said.append(capsys.readouterr().out.splitlines()[0])
    assert said == [
        "All loads together: unlimited.",
        "All loads together: 2,500 documents/s.",
        "All loads together: 2,500 documents/s and 5.00 MB/s.",
        "All loads together: 2,500 documents/s and 50 bytes/s.",
        "All loads together: unlimited.",
    ]


def test_who_loads_now_is_told_with_speed_and_share(
    library: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database = open_database(library / "library.db")
    with Budget(database, "bulk load of films") as budget:
        budget.take(500, 10**6)
        budget.renew()
        assert main(["budget", "--library", str(library), "--json"]) == ExitCode.OK
        (loader,) = json.loads(capsys.readouterr().out)["loaders"]
        assert (loader["name"], loader["documents"], loader["bytes"]) == ("bulk load of films", 500, 10**6)
        assert loader["documents_share"] is None
        assert main(["budget", "--rate", "100", "--library", str(library)]) == ExitCode.OK
        assert "bulk load of films" in capsys.readouterr().out
    database.close()


def test_how_the_store_bears_the_load_is_told(library: Path, capsys: pytest.CaptureFixture[str]) -> None:
    database = open_database(library / "library.db")
    with database.writing("budget") as connection:
        learnt = Governed(at=1.0, idle=(10.0,) * 5, idle_at=1.0)
        slow = govern(learnt, 46_980.0, Seen(used=4000.0, rejected=12))
        keep_governor(connection, replace(slow, recent=(12.5,) * 5))
    with Budget(database, claim=Claim(urgent=True)):
        assert main(["budget", "--library", str(library)]) == ExitCode.OK
        said = capsys.readouterr().out
        assert "The store bears 2,000 documents/s: lowered at 13:03, 12 rejections." in said
        assert "One search in twenty takes more than 12.5 ms, 10.0 ms at rest." in said
        assert "somebody who waits" in said
        assert main(["budget", "--library", str(library), "--json"]) == ExitCode.OK
        told = json.loads(capsys.readouterr().out)
        assert (told["governed_per_s"], told["allowed_per_s"], told["rejections"]) == (2000.0, 2000.0, 12)
    assert main(["budget", "--no-auto", "--library", str(library)]) == ExitCode.OK
    assert "The store slows nobody down" in capsys.readouterr().out
    assert main(["budget", "--auto", "--library", str(library)]) == ExitCode.OK
    assert "The store bears" not in capsys.readouterr().out
    database.close()


def test_pauses_and_the_reserve_are_kept_beside_the_limits(library: Path) -> None:
    with watchdown.open(library) as opened:
        opened.budget.set(documents=10, paused=True, reserve=0.5)
        told = opened.budget.show()
        assert (told.documents_per_s, told.allowed_per_s, told.paused, told.reserve) == (10, 0, True, 0.5)
        assert opened.budget.set(paused=False).allowed_per_s == 10


@pytest.mark.parametrize(
    "wrong",
    [
        ["--rate", "-1"],
        ["--rate", "nan"],
        ["--rate", "1", "--unlimited"],
        ["--pause", "--resume"],
        ["--reserve", "0.95"],
        ["--reserve", "-0.1"],
        ["--reserve", "nan"],
    ],
)
def test_what_is_no_rate_is_refused(library: Path, wrong: list[str]) -> None:
    assert main(["budget", *wrong, "--library", str(library)]) == ExitCode.USAGE


def test_the_library_has_the_same_calls(library: Path) -> None:
    with watchdown.open(library) as opened:
        assert opened.budget.set(documents=10).documents_per_s == 10
        assert opened.budget.set(bytes=20).documents_per_s == 10
        assert opened.budget.set(documents=None).documents_per_s is None
        assert (opened.budget.show().bytes_per_s, opened.budget.show().loaders) == (20, ())
        with pytest.raises(QueryError, match=r"rows: is nothing that is limited. Name documents, bytes"):
            opened.budget.set(rows=1)
