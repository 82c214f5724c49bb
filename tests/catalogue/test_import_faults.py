"""A file with faults: every one is told with its place, and nothing of the file is taken."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalogue.conftest import Import
from catalogue.import_faults import FAULTS
from catalogue.test_imports import CASTS, METADATA, NESTED, RIGHTS, state
from watchdown.catalogue.database import Database
from watchdown.catalogue.imports import ImportInvalid, compare, read_import

FILES = {
    "films.csv": METADATA,
    "cast.csv": CASTS,
    "rights.csv": RIGHTS,
    "all.jsonl": "\n".join(map(json.dumps, NESTED)),
}


@pytest.mark.parametrize(("name", "content", "faults"), FAULTS.values(), ids=FAULTS)
def test_every_fault_is_told_with_its_place_and_nothing_is_taken(
    database: Database, imported: Import, name: str, content: str | bytes, faults: list[str]
) -> None:
    before = state(database)
    with pytest.raises(ImportInvalid) as raised:
        imported(name, content)
    assert [str(one).replace(r"\\", "\\") for one in raised.value.faults] == faults
    assert raised.value.subject.endswith(name)
    assert "nothing of it was taken" in str(raised.value)
    assert state(database) == before


def test_a_good_row_is_not_taken_beside_a_bad_one(database: Database, imported: Import) -> None:
    with pytest.raises(ImportInvalid):
        imported("films.csv", "title,season:number\nHarbour,1\nMeadow,two\n")
    assert state(database) == [({}, (), frozenset())] * 5


def test_faults_that_only_the_library_shows_are_told_with_the_others(imported: Import) -> None:
    with pytest.raises(ImportInvalid) as raised:
        imported("films.csv", "title,season:number\nNowhere,1\nMeadow,two\n")
    assert [(one.row, one.column) for one in raised.value.faults] == [(2, "title"), (3, "season")]


def test_a_value_of_another_kind_than_in_other_titles_is_refused(imported: Import) -> None:
    imported("films.csv", "title,season:number\nHarbour,1\nMeadow,2\n")
    with pytest.raises(ImportInvalid) as raised:
        imported("films.csv", "title,season\nHarbour,1\n")
    assert str(raised.value.faults[0]) == (
        "row 2, column season: '1' is text, but a number in title t2, not in this file: "
        "write a number (in CSV, head the column season:number)"
    )


def test_many_faults_are_told_in_part_and_kept_whole(imported: Import) -> None:
    with pytest.raises(ImportInvalid, match=r"row 4, .*; and 994 more\. Mend") as raised:
        imported("films.csv", "title,n:number\n" + "Harbour,x\n" * 500)
    assert len(raised.value.faults) == 999  # the title of all rows but the first stands there already


@pytest.mark.parametrize(
    ("place", "rule"),
    [("missing.csv", "No such file or directory"), (".", "unknown kind"), ("d.csv", "is no file")],
)
def test_what_is_no_file_is_named(database: Database, tmp_path: Path, place: str, rule: str) -> None:
    (tmp_path / "d.csv").mkdir()
    with database.reading() as connection, pytest.raises(ImportInvalid, match=rule):
        compare(connection, read_import(tmp_path / place))


def taken_or_refused(imported: Import, name: str, content: bytes) -> None:
    """Import a file that may be anything: an error has reasons and prints on one line."""
    try:
        imported(name, content)
    except ImportInvalid as refused:
        error = refused
    else:
        return
    assert error.faults
    assert str(error).isprintable()


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode), st.sampled_from(["csv", "json"]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_bring_an_import_down(imported: Import, content: bytes, ending: str) -> None:
    taken_or_refused(imported, f"films.{ending}", content)


@given(st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_damage_to_a_good_file_brings_an_import_down(imported: Import, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(FILES)))
    good = FILES[name].encode()
    start = data.draw(st.integers(0, len(good)))
    end = data.draw(st.integers(start, min(len(good), start + 10)))
    taken_or_refused(imported, name, good[:start] + data.draw(st.binary(max_size=5)) + good[end:])
