"""The executor that has Airflow run a backfill, its batches as Kubernetes jobs, and follows it."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any, Final

from watchdown.executors.airflow_api import AirflowApi, Refused
from watchdown.executors.protocol import STAGES, Step, Wanted
from watchdown.runs.batch import Batch
from watchdown.runs.staging import finished, read_manifest
from watchdown.settings.model import AirflowSettings
from watchdown.storage.protocol import Storage
from watchdown_schemas.errors import (
    ExecutorError,
    ExecutorUnavailable,
    NotFound,
    StorageNotFound,
    StorageUnavailable,
)
from watchdown_schemas.ids import short_hash

GROUP: Final = "batch"  # of the tasks of each batch, in the DAGs of watchdown_operators
LOOK_S: Final = 1.0
AWAY_S: Final = 300.0  # how long Airflow may be away while a backfill is followed
LOOKS: Final = 200  # objects of storage that are asked for in a look
EVERY: Final = {"dry_run": False, "only_failed": False}
ENDED: Final = frozenset({"success", "failed"})


def dag_of(algorithm: str) -> str:
    """Return the id of the DAG that runs an algorithm."""
    return f"algo.{algorithm}"


def run_id(wanted: Wanted) -> str:
    """Return the id of the DAG run: that of the plan, and of how it is to be carried out."""
    asked = [] if (wanted.rate, wanted.tolerance) == (None, 0.0) else [wanted.rate, wanted.tolerance]
    return f"plan-{short_hash(wanted.planned.plan, *asked) if asked else wanted.planned.plan}"


class AirflowExecutor:
    """Triggers DAG runs named after their plan, so that what is triggered twice is one run."""

    def __init__(self, settings: AirflowSettings, *, read: Callable[[str], Batch], storage: Storage) -> None:
        self._api = AirflowApi(settings)
        self._read = read
        self._storage = storage
        self._wanted: dict[str, Wanted] = {}

    def run(self, wanted: Wanted) -> str:
        """Trigger the DAG run of a plan, take up one that is there, and let one that failed go on."""
        dag, name = dag_of(wanted.algorithm), run_id(wanted)
        self._ready(dag)
        self._wanted[name] = wanted
        conf: dict[str, Any] = {
            "titles": list(dict.fromkeys(wanted.titles)),
            "size": wanted.size,
            "rate": wanted.rate,
            "tolerance": wanted.tolerance,
        }
        if wanted.concurrency is not None:
            conf["concurrency"] = wanted.concurrency
        body = {"dag_run_id": name, "logical_date": None, "conf": conf}
        try:
            self._api.call("POST", f"/dags/{dag}/dagRuns", json=body)
        except Refused as refused:
            if not refused.exists:
                raise
            if self._run(wanted, name)["state"] in ENDED:
                self._api.call("POST", f"{_path(wanted)}/{name}/clear", json=EVERY)
        return name

    def watch(self, name: str) -> Iterator[Step]:
        """Yield how far the DAG run is: by its tasks, and by what workers have left in storage."""
        wanted = self._of(name)
        workers = _Workers([self._read(one.batch) for one in wanted.planned.batches], self._storage)
        yield Step(stage="plan", done=0, total=workers.titles, note=self.page(name))
        told: set[str] = set()
        away: float | None = None
        while True:
            try:
                yield from workers.look()
                state = self._run(wanted, name)["state"]
                tasks = list(self._api.pages(f"{_path(wanted)}/{name}/taskInstances", "task_instances"))
            except (ExecutorUnavailable, StorageUnavailable) as error:
                away = away or time.monotonic()
                if time.monotonic() - away > AWAY_S:
                    raise
                yield Step(stage="work", done=workers.done, total=workers.titles, note=str(error))
            else:
                away = None
                yield from self._progress(wanted, tasks, workers)
                for failed in _failures(tasks):
                    if failed not in told:
                        told.add(failed)
                        yield Step(stage="airflow", failed=f"{failed}; its log: {self.page(name)}")
                if state in ENDED:
                    return
            time.sleep(LOOK_S)

    def cancel(self, name: str) -> None:
        """Fail the DAG run: what it deferred to is told, and deletes its Job."""
        self.end(self._of(name).algorithm, name)

    def end(self, algorithm: str, name: str) -> None:
        """Fail a DAG run that any process has triggered; nothing is done where there is none."""
        try:
            self._api.call("PATCH", f"/dags/{dag_of(algorithm)}/dagRuns/{name}", json={"state": "failed"})
        except Refused as refused:
            if not refused.missing:
                raise

    def page(self, name: str) -> str:
        """Return the address of a DAG run's page."""
        return f"{self._api.url}/dags/{dag_of(self._of(name).algorithm)}/runs/{name}"

    def close(self) -> None:
        """Let go of connections."""
        self._api.close()

    def _of(self, name: str) -> Wanted:
        if name not in self._wanted:
            raise NotFound(name, "is no backfill that was begun here", "Begin it with: watchdown backfill")
        return self._wanted[name]

    def _run(self, wanted: Wanted, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self._api.call("GET", f"{_path(wanted)}/{name}")
        return found

    def _ready(self, dag: str) -> None:
        """Check that Airflow has the DAG and runs it."""
        try:
            found = self._api.call("GET", f"/dags/{dag}")
        except Refused as refused:
            if not refused.missing:
                raise
            remedy = "Put dags/ where Airflow looks, and see its page of import errors"
            raise ExecutorError(self._api.url, f"knows no DAG {dag}", remedy) from refused
        if found["is_paused"]:
            raise ExecutorError(self._api.url, f"has paused {dag}", f"Run: airflow dags unpause {dag}")

    def _progress(self, wanted: Wanted, tasks: list[dict[str, Any]], workers: _Workers) -> Iterator[Step]:
        sizes = [one.titles for one in wanted.planned.batches]
        done: dict[str, int] = defaultdict(int)
        for task in tasks:
            group, _, stage = task["task_id"].partition(".")
            place = task["map_index"]
            if group == GROUP and task["state"] == "success" and 0 <= place < len(sizes):
                done[stage] += sizes[place]
        yield Step(stage="work", done=max(workers.done, done["work"]), total=workers.titles)
        for stage in STAGES[1:]:
            if done[stage]:
                yield Step(stage=stage, done=done[stage], total=workers.titles)


class _Workers:
    """What the workers of batches have left so far, looked for a few objects at a time."""

    def __init__(self, batches: list[Batch], storage: Storage) -> None:
        self._storage = storage
        self._left = [
            (item.name, [task.run for task in item.tasks]) for batch in batches for item in batch.items
        ]
        self.titles = len(self._left)

    @property
    def done(self) -> int:
        """How many titles are worked."""
        return self.titles - len(self._left)

    def look(self) -> Iterator[Step]:
        """Look for more, and yield what failed."""
        looked_at, self._left = self._left[:LOOKS], self._left[LOOKS:]
        while looked_at:
            name, runs = looked_at[0]
            try:
                done = all(finished(self._storage, run) for run in runs)
                errors = [read_manifest(self._storage, run).error for run in runs] if done else []
            except StorageNotFound:  # recorded and cleared away meanwhile: the ledger knows
                done, errors = True, []
            except StorageUnavailable:
                self._left = looked_at + self._left
                raise
            looked_at.pop(0)
            if not done:
                self._left.append((name, runs))
            yield from (Step(stage="work", failed=f"{name}: {error}") for error in errors if error)


def _path(wanted: Wanted) -> str:
    return f"/dags/{dag_of(wanted.algorithm)}/dagRuns"


def _failures(tasks: list[dict[str, Any]]) -> list[str]:
    """Name the tasks that failed, but not those that failed because of them."""
    return [
        f"task {task['task_id']}{[task['map_index']] if task['map_index'] >= 0 else ''} failed"
        for task in tasks
        if task["state"] == "failed"
    ]
