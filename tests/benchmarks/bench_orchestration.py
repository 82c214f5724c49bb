"""What Airflow itself takes for 1,000 titles that need no work: as batches of 50, and as one task a title.

Each task is one of our operators with a stand-in for `watchdown` that answers at once; there are no pods.

PYTHONPATH=tests python tests/benchmarks/bench_orchestration.py [--titles N] [--rounds N]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from machine import machine
from servers import own_name
from usage import begun, memory, processor_seconds

from services.airflow import SCHEDULER, Airflow
from services.postgresql import PostgreSQL

DAGS = Path(__file__).parent / "orchestration"
TITLES, SIZE, LOOK_S = 1000, 50, 1.0
STAND_IN = """\
#!/bin/sh
case $1 in
batch) exec cat "{plans}/$3.json" ;; # batch --size N
*) echo '{{}}' ;;
esac
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one DAG run took."""

    tasks: int
    seconds: float
    airflow: float
    postgresql: float
    before: float
    after: float

    def told(self, titles: int) -> str:
        """Say it in a line."""
        each = 1000 / titles
        return (
            f"{self.tasks:>5} tasks: {each * self.airflow:6.1f} ms CPU a title in Airflow,"
            f" {each * self.postgresql:4.1f} in PostgreSQL, {self.airflow / self.tasks:.2f} s a task;"
            f" {self.seconds:5.1f} s, {titles / self.seconds:5.1f} titles/s,"
            f" {self.tasks / self.seconds:.1f} tasks/s;"
            f" scheduler {self.before:.0f} MiB before, {self.after:.0f} after"
        )


def plan(titles: int, size: int) -> dict[str, Any]:
    """Return what `watchdown batch --json` would print."""
    counts = [min(size, titles - first) for first in range(0, titles, size)]
    batches = [
        {"batch": f"batch{number:019}", "titles": count, "algorithms": ["shots"], "image": "worker"}
        for number, count in enumerate(counts)
    ]
    return {"plan": f"{titles}-{size}", "batches": batches, "up_to_date": 0, "waiting": []}


def stand_in(home: Path, titles: int) -> Path:
    """Write the stand-in for `watchdown` with its plans, and return it."""
    for size in (1, SIZE):
        (home / f"{size}.json").write_text(json.dumps(plan(titles, size)))
    program = home / "watchdown"
    program.write_text(STAND_IN.format(plans=home))
    program.chmod(0o755)
    return program


def connection(command: Path) -> str:
    """Return the connection whose command is the stand-in."""
    image = f"watchdown/worker@sha256:{'0' * 64}"
    extra = {"library": "env:", "namespace": "none", "images": {"worker": image}, "env_from": "none"}
    return json.dumps({"conn_type": "watchdown", "extra": {"command": str(command), **extra}})


def run(airflow: Airflow, database: PostgreSQL, dag: str, size: int) -> Cost:
    """Run a DAG to its end, and return what it took."""
    api, scheduler = airflow.api, [airflow.processes[SCHEDULER]]
    before = memory(scheduler)
    clocks = {
        "airflow": lambda: processor_seconds(airflow.processes),
        "postgresql": lambda: processor_seconds(database.processes),
    }
    spent = begun(clocks)
    name = api.trigger(dag, {"size": size})
    while (state := api.state(dag, name)) not in {"success", "failed"}:
        time.sleep(LOOK_S)
    assert state == "success", api.tasks(dag, name)
    used, after = spent(), memory(scheduler)
    path = f"/dags/{dag}/dagRuns/{name}"
    told = api.call("GET", path)
    begin, end = (datetime.fromisoformat(told[moment]) for moment in ("queued_at", "end_date"))
    tasks = api.call("GET", f"{path}/taskInstances", limit=1)["total_entries"]
    return Cost(tasks, (end - begin).total_seconds(), used["airflow"], used["postgresql"], before, after)


def main() -> None:
    """Print what each shape costs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--titles", type=int, default=TITLES)
    parser.add_argument("--rounds", type=int, default=1)
    wishes = parser.parse_args()
    with own_name() as name, tempfile.TemporaryDirectory() as home:
        database = PostgreSQL(name)
        command = stand_in(Path(home), wishes.titles)
        airflow = Airflow(name, dags=DAGS, connections={"watchdown_default": connection(command)})
        airflow.up()
        for dag in ("bench.batches", "bench.titles"):
            airflow.api.await_dag(dag)
        run(airflow, database, "bench.batches", SIZE)  # whose processes have been forked then
        for _ in range(wishes.rounds):
            print(machine(), flush=True)
            batches = run(airflow, database, "bench.batches", SIZE)
            print(f"  batches of {SIZE}     {batches.told(wishes.titles)}", flush=True)
            titles = run(airflow, database, "bench.titles", 1)
            print(f"  one task a title  {titles.told(wishes.titles)}")
            print(
                f"  one task a title over batches: {titles.airflow / batches.airflow:.1f}x CPU,"
                f" {titles.seconds / batches.seconds:.1f}x time",
                flush=True,
            )


if __name__ == "__main__":
    main()
