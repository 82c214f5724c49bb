"""Reading DAGs: those of 300 algorithms beside as many of plain BashOperators, as Airflow does it.

PYTHONPATH=tests python tests/benchmarks/bench_dags.py [--algorithms N] [--rounds N]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path
from typing import Any

from machine import machine

from services.airflow_script import Script

ALGORITHMS, ROUNDS = 300, 5
SCRIPT = """
import json, os, sys, time
from datetime import timedelta
from airflow.sdk import DAG, TaskGroup
from airflow.providers.standard.operators.bash import BashOperator
from airflow.serialization.serialized_objects import DagSerialization
from watchdown_operators.dags import watchdown_dags

CONTEXT = "_AIRFLOW_PARSING_CONTEXT_DAG_ID"

def plain():
    dags = {}
    for number in range(int(os.environ["ALGORITHMS"])):
        with DAG(f"plain.{number}", schedule=None, default_args={"retries": 2}) as dag:
            before = BashOperator(task_id="plan", bash_command="plan")
            with TaskGroup("batch"):
                for stage in ("work", "record", "validate", "load", "publish"):
                    before >> (after := BashOperator(task_id=stage, bash_command=stage))
                    before = after
            before >> BashOperator(task_id="report", bash_command="report", trigger_rule="all_done")
        dags[dag.dag_id] = dag
    return dags

def one():
    os.environ[CONTEXT] = "algo.bench-7"
    try:
        return watchdown_dags()
    finally:
        del os.environ[CONTEXT]

for line in sys.stdin:
    begin = time.process_time()
    dags = {"ours": watchdown_dags, "plain": plain, "one": one}[json.loads(line)["what"]]()
    built = time.process_time()
    sizes = [len(json.dumps(DagSerialization.to_dict(dag))) for dag in dags.values()]
    end = time.process_time()
    said = {"dags": len(dags), "built": built - begin, "written": end - built, "bytes": sum(sizes)}
    print("answer:", json.dumps(said), flush=True)
"""
MANIFEST = """\
name = "bench-{number}"
version = "1.0.{number}"
summary = "Algorithm {number} of the benchmark"
consumes = ["video"]
produces = ["Label"]
class = "algo:Algorithm"

[parameters]
per_second = 2.0

[resources]
cpu = 2
memory_mib = 1024
"""


def package(site: Path, algorithms: int) -> None:
    """Lay out an installed package that offers as many algorithms."""
    points = []
    for number in range(algorithms):
        folder = site / "bench_algorithms" / f"bench_{number}"
        folder.mkdir(parents=True)
        (folder / "algo.toml").write_text(MANIFEST.format(number=number))
        points.append(f"bench-{number} = bench_algorithms.bench_{number}\n")
    (site / "bench_algorithms" / "__init__.py").touch()
    info = site / "bench_algorithms-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: bench-algorithms\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[watchdown.algorithms]\n" + "".join(points))


def main() -> None:
    """Print what each way costs a DAG, in the median of some rounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--algorithms", type=int, default=ALGORITHMS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    asked = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as home:
        file = Path(home, "read.py")
        file.write_text(SCRIPT)
        package(Path(home, "more"), asked.algorithms)
        script = Script(
            file, Path(home), more=Path(home, "more"), variables={"ALGORITHMS": str(asked.algorithms)}
        )
        try:
            costs = {what: told(script, what, asked.rounds) for what in ("plain", "ours", "one")}
        finally:
            script.end()
    plain, ours, one = (costs[what] for what in ("plain", "ours", "one"))
    for what, cost in (("plain BashOperators", plain), ("ours", ours)):
        built, written, size = (cost[key] / cost["dags"] for key in ("built", "written", "bytes"))
        print(
            f"{what:<20} {cost['dags']:>4.0f} DAGs, each {1000 * built:6.2f} ms CPU to build, "
            f"{1000 * written:6.2f} ms to serialise, {size / 1024:5.1f} KiB"
        )
    each = {name: cost["built"] / cost["dags"] for name, cost in costs.items()}
    print(f"ours to build: {each['ours'] / each['plain']:.2f}x plain; aim: at most 10 ms a DAG")
    print(f"one of them, as each task does: {1000 * one['built']:.1f} ms CPU")


def told(script: Script, what: str, rounds: int) -> dict[str, float]:
    """Return the medians of what the script says of one way."""
    said: list[dict[str, Any]] = [script.ask(what=what) for _ in range(rounds)]
    return {key: statistics.median(one[key] for one in said) for key in said[0]}


if __name__ == "__main__":
    main()
