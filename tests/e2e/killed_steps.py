"""Kills who takes a step of a run, before and after the database has it, and makes the same call again.

python -m e2e.killed_steps PLACE OUT  makes the library of PLACE, and writes a line of JSON to OUT per kill,
and per call that nobody killed: what readers saw before, then, and after the call was made again. The last
line says what a collection left. Each call is a process, forked where all is imported and nothing used.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import anyio
import boto3
import lance
import lancedb
from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import psycopg

import watchdown
from client.deployments import entered
from client.libraries import services
from e2e.steps_taken import BROKEN, MENDED, TAKEN, WORKED, Taken
from killing import forked
from watchdown.catalogue.database import Database
from watchdown.catalogue.tables import runs
from watchdown.client import (
    Library,
    backfills,
    backfills_known,
    collecting,
    database_directory,
    publication,
    write_runs,
)
from watchdown.client.services import Services
from watchdown.executors import in_process
from watchdown.runs import leases, merging
from watchdown.runs.staging import Staging
from watchdown.runs.states import OPEN, TABLE, State
from watchdown.storage import keys
from watchdown.stores.lance import searcher, sink
from watchdown.stores.opensearch import cluster, directory

IMPORTED: Final = (
    anyio,
    backfills,
    backfills_known,
    boto3,
    cluster,
    collecting,
    database_directory,
    directory,
    in_process,
    lance,
    lancedb,
    merging,
    psycopg,
    publication,
    searcher,
    sink,
    write_runs,
)
NEVER, BEFORE, AFTER = "never", "before the commit", "after the commit"
MOMENTS: Final = (NEVER, BEFORE, AFTER)
LONGEST_S: Final = 300
TYPES: Final = ("DialogueLine", "Label")


@dataclass(frozen=True)
class Case:
    """A step that is taken, and what lets this process die there: given a title, before it or after it."""

    taken: Taken
    deadly: Callable[[str, str], None]


def open_library(place: str, *, broken: bool = False) -> Library:
    """Open the library, perhaps with the algorithm that raises."""
    return watchdown.open(place, algorithms=BROKEN if broken else MENDED)


def die() -> None:
    """Be killed."""
    os.kill(os.getpid(), signal.SIGKILL)


def at_step(before: State, after: State, title: str, moment: str) -> None:
    """Let this process die at the transaction in which a run of a title takes a step."""
    real = Database._transaction

    def standing(connection: Connection) -> dict[int, tuple[str, str]]:
        rows = connection.execute(select(runs).where(runs.c.title == title))
        return {row.number: (row.state, row.memo_key) for row in rows}

    def takes_it(was: dict[int, tuple[str, str]], now: dict[int, tuple[str, str]]) -> bool:
        return any(
            (was[run][0], now[run][0]) == (before, after) and was[run] != now[run] for run in was.keys() & now
        )

    @contextmanager
    def watched(self: Database, engine: Any) -> Iterator[Connection]:
        with real(self, engine) as connection:
            was = standing(connection)
            yield connection
            taken = takes_it(was, standing(connection))
            if taken and moment == BEFORE:
                die()
        if taken:
            die()

    setattr(Database, "_transaction", watched)  # noqa: B010 - a method of another class


def at_manifest(_title: str, moment: str) -> None:
    """Let this process die before or after a worker has left the manifest of its attempt."""
    real = Staging.commit

    def watched(self: Staging, *args: Any, **rest: Any) -> object:
        if moment == AFTER:
            real(self, *args, **rest)
        return die()

    setattr(Staging, "commit", watched)  # noqa: B010 - a method of another class


STEPS: Final = ((one.before, one.after) for one in TABLE)
CASES: Final = {f"{step[0]} to {step[1]}": Case(TAKEN[step], partial(at_step, *step)) for step in STEPS} | {
    "work": Case(WORKED, at_manifest)
}


def title_of(step: str, moment: str) -> str:
    """Return the title that a case works on."""
    return f"{step.replace(' ', '-')}-{moment.partition(' ')[0]}"


def seen(library: Library, title: str) -> list[str]:
    """Return what readers see of a title, without what is another in each run."""
    found = []
    for schema in TYPES:
        for one in library.records(schema, titles=[title]):
            said = one.model_dump(include={"start_ns", "end_ns", "label", "text"})
            found.append(f"{schema} {sorted(said.items())}")
    return sorted(found)


def prepare(place: str) -> dict[str, Any]:
    """Make the library with a title for each case, and bring each to where its step can be taken.

    Returns, by title, what the call must know, and what readers see.
    """
    titles = {title_of(step, moment): case for step, case in CASES.items() for moment in MOMENTS}
    entered(Path(place), *titles).close()
    with open_library(place) as library:
        return {
            title: (case.taken.before(library, title, None), seen(library, title))
            for title, case in titles.items()
        }


def act(place: str, case: Case, title: str, known: Any, moment: str) -> None:
    """Make the call that takes a step, perhaps to die in it."""
    with open_library(place, broken=case.taken.broken) as library:
        if moment != NEVER:
            case.deadly(title, moment)
        case.taken.act(library, title, known)


def again(place: str, taken: Taken, title: str, known: Any) -> dict[str, Any]:
    """Look, make the same call again, and what follows it, and look again; also at the states of the runs."""
    with open_library(place) as library:
        then = seen(library, title)
        taken.act(library, title, known)
        taken.afterwards(library, title, known)
        states = [run.state for run in services(library).ledger.runs(title)]
        return {
            "then": then,
            "again": seen(library, title),
            "active": states.count(State.ACTIVE),
            "open": sorted(state for state in states if state in OPEN),
        }


def collect(place: str) -> dict[str, Any]:
    """Collect all that can be collected, and return what is left of runs that nobody needs."""
    with open_library(place) as library:
        library.collection.run(grace=collecting.timedelta(0))
        inside = services(library)
        gone = [run.number for run in inside.ledger.runs() if run.state not in (*OPEN, State.ACTIVE)]
        return {"collected": len(gone), "rows": rows(inside, gone), "staged": staged(inside, gone)}


def rows(inside: Services, gone: list[int]) -> int:
    """Return how many rows of runs the store has."""
    if inside.store.told is not None:
        return inside.store.sink.traces([], gone)
    return sum(batch.num_rows for run in gone for name in TYPES for batch in inside.read_run(name, run))


def staged(inside: Services, gone: list[int]) -> list[str]:
    """Return the keys of what runs have staged."""
    left = tuple(keys.staged(run) for run in gone)
    return [one.key for one in inside.storage.list(keys.STAGED) if one.key.startswith(left)]


def alone(body: Callable[[], Any]) -> Any:
    """Return what `body` returns in a process of its own."""
    code, returned = forked(body, LONGEST_S)
    assert code == 0, code
    return returned


def kills(place: str) -> Iterator[dict[str, Any]]:
    """Yield what comes of each step that nobody disturbs, and of each kill at it."""
    known = alone(partial(prepare, place))
    for step, case in CASES.items():
        for moment in MOMENTS:
            title = title_of(step, moment)
            told, before = known[title]
            code, _ = forked(partial(act, place, case, title, told, moment), LONGEST_S)
            what = {"step": step, "killed": moment, "code": code, "before": before}
            yield what | alone(partial(again, place, case.taken, title, told))
    yield alone(partial(collect, place))


if __name__ == "__main__":
    PLACE, OUT = sys.argv[1:]
    for constant, seconds in (("LEASE_S", 0.5), ("LOOK_S", 0.1)):
        setattr(leases, constant, seconds)  # so that the next call need not wait long for the dead
    with Path(OUT).open("w") as results:
        for kill in kills(PLACE):
            results.write(json.dumps(kill) + "\n")
            results.flush()
