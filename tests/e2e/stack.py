"""A library on the live platform, and the commands and looks that tests of it need."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import psutil

import watchdown
from services.platform import Platform, Servers, fill
from watchdown.client.opening import opened
from watchdown.client.results import RunSummary
from watchdown.storage.protocol import Storage
from watchdown_algos.drawn.film import DrawnLine, film_of
from watchdown_algos.drawn.write import write_film, write_srt

T = TypeVar("T")
PROGRAM = Path(sys.executable).with_name("watchdown")
ALGORITHM = "visual-embedding"
DAG = f"algo.{ALGORITHM}"
SECOND = 1_000_000_000
LONGEST_S, SOON_S, LOOK_S = 240.0, 120.0, 0.1


def until(found: Callable[[], T | None], what: str, patience_s: float = SOON_S) -> T:
    """Wait until something is found, and return it."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        if (thing := found()) is not None:
            return thing
        time.sleep(LOOK_S)
    raise TimeoutError(what)


@dataclass(frozen=True, slots=True)
class Stack:
    """One library that Airflow is connected to."""

    platform: Platform
    library: Path

    def call(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `watchdown` to its end."""
        line = [str(PROGRAM), *arguments, "--library", str(self.library)]
        return subprocess.run(line, capture_output=True, text=True, check=False)

    @contextmanager
    def begun(self, *more: str) -> Iterator[subprocess.Popen[str]]:
        """Begin the backfill; it is at its end when the block ends."""
        line = [str(PROGRAM), "backfill", ALGORITHM, "--via", "airflow", "--json", *more]
        line += ["--library", str(self.library)]
        with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            try:
                yield process
            finally:
                process.terminate()

    def report(self, process: subprocess.Popen[str]) -> dict[str, Any]:
        """Wait for a backfill and return its report."""
        out, errors = process.communicate(timeout=LONGEST_S)
        assert out, errors
        found: dict[str, Any] = json.loads(out.splitlines()[-1])
        return found

    def jobs(self) -> list[dict[str, Any]]:
        """Return the Jobs of this library's batches."""
        return list(jobs_of(self.platform, self.library).values())

    def batches(self) -> set[str]:
        """Return the batches that runs are in."""
        return batches_of(self.library)

    def pod(self, index: int) -> psutil.Process:
        """Wait for the process of an item of this library's batch, and return it."""
        [batch] = until(lambda: self.batches() or None, "a batch is planned")
        mark = f"--batch {batch} --index {index}"

        def found() -> psutil.Process | None:
            for process in psutil.process_iter(["cmdline"]):
                if mark in " ".join(process.info["cmdline"] or ()):
                    return process
            return None

        return until(found, f"the pod of index {index} runs")

    def run(self) -> str:
        """Wait for the DAG run of this library's plan, and return its id."""
        [batch] = until(lambda: self.batches() or None, "a batch is planned")

        def found() -> str | None:
            api = self.platform.airflow.api
            runs = api.call("GET", f"/dags/{DAG}/dagRuns", limit=100, order_by="-start_date")["dag_runs"]
            for run in runs:
                try:
                    plan = api.xcom(DAG, run["dag_run_id"], "plan")
                except Exception:  # noqa: BLE001 - it has none yet
                    continue
                if any(one["batch"] == batch for one in plan):
                    return str(run["dag_run_id"])
            return None

        return until(found, "the DAG run has planned")

    def waits(self, run: str, task: str, state: str) -> None:
        """Wait until a task is in a state."""

        def found() -> bool | None:
            tasks = self.platform.airflow.api.tasks(DAG, run)
            return True if any(one["task_id"] == task and one["state"] == state for one in tasks) else None

        until(found, f"{task} is {state}")

    def runs(self) -> list[RunSummary]:
        """Return the runs of the algorithm."""
        with watchdown.open(self.library) as library:
            return [run for run in library.runs() if run.algorithm == ALGORITHM]

    def logs(self, run: str) -> dict[str, str]:
        """Return what each task of a DAG run has logged in its last attempt."""
        api = self.platform.airflow.api
        return {
            one["task_id"]: api.log(DAG, run, one["task_id"], one["map_index"], one["try_number"])
            for one in api.tasks(DAG, run)
            if one["try_number"]  # one that has not begun has no log, and may have been mapped by now
        }


def batches_of(library: Path) -> set[str]:
    """Return the batches that runs of a library are in."""
    with opened(library) as services:
        return {run.batch for run in services.ledger.runs() if run.batch}


def jobs_of(servers: Servers, library: Path) -> dict[str, dict[str, Any]]:
    """Return the Jobs of a library's batches, by batch."""
    found = servers.kubernetes.kubectl("-n", servers.namespace, "get", "jobs", "-o", "json")
    jobs = {job["metadata"]["name"].removeprefix("watchdown-"): job for job in json.loads(found)["items"]}
    return {batch: jobs[batch] for batch in batches_of(library) if batch in jobs}


def tiny(
    servers: Servers, home: Path, count: int = 3, *, spoken: bool = False, settings: str | None = None
) -> Path:
    """Make a library of a few tiny titles, with subtitles where they are `spoken`; nothing of it is known."""
    home.mkdir()
    library = home / "watchdown.toml"
    library.write_text(settings or servers.settings())
    films = []
    for number in range(count):
        film = film_of(70 + number, name=f"Tiny {number}", shots=2, seconds=(0.9, 1.1))
        if spoken:
            text = f"This is reel number {number}."
            line = DrawnLine(start_ns=SECOND // 2, end_ns=SECOND, language="en", text=text)
            write_srt([line], home / f"{film.name}.en.srt")
        write_film(film, home / f"{film.name}.mp4")
        films.append(home / f"{film.name}.mp4")
    fill(library, films, only=())
    return library


def small(platform: Platform, home: Path, count: int = 3, **more: Any) -> Stack:
    """Make a tiny library and connect Airflow to it."""
    library = tiny(platform, home, count, **more)
    platform.connect(library, PROGRAM)
    return Stack(platform, library)


def stored(library: Path, title: str) -> tuple[Storage, str]:
    """Return the storage of a library and the key of a title's film in it."""
    with opened(library) as services:
        assets = services.catalogue.assets(services.catalogue.title(title).id)
        return services.storage, next(asset.path for asset in assets if asset.kind == "video")


def spoil(library: Path, title: str) -> None:
    """Make a film one that no attempt will get through."""
    storage, key = stored(library, title)
    storage.put(key, b"\0" * len(storage.read(key)))


def mend(library: Path, title: str) -> None:
    """Put a film's own content back."""
    storage, key = stored(library, title)
    storage.put(key, (library.parent / f"{title}.mp4").read_bytes())


def nothing_twice(stack: Stack, titles: int) -> None:
    """Check that each title has one active run, its rows once, and that one Job was made for all."""
    runs = stack.runs()
    assert [run.state for run in runs] == ["active"] * titles
    assert len({run.title for run in runs}) == titles
    with watchdown.open(stack.library) as library:
        assert library.count("Embedding") == sum(run.counts["Embedding"] for run in runs)
    [job] = stack.jobs()
    assert job["spec"]["completionMode"] == "Indexed"
    assert job["status"]["succeeded"] == titles
    assert not job["status"].get("active")
