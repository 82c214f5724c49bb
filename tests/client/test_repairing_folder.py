"""Checking and mending a lake whose files were damaged: what is left is told, and nothing ends the check."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import watchdown
from client.deployments import entered
from client.hurting import answers, table_of, write
from client.libraries import services
from watchdown.cli import main
from watchdown.client import Library
from watchdown.client.results_check import CheckReport

TITLES = ("aa0001", "bb0002")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "library"


@pytest.fixture
def library(place: Path) -> Iterator[Library]:
    with entered(place, *TITLES) as library:
        yield library


def files(library: Library, place: Path) -> list[Path]:
    """Return the data files of the notes, those that were written first before the others."""
    found = (place / "lake" / f"{table_of(library)}.lance" / "data").glob("*.lance")
    return sorted(found, key=lambda path: path.stat().st_mtime_ns)


def told(report: CheckReport) -> list[tuple[str, int | None]]:
    return [(one.kind, one.run) for one in report.faults]


def flipped(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 0x10
    path.write_bytes(content)


def test_a_bit_that_turned_anywhere_in_a_file_ends_no_check_and_is_told_if_it_matters(
    library: Library, place: Path
) -> None:
    first, second = (write(library, title) for title in TITLES)
    path = files(library, place)[0]
    whole = path.read_bytes()
    found = 0
    for at in range(0, len(whole), len(whole) // 12):
        flipped(path, at)
        with watchdown.open(place) as opened:
            report = opened.repair.check(deep=True)
        assert all(run in (None, first) for _, run in told(report)), at
        assert second not in {run for _, run in told(report)}
        found += not report.sound
        path.write_bytes(whole)
    assert found
    with watchdown.open(place) as opened:
        assert opened.repair.check(deep=True).faults == ()


@pytest.mark.parametrize("damage", ["gone", "cut short"])
def test_a_file_that_is_not_whole_is_cut_out_and_its_rows_brought_back_where_they_are_still(
    library: Library, place: Path, damage: str
) -> None:
    runs = [write(library, title) for title in TITLES]
    before = answers(library)
    services(library).store.sink.tend()  # writes one file in place of two, which are kept for a while
    path = files(library, place)[-1]
    damaged(path, damage)
    with watchdown.open(place) as opened:
        assert ("rows missing", runs[0]) in told(opened.repair.check())
        assert opened.repair.check(deep=True, repair=True).sound
    with watchdown.open(place) as opened:
        assert opened.repair.check(deep=True).faults == ()
        assert answers(opened) == before


def damaged(path: Path, how: str) -> None:
    if how == "gone":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:100])


@pytest.mark.parametrize("damage", ["gone", "cut short"])
def test_of_a_file_that_nothing_replaces_the_other_rows_can_be_read_again(
    library: Library, place: Path, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = (write(library, title) for title in TITLES)
    damaged(files(library, place)[0], damage)
    assert main(["check", "--repair", "--library", str(place)]) == 1
    said = capsys.readouterr().out
    assert "unreadable file" in said
    assert "Write it again: nothing here computes hand" in said
    with watchdown.open(place) as opened:
        assert told(opened.repair.check(deep=True)) == [("rows missing", first)]
        assert {hit.run for hit in opened.search("lantern", schema_type="Note", limit=90).hits} == {second}
        again = write(opened, TITLES[0], 1)
        assert again == first + 2
        assert opened.count("Note") == 60


def test_a_table_that_cannot_be_opened_is_told_and_ends_no_check(library: Library, place: Path) -> None:
    run = write(library, TITLES[0])
    table = place / "lake" / f"{table_of(library)}.lance"
    for manifest in (table / "_versions").iterdir():
        manifest.write_bytes(manifest.read_bytes()[:10])
    for how in ({"deep": True}, {"repair": True}):
        with watchdown.open(place) as opened:
            report = opened.repair.check(**how)
        assert told(report) == [("unreadable file", None), ("rows missing", run)]
        assert not report.sound
    assert "backup" in (report.faults[0].remedy or "")
    shutil.rmtree(table)
    with watchdown.open(place) as opened:
        assert told(opened.repair.check(repair=True)) == [("rows missing", run)]
        write(opened, TITLES[0])
        assert opened.count("Note") == 30
