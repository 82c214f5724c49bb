"""A backfill that stops where it is told to, until it hears that it may go on.

python -m e2e.interrupted PLACE SEAM BEFORE PATIENCE AHEAD  runs `watchdown backfill` on the algorithm of
`steps_taken`. Where it is about to pass a seam that it passed BEFORE times, it says so and waits for a line.
It is patient with the database for so many seconds, and its clock is so many ahead. Its last line has its
exit code.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

from client.deployments import entered
from client.libraries import services
from e2e.killed_steps import TYPES, open_library, rows, seen, staged
from e2e.steps_taken import MENDED, lines
from killing import watch
from watchdown.catalogue import database, engines
from watchdown.cli import main
from watchdown.client import services as client_services
from watchdown.client.services import Services
from watchdown.load.clock import RealClock
from watchdown.runs import leases
from watchdown.runs.batches import Batches
from watchdown.runs.ledger import Ledger
from watchdown.runs.states import OPEN, State
from watchdown.runs.worker import Worker
from watchdown.stores.lance.sink import LanceSink
from watchdown.stores.opensearch.sink import OpenSearchSink

SEAMS: Final[list[tuple[Any, str]]] = [
    (Worker, "__call__"),
    (Batches, "validate"),
    (LanceSink, "write"),
    (OpenSearchSink, "write"),
    (Ledger, "publish"),
]
TITLES: Final = ("heat", "rain")


def fill(place: Path) -> None:
    """Make a library whose titles have lines, which the algorithm has not read."""
    entered(place, *TITLES).close()
    with open_library(str(place)) as library:
        for title in TITLES:
            lines(library, title, None)


def there(place: Path) -> dict[str, Any]:
    """Return what readers see, the states of all runs, and what is left of those that ended unseen."""
    with open_library(str(place)) as library:
        inside: Services = services(library)
        runs = inside.ledger.runs()
        gone = [run.number for run in runs if run.state not in (*OPEN, State.ACTIVE)]
        return {
            "seen": {title: len(seen(library, title)) for title in TITLES},
            "counted": sum(library.count(name) for name in TYPES),
            "states": sorted(run.state for run in runs if run.number not in gone),
            "left": rows(inside, gone) + len(staged(inside, gone)),
        }


def set_clock(off: Callable[[], float]) -> None:
    """Let the time that all processes of a database agree on be off by so many seconds in this one."""
    real = RealClock.now
    setattr(RealClock, "now", lambda me, connection: real(me, connection) + off())  # noqa: B010 - a method


def stop_at(seam: str, before: int) -> None:
    """Say that a seam is about to be passed, and wait to hear that it may be."""
    left = before

    def count(passing: str) -> None:
        nonlocal left
        if passing.endswith(seam):
            if not left:
                sys.stdout.write("here\n")
                sys.stdout.flush()
                sys.stdin.readline()
            left -= 1

    watch(SEAMS, lambda method, _: method, count)


if __name__ == "__main__":
    PLACE, SEAM, PASSED, PATIENCE, AHEAD = sys.argv[1:]
    client_services.discover = lambda **_: MENDED
    leases.LEASE_S = 1.0
    engines.BUSY_SECONDS = float(PATIENCE)
    database.open_database = partial(database.open_database, patience_s=float(PATIENCE))
    set_clock(lambda: float(AHEAD))
    stop_at(SEAM, int(PASSED))
    code = main(["backfill", "loud", "--only", "--size", "1", "--json", "--library", PLACE])
    sys.stdout.write(json.dumps({"code": code}) + "\n")
