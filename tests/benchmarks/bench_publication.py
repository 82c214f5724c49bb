"""What a flip costs: 1, 100 and 10,000 runs at one epoch, back again, and the view that readers take then.

The ledger is that of 10,000 titles, each with nine other results in view; records are nowhere touched. The
PostgreSQL of the benchmark waits for no disk (`fsync` off), SQLite does.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

from databases import addresses
from machine import machine
from servers import own_name
from sqlalchemy import insert

from services.postgresql import PostgreSQL
from watchdown.catalogue.database import Database, open_database
from watchdown.catalogue.tables import counters, runs, timelines, titles
from watchdown.runs.ledger import Ledger
from watchdown.runs.rollback import Scope
from watchdown.runs.states import Actor, State

TITLES = 10_000
OTHERS = 9  # algorithms whose runs are visible beside those that are published
ROUNDS = 5
SIZES = (1, 100, 10_000)
STAGES = (
    (State.RUNNING, Actor.RECORDER),
    (State.STAGED, Actor.RECORDER),
    (State.VALIDATED, Actor.VALIDATOR),
    (State.LOADED, Actor.LOADER),
)


def timed(call: Callable[[], object]) -> float:
    """Return the milliseconds of the clock that a call takes."""
    begin = time.perf_counter()
    call()
    return (time.perf_counter() - begin) * 1e3


def fill(database: Database) -> None:
    """Enter titles, and a visible run of each other algorithm over each of them."""
    names = [f"t{n}" for n in range(TITLES)]
    with database.writing() as connection:
        connection.execute(insert(titles), [{"id": name, "name": name, "added_at": ""} for name in names])
        cut = {"duration_ns": 1, "rate_numerator": 25, "rate_denominator": 1, "start_frame": 0}
        connection.execute(insert(timelines), [{"id": f"{one}.1", "title": one, **cut} for one in names])
    for other in range(OTHERS):
        publish(database, planned(database, names, f"other {other}", "1"))


def planned(database: Database, names: Sequence[str], algorithm: str, version: str) -> list[int]:
    """Enter a run of each title; return their numbers."""
    with database.writing() as connection:
        counter = counters.update().where(counters.c.name == "run")
        raised = counter.values(value=counters.c.value + len(names)).returning(counters.c.value)
        last = connection.execute(raised).scalar_one()
        numbers = range(last - len(names) + 1, last + 1)
        facts = {"state": State.PLANNED, "counts": {}, "warnings": [], "created_at": "", "updated_at": ""}
        slot = {"algorithm": algorithm, "version": version, "memo_key": version, "model": "m", **facts}
        rows = [
            {"number": number, "title": name, "timeline": f"{name}.1", **slot}
            for number, name in zip(numbers, names, strict=True)
        ]
        connection.execute(insert(runs), rows)
    return list(numbers)


def step(database: Database, numbers: Sequence[int]) -> None:
    """Bring runs to the door of publication, each stage at once, with what it notes."""
    ledger = Ledger(database)
    facts = {"counts": {"Shot": 12}, "warnings": []}
    for state, actor in STAGES:
        ledger.steps(dict.fromkeys(numbers, (state, facts if state is State.STAGED else {})), by=actor)


def publish(database: Database, numbers: Sequence[int]) -> None:
    """Bring runs from planned to seen."""
    step(database, numbers)
    Ledger(database).publish(numbers)


def flips(database: Database, size: int) -> dict[str, float]:
    """Return the median of each time, in ms, for a publication of so many runs over as many others."""
    names = [f"t{n}" for n in range(size)]
    algorithm = f"of {size}"
    publish(database, planned(database, names, algorithm, "0"))
    found: dict[str, list[float]] = {}

    def note(what: str, call: Callable[[], object]) -> None:
        found.setdefault(what, []).append(timed(call))

    reader = Ledger(database)
    for round_ in range(1, ROUNDS + 1):
        numbers = planned(database, names, algorithm, str(round_))
        note("steps", lambda numbers=numbers: step(database, numbers))
        reader.view()
        note("publish", lambda numbers=numbers: Ledger(database).publish(numbers))
        note("next view", reader.view)
        note("same view", reader.view)
        scope = Scope(algorithm=algorithm)
        note("roll back", lambda scope=scope: Ledger(database).rollback(scope))
        note("undo", lambda scope=scope: Ledger(database).rollback(scope, undo=True))
    note("first view", lambda: Ledger(database).view())
    note("models", lambda: reader.models(reader.view()))
    note("history", reader.history)
    return {what: median(times) for what, times in found.items()}


def main() -> None:
    """Print milliseconds per operation."""
    print(machine())
    with tempfile.TemporaryDirectory() as folder, own_name() as name:
        server = PostgreSQL(name)
        server.up()
        for address in addresses(Path(folder), [server.url]):
            database = open_database(address)
            fill(database)
            found = {size: flips(database, size) for size in SIZES}
            print(f"{address.kind + ', ms':24}" + "".join(f"{size:>12,} runs" for size in SIZES))
            for what in next(iter(found.values())):
                print(f"  {what:22}" + "".join(f"{found[size][what]:17,.1f}" for size in SIZES))
            each = [(found[size]["steps"] + found[size]["publish"]) / size for size in SIZES]
            print(f"  {'a title in a batch':22}" + "".join(f"{one:17,.2f}" for one in each))
            database.close()


if __name__ == "__main__":
    main()
