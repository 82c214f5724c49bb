"""Checking a library that was hurt, and mending it, on both deployments."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from client.deployments import DEPLOYMENTS, deployed, entered
from client.hurting import LONG_AGO, lose, note, note_in_ledger, notes, put, staged, table_of, write
from client.libraries import services
from watchdown.cli import main
from watchdown.cli.exit_codes import ExitCode
from watchdown.client import Library
from watchdown.client.results_check import CheckReport
from watchdown.runs.states import State
from watchdown.storage import keys
from watchdown_schemas.errors import NotFound
from watchdown_schemas.types import Keyframe

TITLES = ("aa0001", "bb0002")


@pytest.fixture(params=DEPLOYMENTS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    with deployed(request, request.param, tmp_path) as place:
        yield place


@pytest.fixture
def library(place: Path) -> Iterator[Library]:
    with entered(place, *TITLES) as library:
        yield library


def told(report: CheckReport) -> list[tuple[str, int | None, int | None, int | None]]:
    return [(one.kind, one.run, one.expected, one.found) for one in report.faults]


def test_a_library_of_nothing_is_sound(library: Library) -> None:
    for deep in (False, True):
        report = library.repair.check(deep=deep)
        assert (report.sound, report.runs, report.rows, report.faults) == (True, 0, 0, ())


def test_of_a_sound_library_it_is_told_what_was_looked_at(library: Library) -> None:
    for version in (1, 2):
        for title in TITLES:
            write(library, title, version)
    for deep in (False, True):
        report = library.repair.check(deep=deep)
        assert report.faults == ()
        assert (report.sound, report.runs, report.rows) == (True, 4, 120)  # superseded runs are checked, too
        assert report.tables == (table_of(library),)
        one = library.repair.check(title=TITLES[0], deep=deep)
        assert (one.sound, one.runs, one.rows) == (True, 2, 60)
    with pytest.raises(NotFound):
        library.repair.check(title="nowhere")


def test_a_run_that_was_written_part_by_part_is_sound_and_its_content_is_known(library: Library) -> None:
    run = library.writes.start("finder", TITLES[0])
    for part, label in (("a", "red"), ("b", "blue"), ("b", "blue")):
        rows = [{"start_ns": at, "end_ns": at + 1, "label": label, "confidence": 1} for at in range(10)]
        library.writes.append(run, "Label", rows, part=part)
    done = library.writes.finish(run)
    assert done.state == "active", done
    known = services(library).ledger.get(run)
    assert known.digests is not None
    assert known.digests["Label"].startswith("20:")
    report = library.repair.check(deep=True)
    assert (report.faults, report.rows) == ((), 20)


def test_lost_rows_are_told_by_run_however_they_are_looked_for(library: Library) -> None:
    first, second = (write(library, title) for title in TITLES)
    lose(library, first)
    put(library, second, TITLES[1], notes(1, 29))
    wrong = [("rows missing", first, 30, 0), ("rows missing", second, 30, 29)]
    for deep in (False, True):
        report = library.repair.check(deep=deep)
        assert told(report) == wrong
        assert not report.sound
    assert told(library.repair.check(title=TITLES[1])) == wrong[1:]
    assert report.faults[1].cause == "29 of 30 Note rows are in the store"
    assert (report.faults[1].title, report.faults[1].algorithm) == (TITLES[1], "hand")


def test_rows_that_are_too_many_are_told(library: Library) -> None:
    run = write(library, TITLES[0])
    put(library, run, TITLES[0], notes(1, 31))
    assert told(library.repair.check()) == [("rows too many", run, 30, 31)]


def test_rows_that_changed_are_found_by_who_reads_them(library: Library) -> None:
    run = write(library, TITLES[0])
    put(library, run, TITLES[0], [*notes(1, 29), note(29, "Lantern 29 of version l")])
    assert library.repair.check().sound
    assert told(library.repair.check(deep=True)) == [("rows changed", run, 30, 30)]


def test_rows_of_runs_that_should_have_none_are_told(library: Library) -> None:
    write(library, TITLES[0])
    parts = services(library)
    failed, opened = (
        parts.ledger.plan(
            title=TITLES[0], timeline=f"{TITLES[0]}.1", algorithm=key, version="1", memo_key=key, model=None
        ).number
        for key in "xy"
    )
    parts.ledger.step(failed, State.FAILED, error="it broke")
    parts.ledger.step(opened, State.RUNNING)
    for number in (failed, opened, 99):
        put(library, number, TITLES[0], notes(1, 5))
    report = library.repair.check()
    assert told(report) == [("left over", failed, 0, 5), ("rows of no run", 99, 0, 5)]
    assert [one.cause.partition(",")[0] for one in report.faults] == ["is failed", "is none"]
    assert [one.harms for one in report.faults] == [False, True]  # the collector removes what is left
    assert library.repair.check(repair=True).sound
    assert library.repair.check().faults == ()


def test_a_run_that_nobody_works_on_is_told_and_harms_nothing(library: Library) -> None:
    parts = services(library)
    numbers = [
        parts.ledger.plan(
            title=TITLES[0], timeline=f"{TITLES[0]}.1", algorithm=key, version="1", memo_key=key, model=None
        ).number
        for key in "xyz"
    ]
    for number in numbers[:2]:
        parts.ledger.step(number, State.RUNNING)
    assert library.repair.check().faults == ()
    for number, origin in zip(numbers, ("worked", "written", "worked"), strict=True):
        note_in_ledger(library, number, updated_at=LONG_AGO, origin=origin)
    report = library.repair.check()
    assert report.sound
    assert [(one.kind, one.run, one.harms) for one in report.faults] == [
        ("stuck", number, False) for number in numbers[:2]
    ]
    commands = [one.remedy or "" for one in report.faults]
    assert commands[0] == f"watchdown backfill x --titles {TITLES[0]}"
    assert commands[1].startswith(f"watchdown write finish {numbers[1]}")


def test_pictures_that_are_gone_are_found_by_who_looks_for_them(library: Library) -> None:
    storage, folder = services(library).storage, f"{'f' * 64}/7"
    frames = [
        Keyframe(start_ns=at, end_ns=at + 1, shot_start_ns=0, shot_end_ns=9, thumbnail=f"{folder}/{at}.jpg")
        for at in (1, 2)
    ]
    for at in (1, 2):
        storage.put(f"{keys.MEDIA}{folder}/{at}.jpg", b"1")
    run = library.write("Keyframe", frames, TITLES[0], algorithm="keyframes", version="1.0.0").run
    assert library.repair.check(deep=True).faults == ()
    storage.delete([f"{keys.MEDIA}{folder}/2.jpg"])
    assert library.repair.check().sound
    report = library.repair.check(deep=True)
    assert told(report) == [("pictures missing", run, 2, 1)]
    assert f"{folder}/2.jpg" in report.faults[0].cause


def test_the_command_ends_with_one_where_something_is_wrong(
    library: Library, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = write(library, TITLES[0])
    capsys.readouterr()
    assert main(["check", "--library", str(place)]) == 0
    assert "All is well: 1 run, 30 rows in 1 table." in capsys.readouterr().out
    lose(library, run)
    assert main(["check", "--in", TITLES[0], "--library", str(place)]) == 1
    said = capsys.readouterr()
    assert f"run {run} (hand, {TITLES[0]})" in said.out
    assert "0 of 30 Note rows" in said.out
    assert "watchdown check --repair" in said.err
    assert main(["check", "--deep", "--json", "--library", str(place)]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["sound"], found["deep"], found["faults"][0]["run"]) == (False, True, run)
    assert main(["check", "--in", TITLES[1], "--library", str(place)]) == 0
    assert main(["check", "--in", "nowhere", "--library", str(place)]) == ExitCode.NOT_FOUND


def staged_of(library: Library, run: int) -> str:
    return next(key for key in staged(library, run) if key.endswith("Note.parquet"))


def test_staged_files_that_are_of_record_must_be_there_and_whole(library: Library) -> None:
    parts = services(library)
    runs = [write(library, title, version) for version in (1, 2) for title in TITLES]
    if not parts.stages.keeps_staged:
        assert all(not staged(library, run) for run in runs)  # the lake is of record
        return
    gone, headless, empty, hurt = runs
    parts.storage.delete_all(keys.staged(gone))
    parts.storage.delete([keys.manifest(headless)])
    parts.storage.delete([staged_of(library, empty)])
    key = staged_of(library, hurt)
    content = bytearray(parts.storage.read(key))
    assert told(library.repair.check()) == [("staged file", run, None, None) for run in runs[:3]]
    for damaged in (content[:-9], content[: len(content) // 2], b"", _flipped(content)):
        parts.storage.put(key, bytes(damaged))
        report = library.repair.check(deep=True)
        assert [one.run for one in report.faults] == runs
        assert "Note rows" in report.faults[3].cause
    causes = [one.cause for one in report.faults[:3]]
    assert causes == ["is gone", "has no manifest", "has no Note rows"]


def _flipped(content: bytes | bytearray) -> bytearray:
    """Return content with a bit turned in the middle of it."""
    hurt = bytearray(content)
    hurt[len(hurt) // 3] ^= 0x10
    return hurt
