"""Rows that a real store refuses: listed, shown, mended and replayed, by commands and by calls."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from catalogue.databases import DRIVERS, fresh
from client.libraries import SECOND, make, services
from stores.loads import prefix
from watchdown.cli import main
from watchdown.cli.exit_codes import ExitCode
from watchdown.client import Library
from watchdown.client.drivers import cluster_of
from watchdown.settings.reading import read_file
from watchdown_schemas.errors import NotFound, RecordInvalid, RunError

ROWS, BAD = 10, 2


def label(at: int, **attributes: object) -> dict[str, Any]:
    row = {"start_ns": at * SECOND, "end_ns": (at + 1) * SECOND, "label": f"car {at}", "confidence": 0.5}
    return {**row, "attributes": attributes}


GOOD = [label(at, mood="low") for at in range(ROWS)]
MIXED = [*GOOD[BAD:], *(label(at, mood="low", light=0.5) for at in range(BAD))]


@pytest.fixture(params=DRIVERS)
def settings(request: pytest.FixtureRequest, tmp_path: Path, opensearch_url: str) -> Iterator[Path]:
    with fresh(request, request.param, tmp_path) as address:
        store = opensearch_url.replace("http://", "opensearch://")
        file = tmp_path / "watchdown.toml"
        file.write_text(
            f'database = "{address.reveal()}"\nstorage = "media"\nstore = "{store}"\n'
            f'[opensearch]\nprefix = "{prefix()}"\nreplicas = 0\n'
        )
        yield file


@pytest.fixture
def library(settings: Path) -> Iterator[Library]:
    """Give a library whose store takes no more than one attribute for a record."""
    cluster = cluster_of(read_file(settings))
    with make(settings, "heat") as made:
        made.write("Label", GOOD, "heat")
        limit = {"index.mapping.nested_objects.limit": 1}
        cluster.request("limit it", "PUT", f"/{cluster.layout.prefix}-label-000001/_settings", limit)
        yield made
    cluster.request("remove them", "DELETE", f"/{cluster.layout.prefix}-*")
    cluster.close()


def run_with_letters(library: Library) -> int:
    """Write labels of which the store refuses two; return the run's number."""
    written = library.write("Label", MIXED, "heat", tolerance=0.5)
    assert (written.state, written.written) == ("active", ROWS - BAD)
    return written.run


def seen(library: Library) -> list[str]:
    return sorted(record.label for record in library.records("Label"))


ALL = sorted(row["label"] for row in GOOD)


@pytest.mark.feature(26)
def test_a_bad_record_lets_the_rest_proceed_and_is_replayed_once_it_is_mended(
    library: Library, settings: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def call(*arguments: object) -> str:
        command = ["dead-letters", *map(str, arguments), "--library", str(settings)]
        code = main(command)
        said = capsys.readouterr()
        assert code == ExitCode.OK, said.err
        return said.out

    run = run_with_letters(library)
    assert seen(library) == ALL[BAD:]
    (told,) = json.loads(call("list", "--json"))
    assert (told["run"], told["rows"], told["title_name"], told["state"]) == (run, BAD, "heat", "active")
    assert "nested documents has exceeded the allowed limit" in told["reason"]
    assert "nested documents" in call("list").replace("\n", " ")
    rows = [json.loads(line) for line in call("show", run, "--type", "Label", "--json").splitlines()]
    assert [row["attributes"] for row in rows] == [{"mood": "low", "light": 0.5}] * BAD
    file = tmp_path / "rows.jsonl"
    assert f"replay {run} --from {file}" in call("show", run, "--out", file).replace("\n", " ")
    file.write_text(file.read_text().replace(', "light": 0.5', ""))
    assert f"{BAD} rows more are seen" in call("replay", run, "--from", file)
    assert seen(library) == ALL
    assert call("list") == "The store has refused nothing.\n"
    assert [(one.number, one.state) for one in library.runs()][-2:] == [
        (run, "superseded"),
        (run + 1, "active"),
    ]


def test_rows_that_the_store_takes_by_now_are_replayed_as_they_are(library: Library, settings: Path) -> None:
    run = run_with_letters(library)
    cluster = cluster_of(read_file(settings))
    lifted = {"index.mapping.nested_objects.limit": 100}
    cluster.request("lift it", "PUT", f"/{cluster.layout.prefix}-label-000001/_settings", lifted)
    cluster.close()
    done = library.dead_letters.replay(run)
    assert (done.state, done.replayed, done.refused, done.error) == ("active", BAD, 0, None)
    assert done.counts == {"Label": ROWS}
    assert seen(library) == ALL
    assert library.dead_letters.list() == []


def test_rows_that_are_refused_still_stay_dead_letters_of_the_run_that_is_seen(library: Library) -> None:
    run = run_with_letters(library)
    done = library.dead_letters.replay(run)
    assert (done.replayed, done.refused) == (BAD, BAD)
    assert str(done.error).startswith(f"{BAD} of {BAD} rows are refused still")
    assert [(one.run, one.rows) for one in library.dead_letters.list()] == [(done.run, BAD)]
    assert seen(library) == ALL[BAD:]


def test_only_rows_that_are_handed_back_are_replayed(library: Library) -> None:
    run = run_with_letters(library)
    row, other = library.dead_letters.rows(run)
    done = library.dead_letters.replay(run, [{**row, "attributes": {"mood": "low"}}])
    assert (done.replayed, done.refused, done.counts) == (1, 0, {"Label": ROWS - 1})
    assert [one["label"] for one in library.dead_letters.rows(done.run)] == [other["label"]]
    assert row["label"] in seen(library)


def test_a_mended_row_that_is_no_record_goes_to_quarantine_and_the_rest_is_seen(library: Library) -> None:
    run = run_with_letters(library)
    row, other = library.dead_letters.rows(run)
    mended = [{**row, "attributes": {}, "confidence": 2.0}, {**other, "attributes": {}}]
    done = library.dead_letters.replay(run, mended)
    assert (done.refused, done.counts) == (1, {"Label": ROWS - 1})
    assert [one.rows for one in library.quarantine.list()] == [1]
    assert library.dead_letters.list() == []


def test_what_cannot_be_replayed_is_told_and_changes_nothing(library: Library) -> None:
    run = run_with_letters(library)
    with pytest.raises(NotFound, match="run 1: has no rows that the store refused"):
        library.dead_letters.replay(1)
    with pytest.raises(NotFound, match="has no Shot rows"):
        library.dead_letters.rows(run, "Shot")
    with pytest.raises(RecordInvalid, match="has no Shot rows that the store refused"):
        library.dead_letters.replay(run, [{"type": "Shot.1"}])
    with pytest.raises(RecordInvalid, match="for a row"):
        library.dead_letters.replay(run, [1])  # type: ignore[list-item]
    assert seen(library) == ALL[BAD:]
    library.write("Label", GOOD, "heat")
    with pytest.raises(RunError, match=f"has been followed by run {run + 1}"):
        library.dead_letters.replay(run)
    failed = library.write("Label", MIXED, "heat", tolerance=0)
    assert failed.state == "failed"
    with pytest.raises(RunError, match=r"followed|failed"):
        library.dead_letters.replay(failed.run)
    assert services(library).ledger.runs()[-1].number == failed.run


def test_a_run_is_whole_without_its_dead_letters(library: Library) -> None:
    run, holdings = run_with_letters(library), services(library).store.holdings
    assert library.repair.check(deep=True).faults == ()
    holdings.remove("Label", [run], holdings.table(services(library).registry["Label"], None))
    assert library.repair.check(deep=True, repair=True).sound
    assert seen(library) == ALL[BAD:]
    assert library.repair.rebuild().whole
    assert seen(library) == ALL[BAD:]
    assert library.repair.check(deep=True).faults == ()
    library.dead_letters.replay(run)  # an index that was built anew takes them
    assert seen(library) == ALL
    assert library.repair.check(deep=True).faults == ()
