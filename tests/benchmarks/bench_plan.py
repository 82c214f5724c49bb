"""Planning many titles at once: with everything to do, with all of it planned, and with nothing to do.

python tests/benchmarks/bench_plan.py [postgresql://USER:PASSWORD@HOST/NAME]
"""

from __future__ import annotations

import gc
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from resource import RUSAGE_SELF, getrusage

from databases import addresses
from machine import machine
from sqlalchemy import insert, update

from watchdown.catalogue.corrections import Corrections
from watchdown.catalogue.database import Database, open_database
from watchdown.catalogue.schema_types import StoredTypes
from watchdown.catalogue.tables import assets, runs, timelines, titles
from watchdown.catalogue.titles import Catalogue
from watchdown.runs.batching import Batching
from watchdown.runs.leases import BatchLeases
from watchdown.runs.ledger import Ledger
from watchdown.runs.plan import Planner
from watchdown.runs.states import State
from watchdown.storage.local import LocalStorage
from watchdown_algos.catalogue import AlgorithmCatalogue, Known
from watchdown_algos.manifest import Manifest
from watchdown_schemas import registry

TITLES = 10_000
ALGORITHMS = 10
LIMIT_S = 3.0
FACTS = {
    "video": {"width": 1920, "height": 1080, "codec": "h264"},
    "tracks": [{"index": n} for n in range(4)],
}


def algorithms() -> AlgorithmCatalogue:
    """Return ten algorithms over media."""
    return AlgorithmCatalogue(
        Known(
            Manifest.model_validate(
                {
                    "name": f"algorithm-{number}",
                    "version": "1.0.0",
                    "summary": "for a benchmark",
                    "consumes": ["video" if number % 2 else "audio"],
                    "produces": ["Label"],
                    "class": "algo:Made",
                    "parameters": {"level": 0.5, "per_second": 2},
                }
            ),
            "",
            Path(),
        )
        for number in range(ALGORITHMS)
    )


def fill(database: Database) -> None:
    """Enter titles, each with a video and a subtitle track."""
    ids = [f"t{number:05}" for number in range(TITLES)]
    with database.writing() as connection:
        connection.execute(
            insert(titles),
            [{"id": one, "name": f"Film {one}", "added_at": f"2026-01-01 {one}"} for one in ids],
        )
        line = {"duration_ns": 10**12, "rate_numerator": 25, "rate_denominator": 1, "start_frame": 0}
        connection.execute(insert(timelines), [{"id": f"{one}.1", "title": one, **line} for one in ids])
        common = {"copied": False, "offset_ns": 0, "facts": FACTS}
        connection.execute(
            insert(assets),
            [
                {
                    "id": f"{one}.{kind}",
                    "title": one,
                    "timeline": f"{one}.1",
                    "kind": kind,
                    "path": f"/films/{one}.{kind}",
                    "fingerprint": f"{kind}{one}" * 6,
                    "language": None if kind == "video" else "en",
                    **common,
                }
                for one in ids
                for kind in ("video", "text")
            ],
        )


@contextmanager
def timed(name: str) -> Iterator[None]:
    """Print what a part took: seconds of this process's CPU, and of the clock."""
    gc.collect()
    cpu, begin = time.process_time(), time.perf_counter()
    yield
    cpu, seconds = time.process_time() - cpu, time.perf_counter() - begin
    peak = getrusage(RUSAGE_SELF).ru_maxrss / 1024
    verdict = "" if cpu <= LIMIT_S else f"  more than {LIMIT_S:.0f} s"
    print(f"  {name:32}{cpu:8.2f} s CPU{seconds:8.2f} s{peak:8.0f} MiB{verdict}", flush=True)


def measure(database: Database, folder: Path) -> None:
    """Plan everything, then all that is planned, then nothing."""
    known, ledger, catalogue = algorithms(), Ledger(database), Catalogue(database)
    types = registry.discover(StoredTypes(database))
    planner = Planner(
        catalogue=catalogue,
        ledger=ledger,
        corrections=Corrections(database),
        algorithms=known,
        types=types,
    )
    batching = Batching(
        storage=LocalStorage(folder),
        catalogue=catalogue,
        ledger=ledger,
        leases=BatchLeases(database),
        planner=planner,
        algorithms=known,
        types=types,
    )
    every = catalogue.titles()
    with timed("what would be done"):
        assert sum(len(one.needs) for one in planner.look(every, known)) == TITLES * ALGORITHMS
    with timed("everything is to do"):
        found = batching.plan(every, known)
    assert sum(one.titles for one in found.batches) == TITLES
    with timed("all of it is planned"):
        assert batching.plan(every, known) == found
    with database.writing() as connection:
        for state in (State.RUNNING, State.STAGED, State.VALIDATED, State.LOADED):
            connection.execute(update(runs).values(state=state))
        connection.execute(update(runs).values(state=State.ACTIVE, visible_from=1))
    with timed("nothing is to do"):
        found = batching.plan(every, known)
    assert found.up_to_date == TITLES * ALGORITHMS
    with timed("nothing is to do, only looking"):
        assert sum(len(one.done) for one in planner.look(every, known)) == TITLES * ALGORITHMS


def main() -> None:
    """Print what planning takes on each database."""
    print(machine())
    print(f"{TITLES:,} titles, {ALGORITHMS} algorithms")
    with tempfile.TemporaryDirectory() as folder:
        for address in addresses(Path(folder), sys.argv[1:]):
            print(address.kind)
            database = open_database(address)
            fill(database)
            measure(database, Path(folder) / address.kind)
            database.close()


if __name__ == "__main__":
    main()
