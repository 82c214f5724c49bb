"""Where the time of a DAG run went: by what Airflow says of its tasks, and by what pods have left."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from backfill_ways import ALGORITHM, Taken

from services.kubernetes.components import NAMES, NODE
from services.platform import Platform

DAG, GROUP = f"algo.{ALGORITHM}", "batch."
COMMANDS = {"plan": "batch"}  # the tasks whose command has another name


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """One task: how long it was waited for, how long it took, and its command's part of that."""

    name: str
    gap: float
    task: float
    command: float | None = None
    cpu: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """The parts of the task `work`, in seconds."""

    submitted: float
    first_pod: float
    pods: float
    noticed: float
    ended: float


def moment(said: str) -> float:
    """Return a time of Airflow's in seconds."""
    return datetime.fromisoformat(said).timestamp()


class Run:
    """The last DAG run of the algorithm."""

    def __init__(self, platform: Platform) -> None:
        self._platform, self._api = platform, platform.airflow.api
        asked = {"limit": 1, "order_by": "-start_date"}
        [self._run] = self._api.call("GET", f"/dags/{DAG}/dagRuns", **asked)["dag_runs"]
        self.id: str = self._run["dag_run_id"]
        self.queued = moment(self._run["queued_at"])
        tasks = self._api.tasks(DAG, self.id)
        self._tasks = sorted(tasks, key=lambda task: moment(task["start_date"]))

    def stages(self, taken: Taken) -> Iterator[Stage]:
        """Yield the tasks in their order."""
        before = self.queued
        for task in self._tasks:
            name = task["task_id"].removeprefix(GROUP)
            begin, end = moment(task["start_date"]), moment(task["end_date"])
            called = COMMANDS.get(name, name)
            command = taken.command(called) if any(one.name == called for one in taken.commands) else None
            yield Stage(
                name=name,
                gap=begin - before,
                task=end - begin,
                command=command.seconds if command else None,
                cpu=command.cpu if command else None,
            )
            before = end

    def work(self) -> Work:
        """Return the parts of the work: of the pods, what their files on the node say."""
        [task] = [task for task in self._tasks if task["task_id"] == f"{GROUP}work"]
        lines = [self._event(line) for line in self._api.log(DAG, self.id, task["task_id"], 0).splitlines()]
        submitted, noticed = (
            next(moment(line["timestamp"]) for line in lines if said in line["event"])
            for said in ("Submitted Job", "has ended")
        )
        [batch] = self._api.xcom(DAG, self.id, "plan")
        node = self._platform.kubernetes.folder / NAMES[NODE] / "pods" / self._platform.namespace
        pods = list(node.glob(f"watchdown-{batch['batch']}-*/*/containers"))
        first = min(pod.stat().st_mtime for pod in pods)
        last = max(log.stat().st_mtime for pod in pods for log in pod.glob("*/*.log"))
        return Work(
            submitted=submitted - moment(task["start_date"]),
            first_pod=first - submitted,
            pods=last - first,
            noticed=noticed - last,
            ended=moment(task["end_date"]) - noticed,
        )

    @staticmethod
    def _event(line: str) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(line)
        return {"timestamp": "", "event": "", **said}
