"""Two processes that do the same at one moment, act after act, in one library.

python -m e2e.together PLACE  prints a line of JSON per act: what each process returned, and what is there.
Each process is forked where all is imported and nothing used, opens the library, and begins when all have.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

from client.deployments import entered
from client.libraries import services
from e2e.killed_steps import TYPES, alone, open_library, rows, seen, staged
from e2e.steps_taken import anew, appended, lines
from watchdown.client import Library, backfilling, backfills
from watchdown.runs.batch import read_batch
from watchdown.runs.states import OPEN, State

TITLES: Final = ("heat", "rain", "snow")
PROCESSES: Final = 2
Act = Callable[[Library], Any]


def at_once(place: str, act: Act) -> list[Any]:
    """Let processes do something, each in its own library, begun when all have opened it."""
    waiting, begin = os.pipe()
    ready, say = os.pipe()
    said, tell = os.pipe()
    children = []
    for _ in range(PROCESSES):
        if (child := os.fork()) == 0:
            os.close(begin)
            with open_library(place) as library:
                assert services(library).ledger.view().epoch >= 0
                os.write(say, b".")
                os.read(waiting, 1)
                told = json.dumps(act(library))
            os.write(tell, f"{told}\n".encode())  # less than a pipe takes at once
            os._exit(0)
        children.append(child)
    os.close(waiting)
    os.close(say)
    os.close(tell)
    for _ in range(PROCESSES):
        assert os.read(ready, 1), "it could not open the library"
    os.close(begin)
    with os.fdopen(said) as lines_said:
        found = [json.loads(line) for line in lines_said]
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * PROCESSES
    return found


def there(place: str) -> dict[str, Any]:
    """Return what readers see, how often each run was published, and what is left of runs that ended."""
    with open_library(place) as library:
        inside, published = services(library), library.publication.history(limit=100)
        runs = inside.ledger.runs()
        gone = [run.number for run in runs if run.state not in (*OPEN, State.ACTIVE)]
        active = [run.number for run in runs if run.state is State.ACTIVE]
        counted = {run.number: sum(run.counts.values()) for run in runs}
        return {
            "seen": {title: len(seen(library, title)) for title in TITLES},
            "counted": sum(library.count(name) for name in TYPES),
            "active": len(active),
            "open": sum(run.state in OPEN for run in runs),
            "noted": sum(counted[run] for run in active),
            "epochs": [one.epoch for one in published][::-1],
            "shown": sum(sum(one.shown.values()) for one in published),
            "left": rows(inside, gone) + len(staged(inside, gone)),
        }


def backfill(library: Library) -> Any:
    """Run the algorithm over all titles, a batch for each."""
    ended = library.backfills.run("loud", only=True, size=1)
    return [ended.state, ended.published]


def stage(name: str, batch: str, library: Library) -> Any:
    """Take a batch through one stage."""
    inside = services(library)
    with backfilling.at_batch(inside, batch):
        if name == "publish":
            backfills.publish(inside, batch)
        else:
            getattr(inside.batches, name)(batch)
        return sorted({run.state for run in inside.batches.runs(batch)})


def finish(run: str, library: Library) -> Any:
    """Finish a run that a program wrote."""
    return library.writes.finish(int(run)).state


def take_back(batch: str, library: Library) -> Any:
    """Show what was seen before a batch."""
    return len(library.publication.rollback("loud", batch=batch).changes)


def collect(library: Library) -> Any:
    """Remove what nobody needs."""
    return library.collection.run(grace=timedelta(0)).runs


def prepared(place: str, what: Callable[[Library], Any]) -> Any:
    """Do something alone, in a process of its own."""

    def do() -> Any:
        with open_library(place) as library:
            return what(library)

    return alone(do)


def planned_anew(library: Library) -> str:
    """Write other lines, and plan and work a batch over those of all titles."""
    for title in TITLES:
        anew(library, title, None)
    inside = services(library)
    [planned] = backfilling.plan(inside, ["loud"]).batches
    batch = read_batch(inside.storage, planned.batch)
    for index in range(len(batch.items)):
        backfilling.worker_of(inside)(batch, index)
    return planned.batch


def main(place: str) -> None:
    """Make the library, and let the processes meet in each act."""

    def meet(name: str, act: Act) -> None:
        told = {"act": name, "each": at_once(place, act), "there": alone(partial(there, place))}
        sys.stdout.write(json.dumps(told) + "\n")

    alone(lambda: entered(Path(place), *TITLES).close())
    prepared(place, lambda library: [lines(library, title, None) for title in TITLES])
    meet("backfill", backfill)
    batch = prepared(place, planned_anew)
    for name in ("record", "validate", "load", "publish"):
        meet(name, partial(stage, name, batch))
    meet("finish", partial(finish, prepared(place, lambda library: appended(library, "heat", None))))
    meet("rollback", partial(take_back, batch))
    meet("collect", collect)


if __name__ == "__main__":
    main(sys.argv[1])
