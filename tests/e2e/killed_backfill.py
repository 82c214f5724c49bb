"""Kills `watchdown backfill` where it is about to pass each of its stages, and goes on with the next call.

python killed_backfill.py FOLDER MEDIA...  writes FOLDER/kills.jsonl, a line per kill: what was about to
happen, what was to be seen then, and what after the next `backfill`. Each `backfill` is a process, forked
where all is imported and nothing used; the folder `tests` must be in PYTHONPATH.
"""

import json
import shutil
import signal
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import watchdown
from e2e.library_dump import dump, leftovers
from killing import dying, forked, watch
from watchdown.catalogue import database
from watchdown.cli import main
from watchdown.executors import in_process
from watchdown.runs import feeds, leases, work
from watchdown.runs.batches import Batches
from watchdown.runs.ledger import Ledger
from watchdown.runs.staging import Staging
from watchdown.runs.worker import Worker
from watchdown.stores.lance import sink

IMPORTED = (database, feeds, in_process, sink, work)
SEAMS: list[tuple[Any, str]] = [
    (Ledger, "assign"),
    (Worker, "__call__"),
    (Staging, "commit"),
    (Batches, "record"),
    (Batches, "validate"),
    (Batches, "load"),
    (Batches, "publish"),
    (Ledger, "publish"),
]
# What is about to happen, and how often it has happened before: there are two batches, of two titles and one.
KILLS: dict[str, tuple[str, int]] = {
    "after the batch is written, before it is noted": ("Ledger.assign", 0),
    "after the plan": ("Worker.__call__", 0),
    "between titles": ("Worker.__call__", 1),
    "half-way through a title": ("Staging.commit", 1),
    "after work": ("Batches.record", 0),
    "after record": ("Batches.validate", 0),
    "after validate": ("Batches.load", 0),
    "after load": ("Batches.publish", 0),
    "before the publication": ("Ledger.publish", 0),
    "between batches": ("Worker.__call__", 2),
    "after the second batch is recorded": ("Batches.validate", 1),
}
LONGEST_SECONDS = 100


def named(method: str, _args: tuple[Any, ...]) -> str:
    """Return the name of a seam."""
    return method


def fill(library: Path, media: list[Path]) -> None:
    """Make a library that knows nothing of its titles."""
    with watchdown.open(library, create=True) as found:
        found.add(*media, only=())


def backfill(library: Path) -> None:
    """Backfill as the command line does."""
    assert main(["backfill", "shots", "--only", "--size", "2", "--json", "--library", str(library)]) == 0


def backfill_and_die(library: Path, name: str, before: int) -> None:
    """Backfill, and be killed where a seam is about to be passed that was passed `before` times."""
    watch(SEAMS, named, dying(name, before))
    backfill(library)


def look(library: Path) -> dict[str, Any]:
    """Return what the library holds and what lies about."""
    held = [one for one in leftovers(library) if not one.startswith("batches/")]
    return dump(library, [], []) | {"leftovers": held}


def backfill_and_look(library: Path) -> dict[str, Any]:
    """Backfill and return what the library then holds."""
    backfill(library)
    return look(library)


def kills(folder: Path, media: list[Path]) -> Iterator[dict[str, Any]]:
    """Yield what comes of no kill, then of each."""

    def alone(body: partial[Any]) -> tuple[int, Any]:
        return forked(body, LONGEST_SECONDS)

    empty, library = folder / "empty", folder / "library"
    alone(partial(fill, empty, media))
    shutil.copytree(empty, library)
    yield {"when": "never", "seen": None, "again": alone(partial(backfill_and_look, library))}
    for when, (name, before) in KILLS.items():
        shutil.rmtree(library)
        shutil.copytree(empty, library)
        code, _ = alone(partial(backfill_and_die, library, name, before))
        assert code == -signal.SIGKILL, f"{when}: ended with {code}"
        seen, again = alone(partial(look, library)), alone(partial(backfill_and_look, library))
        yield {"when": when, "seen": seen, "again": again}


if __name__ == "__main__":
    import great_expectations  # noqa: F401 - it takes seconds, which no process need spend again

    FOLDER, *MEDIA = map(Path, sys.argv[1:])
    setattr(leases, "LEASE_S", 1.0)  # noqa: B010 - it is final; so that the next call need not wait long for the dead
    with (FOLDER / "kills.jsonl").open("w") as results:
        results.writelines(json.dumps(kill) + "\n" for kill in kills(FOLDER, MEDIA))
