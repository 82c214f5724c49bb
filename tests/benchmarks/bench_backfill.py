"""20 titles from asking to searchable: by Airflow and Kubernetes, by the same commands by hand, and locally.

Each way works the same films in a library of its own on the same servers. By hand, the commands of the tasks
run one after the other and those of the pods two at a time: what Airflow and Kubernetes take is the rest.

PYTHONPATH=tests python tests/benchmarks/bench_backfill.py [--titles N] [--rounds N]
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterable
from pathlib import Path

import kubernetes_calls
from backfill_stages import Run, Stage
from backfill_ways import STAGES, Taken, Ways
from machine import machine
from measured import Measured
from servers import own_name

import watchdown
from e2e.stack import DAG, PROGRAM
from services.images import HOME, lay_out
from services.platform import TITLES, Platform, draw, fill
from watchdown_algos.drawn.film import film_of
from watchdown_algos.drawn.write import write_film


class Bench:
    """The ways on one platform, and libraries to be worked."""

    def __init__(self, platform: Platform, home: Path) -> None:
        self.platform, self._home = platform, home
        self.program = Measured(PROGRAM, home)
        worker = lay_out("worker").root / HOME / "bin" / PROGRAM.name
        self.ways = Ways(platform, self.program, Measured(worker, home / "worker"))
        self._made = 0

    def library(self, films: Iterable[Path], only: Iterable[str] | None = ()) -> Path:
        """Make a library of films, and connect Airflow to it."""
        self._made += 1
        library = self._home / str(self._made) / "watchdown.toml"
        library.parent.mkdir()
        library.write_text(self.platform.settings())
        fill(library, films, only=only)
        self.platform.connect(library, self.program.path)
        return library

    def warm(self) -> None:
        """Let one tiny title through, so that modules are compiled, models loaded and processes forked."""
        film = film_of(70, name="Tiny", shots=2, seconds=(0.9, 1.1))
        write_film(film, self._home / "Tiny.mp4")
        self.ways.by_airflow(self.library([self._home / "Tiny.mp4"]))

    def round(self, films: list[Path]) -> None:
        """Measure each way once, and print what it took."""
        print(f"\n{machine()}", flush=True)
        cluster, library = self.platform.kubernetes, self.library(films)
        before = kubernetes_calls.counted(cluster)
        airflow = self.ways.by_airflow(library)
        asked = kubernetes_calls.counted(cluster)
        found = hits(library)
        self._tell_run(airflow)
        calls = ", ".join(f"{asked[kind] - before[kind]} {kind}" for kind in kubernetes_calls.KINDS)
        print(f"  Airflow's requests to Kubernetes for the batch: {calls}")
        library = self.library(films)
        by_hand = self.ways.by_hand(library)
        assert hits(library) == found
        library = self.library(films)
        local = self.ways.local(library)
        assert hits(library) == found
        tell_ways({"Airflow": airflow, "by hand": by_hand, "local": local})

    def _tell_run(self, taken: Taken) -> None:
        run, work = Run(self.platform), Run(self.platform).work()
        print(
            f"By Airflow, {taken.seconds:.1f} s from asking to searchable:"
            f" the DAG run is there after {run.queued - taken.asked:.1f} s\n"
            "  task         waited     took    command   CPU, s"
        )
        for stage in run.stages(taken):
            print(f"  {told(stage)}")
        print(
            f"  of work, {work.submitted:.1f} s until the Job is there, {work.first_pod:.2f} s until a pod"
            f" runs, {work.pods:.1f} s of pods, {work.noticed:.1f} s until the trigger has seen the end,"
            f" {work.ended:.1f} s until the task has ended"
        )


def told(stage: Stage) -> str:
    """Say a stage in a line."""
    command = "" if stage.command is None else f"{stage.command:10.1f} {stage.cpu:8.1f}"
    return f"{stage.name:<10} {stage.gap:8.1f} {stage.task:8.1f} {command}".rstrip()


def tell_ways(ways: dict[str, Taken]) -> None:
    """Print the parts of the way by hand, and the ways beside each other."""
    airflow, by_hand, local = (ways[name] for name in ("Airflow", "by hand", "local"))
    parts = [by_hand.command(name) for name in ("batch", "work", *STAGES, "report")]
    said = ", ".join(f"{one.name} {one.seconds:.1f} ({one.cpu:.1f})" for one in parts)
    print(f"By hand, s (CPU s): {said}")
    together = {name: sum(taken.cpu.values()) for name, taken in ways.items()}
    rows = [("", list(ways)), ("to searchable, s", [f"{taken.seconds:.1f}" for taken in ways.values()])]
    rows.extend(
        (f"{family}, CPU s", [f"{taken.cpu[family]:.1f}" for taken in ways.values()])
        for family in by_hand.cpu
    )
    rows.append(("together, CPU s", [f"{total:.1f}" for total in together.values()]))
    for name, cells in rows:
        print(f"  {name:<24}" + "".join(f"{cell:>10}" for cell in cells))
    for other, taken in (("by hand", by_hand), ("local", local)):
        print(
            f"  Airflow over {other}: {airflow.seconds / taken.seconds:.2f}x time,"
            f" {together['Airflow'] / together[other]:.2f}x CPU",
            flush=True,
        )


def hits(library: Path) -> list[tuple[str, str, float]]:
    """Return what a search finds."""
    with watchdown.open(library) as opened:
        return [(hit.title_name, hit.timecode, round(hit.score, 4)) for hit in opened.search("red race car")]


def main() -> None:
    """Start the platform, draw the films, and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--titles", type=int, default=TITLES)
    parser.add_argument("--rounds", type=int, default=1)
    wishes = parser.parse_args()
    with own_name() as name, tempfile.TemporaryDirectory() as folder:
        bench = Bench(Platform.up(name), Path(folder))
        kubernetes_calls.count(bench.platform.kubernetes, bench.platform.namespace, "airflow")
        bench.platform.airflow.api.await_dag(DAG)
        films = draw(Path(folder, "films"), wishes.titles)
        bench.warm()
        for _ in range(wishes.rounds):
            bench.round(films)


if __name__ == "__main__":
    main()
