"""`watchdown work`, the command of a pod: what it needs to know, leaves behind, says and ends with."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import watchdown
from e2e.conftest import Call, Shelf
from killing import watch
from watchdown.cli.exit_codes import ExitCode
from watchdown.cli.work import ENDED
from watchdown.client.opening import opened
from watchdown.runs.batch import Batch, read_batch
from watchdown.runs.staging import Staging, finished
from watchdown.settings import Settings

TITLES = ("Harbour", "Meadow")


@pytest.fixture
def library(shelf: Shelf, tmp_path: Path) -> Path:
    """Give a library of two films of its own, of which nothing is known."""
    place = tmp_path / "library"
    films = [shelf.harbour_file, shelf.meadow_file]
    with watchdown.open(place, create=True) as found:
        assert not [error for one in found.add(*films, copy=True, only=()) for error in one.errors]
    return place


@pytest.fixture
def batch(library: Path, call: Call) -> str:
    """Plan a batch of both titles."""
    [planned] = json.loads(call("batch", "shots", "--json", "--library", library).out)["batches"]
    assert planned["titles"] == len(TITLES)
    return str(planned["batch"])


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Name the file in which a container leaves its last words."""
    monkeypatch.setenv("TERMINATION_LOG", str(tmp_path / "termination-log"))
    return tmp_path / "termination-log"


def read(library: Path, name: str) -> Batch:
    """Return a batch."""
    with opened(library) as services:
        return read_batch(services.storage, name)


def spoil(library: Path, title: str) -> None:
    """Make a film one that no attempt will get through."""
    with opened(library) as services:
        assets = services.catalogue.assets(services.catalogue.title(title).id)
        [film] = [one.path for one in assets if one.kind == "video"]
        services.storage.put(film, b"\0" * len(services.storage.read(film)))


def staged(library: Path) -> list[str]:
    """Return the files that attempts have left."""
    return sorted(path.name for path in library.glob("staged/**/*") if path.is_file())


def test_one_index_is_one_title_and_work_that_is_finished_is_not_done_again(
    call: Call, library: Path, batch: str
) -> None:
    said = call("work", "--batch", batch, "--index", "1", "--library", library)
    assert (said.code, said.out) == (ExitCode.OK, "")
    assert said.err == "done: Meadow: run 2: 2 Shot\n"
    before = staged(library)
    assert call("work", "--batch", batch, "--index", "1", "--library", library).code == ExitCode.OK
    assert staged(library) == before
    said = call("work", "--batch", batch, "--library", library)
    assert said.err == "done: Harbour: run 1: 3 Shot\ndone: Meadow: run 2: 2 Shot\n"


def test_a_bad_title_ends_with_10_and_leaves_its_cause(
    call: Call, library: Path, batch: str, log: Path
) -> None:
    spoil(library, "Harbour")
    said = call("work", "--batch", batch, "--index", "0", "--library", library)
    assert said.code == ExitCode.BAD_TITLE
    assert said.err.startswith("failed: Harbour: run 1: ")
    assert said.err.splitlines()[-1].endswith(log.read_text("utf-8"))
    assert call("work", "--batch", batch, "--index", "1", "--library", library).code == ExitCode.OK
    said = call("record", "--batch", batch, "--json", "--library", library)
    assert json.loads(said.out)["states"] == {"failed": 1, "staged": 1}


@pytest.mark.parametrize("passing", ["Staging.write", "Staging.commit"])
def test_one_that_is_asked_to_end_removes_its_half_attempt(  # noqa: PLR0917 - fixtures
    call: Call, library: Path, batch: str, log: Path, monkeypatch: pytest.MonkeyPatch, passing: str
) -> None:
    name, before = passing.partition(".")[2], signal.getsignal(signal.SIGTERM)
    with monkeypatch.context() as patch:
        patch.setattr(Staging, name, getattr(Staging, name))  # and back
        watch([(Staging, name)], lambda method, _: method, lambda _: os.kill(os.getpid(), signal.SIGTERM))
        said = call("work", "--batch", batch, "--library", library)
    assert said.code == ExitCode.TERMINATED
    assert said.err == f"ended: {ENDED}\n"
    assert log.read_text("utf-8") == ENDED
    assert staged(library) == []
    assert signal.getsignal(signal.SIGTERM) == before
    assert call("work", "--batch", batch, "--library", library).code == ExitCode.OK


def test_a_process_that_is_asked_to_end_ends_with_143(library: Path, batch: str, log: Path) -> None:
    # The film is a pipe that nobody writes to: the worker waits for it.
    with opened(library) as services:
        assets = services.catalogue.assets(services.catalogue.title("Harbour").id)
        [film] = [library / one.path for one in assets if one.kind == "video"]
    film.unlink()
    os.mkfifo(film)
    line = [sys.executable, "-m", "watchdown", "work", "--batch", batch, "--library", str(library)]
    with subprocess.Popen(line, stderr=subprocess.PIPE, text=True) as worker:
        writer = os.open(film, os.O_WRONLY)  # opens once the worker has opened it
        worker.send_signal(signal.SIGTERM)
        os.close(writer)
        _, said = worker.communicate(timeout=60)
    assert worker.returncode == ExitCode.TERMINATED
    assert said == f"ended: {ENDED}\n"
    assert log.read_text("utf-8") == ENDED
    assert staged(library) == []


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["--batch", "nothing"], ExitCode.NOT_FOUND, "nothing: is no batch of this library"),
        (["--batch", "BATCH", "--index", "2"], ExitCode.NOT_FOUND, "has no index 2. Its indexes are 0 to 1"),
        (["--batch", "BATCH", "--index", "-1"], ExitCode.USAGE, "'--index'"),
        ([], ExitCode.USAGE, "'--batch'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_is_not_there_to_work_is_no_bad_luck(  # noqa: PLR0917 - fixtures
    call: Call, library: Path, batch: str, arguments: list[str], code: ExitCode, told: str
) -> None:
    said = call("work", *(batch if one == "BATCH" else one for one in arguments), "--library", library)
    assert said.code == code
    assert told in said.errors[0]


def environment(library: Path) -> dict[str, str]:
    """Return what tells a worker of a folder library by its environment alone."""
    settings = Settings.read(library)
    return {
        "WATCHDOWN_LIBRARY": "env:",
        "WATCHDOWN_STORAGE": str(settings.storage),
        "WATCHDOWN_STORE": str(settings.store),
        "WATCHDOWN_WORK": str(library.with_name("scratch")),
    }


def test_the_environment_alone_is_enough(
    call: Call, library: Path, batch: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment(library).items():
        monkeypatch.setenv(name, value)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    hidden = library / "library.db"
    shutil.move(hidden, tmp_path / "hidden.db")  # a worker never asks the database
    said = call("work", "--batch", batch)
    shutil.move(tmp_path / "hidden.db", hidden)
    assert (said.code, said.errors) == (ExitCode.OK, [])
    with opened(library) as services:
        assert all(finished(services.storage, run) for run in read(library, batch).runs)
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize(
    ("missing", "told"),
    [
        ("WATCHDOWN_STORE", "store (environment): is not set"),
        ("WATCHDOWN_STORAGE", "storage: is not set"),
    ],
)
def test_a_variable_that_is_missing_is_named_and_trying_again_is_useless(  # noqa: PLR0917 - fixtures
    call: Call, library: Path, batch: str, log: Path, monkeypatch: pytest.MonkeyPatch, missing: str, told: str
) -> None:
    for name, value in environment(library).items():
        if name != missing:
            monkeypatch.setenv(name, value)
    said = call("work", "--batch", batch)
    assert said.code == ExitCode.USAGE
    assert said.errors[0].startswith(told)
    assert log.read_text("utf-8") == said.errors[0]
