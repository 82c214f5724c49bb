"""Backfills that others look at, pause, resume and cancel, and two at once: each in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import watchdown
from begun_together import run_together
from e2e.conftest import Call
from services.library import settings_of
from services.postgresql import drop_database, new_database
from watchdown.cli.exit_codes import ExitCode
from watchdown.client.opening import opened
from watchdown.runs.states import State
from watchdown.storage import keys
from watchdown_algos.drawn.film import film_of
from watchdown_algos.drawn.write import write_film

NAMES = ("One", "Two", "Three")
WAITING = "import sys; sys.stdin.read(); from watchdown.cli import main; sys.exit(main(sys.argv[1:]))"


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Draw three short films."""
    folder = tmp_path_factory.mktemp("films")
    for number, name in enumerate(NAMES):
        write_film(film_of(60 + number, name=name, shots=2, seconds=(0.5, 0.7)), folder / f"{name}.mp4")
    return [folder / f"{name}.mp4" for name in NAMES]


@pytest.fixture
def library(films: list[Path], tmp_path: Path) -> Path:
    """Give a library in a folder that knows nothing of them."""
    place = tmp_path / "library"
    with watchdown.open(place, create=True) as found:
        found.add(*films, copy=True, only=())
    return place


@pytest.fixture(params=["folder", "servers"])
def either(request: pytest.FixtureRequest, films: list[Path], tmp_path: Path) -> Iterator[Path]:
    """Give such a library in a folder, then on PostgreSQL, S3 and OpenSearch."""
    if request.param == "folder":
        yield request.getfixturevalue("library")
        return
    database = new_database(request.getfixturevalue("postgresql_url"))
    place = tmp_path / "watchdown.toml"
    servers = [request.getfixturevalue(name) for name in ("s3_server", "opensearch_url")]
    place.write_text(settings_of(database, *servers))
    with watchdown.open(place, create=True) as found:
        found.add(*films, copy=True, only=())
    yield place
    drop_database(database)


@contextmanager
def begun(library: Path, *more: str) -> Iterator[subprocess.Popen[str]]:
    """Begin a backfill in a process of its own, which is gone when the block ends."""
    code = "import sys; from watchdown.cli import main; sys.exit(main(sys.argv[1:]))"
    line = [sys.executable, "-c", code, "backfill", "shots", "--only", "--size", "1", *more]
    with subprocess.Popen(
        [*line, "--library", str(library)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def until(process: subprocess.Popen[str], said: str) -> None:
    """Read what a process says until it says something."""
    assert process.stderr is not None
    for line in process.stderr:
        if said in line:
            return
    pytest.fail(f"it ended without saying {said!r}")


def states(library: Path) -> list[str]:
    """Return the states of all runs."""
    with watchdown.open(library) as found:
        return [run.state for run in found.runs()]


def told(said: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the first and the last line of a backfill that speaks JSON."""
    lines = said.splitlines()
    return json.loads(lines[0]), json.loads(lines[-1])


def test_a_load_that_is_paused_takes_nothing_until_it_is_resumed(call: Call, either: Path) -> None:
    library = either
    assert call("budget", "--rate", "0", "--library", library).code == ExitCode.OK
    with begun(library) as process:
        until(process, "load 0/3")
        paused = call("backfills", "pause", "1", "--json", "--library", library)
        assert json.loads(paused.out)["state"] == "paused"
        assert call("budget", "--unlimited", "--library", library).code == ExitCode.OK
        until(process, "paused 0/3")
        assert states(library) == ["validated", "planned", "planned"]
        [one] = json.loads(call("backfills", "list", "--json", "--library", library).out)
        assert (one["backfill"], one["state"], one["at_work"], one["published"]) == (1, "paused", True, 0)
        assert call("backfills", "resume", "1", "--library", library).code == ExitCode.OK
        out, _ = process.communicate()
        assert process.returncode == ExitCode.OK
    assert out.splitlines()[-1] == "3 of 3 runs are published, 0 failed."
    assert states(library) == ["active"] * 3
    shown = json.loads(call("backfills", "status", "1", "--json", "--library", library).out)
    assert (shown["state"], shown["at_work"], shown["published"]) == ("done", False, 3)
    assert [one["states"] for one in shown["batches"]] == [{"active": 1}] * 3


def test_what_was_taken_back_is_left_until_it_is_asked_for(call: Call, library: Path) -> None:
    at = ("--library", library)
    assert call("backfill", "shots", "--only", *at).code == ExitCode.OK
    assert call("rollback", "shots", *at).code == ExitCode.OK
    left = call("backfill", "shots", "--only", *at)
    assert (left.code, left.out) == (ExitCode.OK, "Nothing is to be done.\n")
    assert "watchdown backfill shots --again" in left.err
    again = call("backfill", "shots", "--only", "--again", *at)
    assert (again.code, again.out) == (ExitCode.OK, "")
    assert "shown again: 3 results" in again.err
    assert states(library) == ["active"] * 3


def test_while_a_load_waits_nobody_else_does(call: Call, library: Path) -> None:
    (library.parent / "titles.csv").write_text("title,season:number\nTwo,2\n")
    assert call("budget", "--rate", "0", "--library", library).code == ExitCode.OK
    with begun(library, "--titles", "One") as process:
        until(process, "load 0/1")
        imported = call("titles", "import", library.parent / "titles.csv", "--library", library)
        planned = call("batch", "shots", "--titles", "Two", "--json", "--library", library)
        assert (imported.code, planned.code) == (ExitCode.OK, ExitCode.OK)
        [batch] = [one["batch"] for one in json.loads(planned.out)["batches"]]
        for stage in ("work", "record", "validate", "publish"):
            done = call(stage, "--batch", batch, "--library", library)
            assert (done.code, "waiting" in done.err) == (ExitCode.OK, False)
        assert process.poll() is None
    assert states(library) == ["validated", "validated"]


def test_a_file_whose_run_is_at_work_elsewhere_is_left_to_that(
    call: Call, library: Path, films: list[Path]
) -> None:
    assert call("budget", "--rate", "0", "--library", library).code == ExitCode.OK
    with begun(library, "--titles", "One") as process:
        until(process, "load 0/1")
        with watchdown.open(library) as found:
            [added] = found.add(films[0], only=["shots"])
        assert any("shots: is at work in a backfill (batch " in note for note in added.notes)
        assert states(library) == ["validated"]


def test_a_cancelled_backfill_leaves_nothing_that_could_be_seen(call: Call, either: Path) -> None:
    library = either
    assert call("budget", "--rate", "0", "--library", library).code == ExitCode.OK
    with begun(library, "--json") as process:
        assert process.stdout is not None
        number = json.loads(process.stdout.readline())["backfill"]
        with opened(library) as services:
            while not any(run.state is State.VALIDATED for run in services.ledger.runs()):
                assert process.poll() is None
        said = call("backfills", "cancel", number, "--json", "--library", library)
        assert json.loads(said.out)["state"] == "cancelled"
        out, err = process.communicate()
    assert process.returncode == ExitCode.FAILED
    assert "was cancelled" in err
    assert json.loads(out.splitlines()[-1])["published"] == 0
    assert states(library) == ["cancelled"] * 3
    with opened(library) as services:
        assert list(services.storage.list(keys.STAGED)) == []
    assert call("backfills", "cancel", number, "--library", library).code == ExitCode.OK  # twice is no fault
    refused = call("backfills", "resume", number, "--library", library)
    assert refused.code == ExitCode.FAILED
    assert "is cancelled and cannot become paused" in refused.errors[0]
    assert call("budget", "--unlimited", "--library", library).code == ExitCode.OK
    again = call("backfill", "shots", "--only", "--json", "--library", library)
    first, last = told(again.out)
    assert (first["backfill"], last["published"], again.code) == (number + 1, 3, ExitCode.OK)


def test_two_at_once_work_each_batch_once_and_both_report(either: Path) -> None:
    library = either
    line = [sys.executable, "-c", WAITING, "backfill", "shots", "--only", "--size", "1", "--json"]
    said = run_together([[*line, "--library", str(library)]] * 2)
    for one in said:
        first, last = told(one)
        assert first == {"backfill": 1}
        assert (last["runs"], last["published"], last["passed"]) == (3, 3, True)
    assert states(library) == ["active"] * 3
    with opened(library) as services:
        assert services.ledger.view().epoch == 3  # one for each batch
        assert {services.leases.token(batch) for batch in services.backfills.batches(1)} == {1}
        assert services.backfills.get(1).state == "done"


def test_a_backfill_that_is_shown_all_at_once_has_one_epoch(call: Call, either: Path) -> None:
    library = either
    said = call("backfill", "shots", "--publish", "all", "--size", "1", "--json", "--library", library)
    _, last = told(said.out)
    assert (said.code, last["published"]) == (ExitCode.OK, 6)  # with the keyframes that read the shots
    with watchdown.open(library) as found:
        epochs = {run.algorithm: set[int | None]() for run in found.runs()}
    with opened(library) as services:
        for run in services.ledger.runs():
            epochs[run.algorithm].add(run.visible_from)
    assert epochs == {"shots": {1}, "keyframes": {2}}


def test_what_fails_keeps_it_from_being_shown_until_it_was_tried_again(call: Call, library: Path) -> None:
    with opened(library) as services:
        [asset] = services.catalogue.assets(services.catalogue.title("Two").id)
        key = asset.path
        whole = services.storage.read(key)
        services.storage.put(key, b"\0" * len(whole))
    begin = ("backfill", "shots", "--only", "--publish", "all", "--size", "1", "--library", library)
    said = call(*begin)
    assert said.code == ExitCode.FAILED
    assert "retry-failed 1" in said.err
    assert sorted(states(library)) == ["failed", "loaded", "loaded"]
    [failure] = json.loads(call("backfills", "status", "1", "--json", "--library", library).out)["failures"]
    assert failure["title_name"] == "Two"
    assert failure["command"].startswith("watchdown backfill shots --titles ")
    with opened(library) as services:
        services.storage.put(key, whole)
    again = call("backfills", "retry-failed", "1", "--only", "--json", "--library", library)
    first, last = told(again.out)
    assert (again.code, first["backfill"], last["published"], last["failed"]) == (ExitCode.OK, 1, 3, [])
    assert sorted(states(library)) == ["active"] * 3 + ["failed"]
    with opened(library) as services:
        assert services.ledger.view().epoch == 1
    nothing = call("backfills", "retry-failed", "1", "--library", library)
    assert nothing.out == "Nothing of backfill 1 is to be tried again.\n"


def test_titles_that_are_worked_at_once_give_what_they_give_one_after_the_other(
    call: Call, library: Path, films: list[Path], tmp_path: Path
) -> None:
    other = tmp_path / "other"
    with watchdown.open(other, create=True) as found:
        found.add(*films, only=())
    for place, at_once in ((library, "3"), (other, "1")):
        for algorithm in ("shots", "visual-embedding"):
            said = call("backfill", algorithm, "--concurrency", at_once, "--library", place)
            assert said.code == ExitCode.OK
    held = []
    for place in (library, other):
        with opened(place) as services:
            names = {title.id: title.name for title in services.catalogue.titles()}
            held.append(
                sorted((names[run.title], run.algorithm, run.content) for run in services.ledger.runs())
            )
    assert held[0] == held[1]
    assert len(held[0]) == 9


def test_what_reads_the_records_follows_in_the_same_backfill(call: Call, library: Path) -> None:
    assert call("backfill", "shots", "--library", library).code == ExitCode.OK
    with opened(library) as services:
        runs = services.ledger.runs()
        assert sorted(run.algorithm for run in runs) == ["keyframes"] * 3 + ["shots"] * 3
        assert {run.batch for run in runs} == set(services.backfills.batches(1))


@pytest.mark.parametrize("act", ["status", "pause", "resume", "cancel", "retry-failed"])
def test_a_backfill_that_is_not_there_is_named(call: Call, library: Path, act: str) -> None:
    said = call("backfills", act, "7", "--library", library)
    assert said.code == ExitCode.NOT_FOUND
    assert said.errors == ["7: is no backfill of this library. See all with: watchdown backfills list."]


def test_a_library_without_backfills_says_so(call: Call, library: Path) -> None:
    assert call("backfills", "list", "--library", library).out == "There are no backfills.\n"


def test_from_python_a_backfill_is_run_and_looked_at(library: Path) -> None:
    with watchdown.open(library) as found:
        done = found.backfills.run("shots", ["One"], only=True)
        assert (done.state, done.runs, done.published) == ("done", 1, 1)
        assert [one.backfill for one in found.backfills.list()] == [done.backfill]
        assert found.backfills.status(done.backfill).batches[0].states == {"active": 1}
