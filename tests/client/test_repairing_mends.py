"""Mending a library that was hurt, on both deployments: what is still somewhere is brought back."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import watchdown
from client.deployments import DEPLOYMENTS, deployed, entered
from client.hurting import answers, lose, note, notes, put, table_of, write
from client.libraries import services
from watchdown.cli import main
from watchdown.client import Library
from watchdown.client.results_check import CheckReport
from watchdown.storage import keys

TITLES = ("aa0001", "bb0002")


@pytest.fixture(params=DEPLOYMENTS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    with deployed(request, request.param, tmp_path) as place:
        yield place


@pytest.fixture
def library(place: Path) -> Iterator[Library]:
    with entered(place, *TITLES) as library:
        yield library


def whole(library: Library) -> bool:
    return library.repair.check(deep=True).faults == ()


def mended(report: CheckReport) -> list[tuple[str, int | None, bool | None]]:
    return [(one.kind, one.run, one.mended) for one in report.faults]


def filled(library: Library) -> list[int]:
    """Write two runs of each title, the second in place of the first."""
    return [write(library, title, version) for version in (1, 2) for title in TITLES]


def hurt(library: Library, runs: list[int]) -> list[tuple[str, int]]:
    """Hurt a library that was filled in all ways; return the faults."""
    lose(library, runs[0], runs[2])
    put(library, runs[1], TITLES[1], notes(1, 31))
    put(library, runs[3], TITLES[1], [*notes(2, 29), note(29, "Lantern 29 of version l")])
    put(library, 99, TITLES[0], notes(1, 5))
    kinds = ("rows missing", "rows too many", "rows missing", "rows changed")
    return sorted([("rows of no run", 99), *zip(kinds, runs, strict=True)])


def test_what_was_lost_or_changed_is_as_it_was_and_strangers_are_gone(library: Library) -> None:
    runs = filled(library)
    before, faults = answers(library), hurt(library, runs)
    report = library.repair.check(deep=True, repair=True)
    assert sorted(mended(report)) == [(kind, run, True) for kind, run in faults]
    assert report.sound
    assert answers(library) == before
    assert whole(library)
    again = library.repair.check(deep=True, repair=True)
    assert (again.sound, again.faults) == (True, ())


def test_a_dry_run_says_what_would_be_mended_and_changes_nothing(library: Library) -> None:
    faults = hurt(library, filled(library))
    for _ in range(2):
        report = library.repair.check(deep=True, repair=True, dry_run=True)
        assert sorted(mended(report)) == [(kind, run, True) for kind, run in faults]
    found = library.repair.check(deep=True)
    assert sorted((one.kind, one.run) for one in found.faults) == faults


def test_only_one_title_is_mended_where_only_that_is_asked_for(library: Library) -> None:
    runs = filled(library)
    lose(library, *runs)
    report = library.repair.check(title=TITLES[0], repair=True)
    assert mended(report) == [("rows missing", run, True) for run in (runs[0], runs[2])]
    assert [one.run for one in library.repair.check().faults] == [runs[1], runs[3]]


def test_who_reads_meanwhile_never_sees_less_than_before(library: Library, place: Path) -> None:
    runs = [write(library, title, count=300) for title in TITLES]
    put(library, runs[0], TITLES[0], [*notes(1, 299), note(299, "Lantern 299 of version l")])
    put(library, runs[1], TITLES[1], notes(1, 200))
    done, seen = threading.Event(), list[int]()

    def read() -> None:
        while not done.is_set() or not seen:
            with watchdown.open(place) as other:
                seen.append(other.count("Note"))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        assert library.repair.check(deep=True, repair=True).sound
    finally:
        done.set()
        reader.join()
    assert seen
    assert seen == sorted(seen)
    assert (min(seen) >= 500, library.count("Note")) == (True, 600)


def test_what_nothing_has_any_more_is_told_with_what_makes_it_again(library: Library) -> None:
    runs = filled(library)
    storage, table = services(library).storage, table_of(library)
    lose(library, runs[1], runs[2])
    for run in runs[1:3]:
        storage.delete_all(keys.staged(run))
    if services(library).store.sink.of_record:
        services(library).store.sink.expunge([], [runs[1]])  # no earlier version of the table is left
    report = library.repair.check(repair=True)
    lost = [one for one in report.faults if one.kind == "rows missing"]
    assert [(one.run, one.mended, one.remedy) for one in lost] == [
        (runs[1], False, "Readers do not see it: watchdown collect removes it after its time"),
        (runs[2], False, "Write it again: nothing here computes hand"),
    ]
    assert not report.sound
    assert table in report.tables
    write(library, TITLES[0], 3)
    assert library.count("Note") == 60


def test_the_command_says_what_it_mended(
    library: Library, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = write(library, TITLES[0])
    lose(library, run)
    capsys.readouterr()
    assert main(["check", "--dry-run", "--library", str(place)]) == 1
    said = capsys.readouterr()
    assert "would be mended" in said.out
    assert "nothing was changed" in said.err
    assert main(["check", "--repair", "--json", "--library", str(place)]) == 0
    assert [one["mended"] for one in json.loads(capsys.readouterr().out)["faults"]] == [True]
    lose(library, run)
    assert main(["check", "--repair", "--library", str(place)]) == 0
    assert "1 fault mended" in capsys.readouterr().out
    assert main(["check", "--repair", "--library", str(place)]) == 0
    assert "All is well: 1 run, 30 rows in 1 table." in capsys.readouterr().out
