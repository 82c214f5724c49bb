"""Kills `watchdown collect` and `watchdown forget` where they are about to pass each of their seams.

python killed_collections.py PLACE OUT  fills the library at PLACE, kills the commands, and writes a line per
kill to OUT: the command, what was about to happen, what readers saw then, and what was there after the same
command was called again. Each call is a process, forked where all is imported and nothing used.
"""

from __future__ import annotations

import json
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import lance
import lancedb

import watchdown
from client.deployments import entered
from client.libraries import services
from killing import dying, forked, watch
from watchdown.catalogue import forgetting
from watchdown.cli import main
from watchdown.client import collecting
from watchdown.client import forgetting as forgetting_client
from watchdown.client.services import Services
from watchdown.lake import tables, upkeep
from watchdown.runs import forget
from watchdown.runs.collectable import Collectable
from watchdown.storage import keys
from watchdown.storage.local import LocalStorage
from watchdown.storage.s3 import S3Storage
from watchdown.stores.lance import searcher
from watchdown.stores.lance.sink import LanceSink
from watchdown.stores.opensearch import directory, sink
from watchdown.stores.opensearch.sink import OpenSearchSink
from watchdown_schemas.types import Note

IMPORTED: Final = (lance, lancedb, collecting, forgetting_client, tables, searcher, sink)
LOST, KEPT = "aa0001f00d00", "bb0002f00d00"
SEAMS: list[tuple[Any, str]] = [
    (Collectable, "give_up"),
    (LanceSink, "delete"),
    (OpenSearchSink, "delete"),
    (LocalStorage, "delete"),
    (S3Storage, "delete"),
    (Collectable, "confirm"),
    (LanceSink, "tend"),
    (OpenSearchSink, "tend"),
    (upkeep, "drop_versions"),
    (forget, "hide"),
    (LanceSink, "expunge"),
    (OpenSearchSink, "expunge"),
    (upkeep, "rewrite"),
    (tables.Lake, "expunge"),
    (forget.Forgetting, "_remove"),
    (directory.StoreDirectory, "forget"),
    (forgetting, "forget"),
    (forget.Forgetting, "left"),
]
COMMANDS: Final = {"collect": ["collect", "--grace", "0"], "forget": ["forget", LOST, "--yes"]}
LONGEST_S: Final = 100


def alone(body: Callable[[], Any]) -> tuple[int, Any]:
    """Run `body` in a process of its own; return how that ended and what `body` returned."""
    return forked(body, LONGEST_S)


def fill(place: Path) -> None:
    """Write two runs of each title, one after the other, with a picture and a leftover each."""
    with entered(place, LOST, KEPT) as library:
        storage = services(library).storage
        for title in (LOST, KEPT):
            for version in (1, 2):
                rows = [
                    Note(start_ns=at, end_ns=at + 1, note=f"n{at}", text=f"Lantern {version}", author="ada")
                    for at in range(10)
                ]
                run = library.write("Note", rows, title, algorithm="hand", version=f"{version}.0.0").run
                storage.put(f"{keys.derived('f' * 64, run)}sprites-0000.jpg", b"1")
                storage.put(f"{keys.staged(run + 1000)}a/Note.parquet", title.encode())


def rows(parts: Services, runs: list[int]) -> int:
    """Return how many rows of runs a new snapshot of the store has."""
    if parts.store.told is not None:
        return parts.store.sink.traces([], runs)
    return sum(batch.num_rows for run in runs for batch in parts.read_run("Note", run))


def look(place: Path) -> dict[str, Any]:
    """Return what readers see of each title, and what is left of superseded runs and of the lost title."""
    with watchdown.open(place) as library:
        parts = services(library)
        seen: dict[str, Any] = {}
        for title in (LOST, KEPT):
            notes = library.records("Note", where={"author": "ada"})
            of_title = [one for one in notes if one.title == title]  # type: ignore[attr-defined]
            seen[title] = [len(of_title), sorted({one.text for one in of_title})]  # type: ignore[attr-defined]
        known = {run.number for run in parts.ledger.runs()}
        active = parts.ledger.view().visible
        old = sorted(known - active)
        return seen | {
            "rows": rows(parts, old),
            "traces": parts.store.sink.traces([LOST], []),
            "pending": [one.number for one in Collectable(parts.database).pending()],
            "titles": [one.id for one in library.titles()],
            "files": [
                stored.key
                for prefix in (keys.STAGED, keys.MEDIA)
                for stored in parts.storage.list(prefix)
                if forget.run_of(stored.key) not in active
            ],
            "words": forgetting.traces(parts.database, [LOST]),
        }


def call(place: Path, command: str) -> int:
    """Call a command as the command line does; return its exit code."""
    return main([*COMMANDS[command], "--json", "--library", str(place)])


def call_and_list(place: Path, command: str) -> list[str]:
    """Call a command undisturbed; return the seams in the order in which they were passed."""
    passed: list[str] = []
    watch(SEAMS, lambda method, _: method, passed.append)
    assert call(place, command) == 0
    return passed


def call_and_die(place: Path, command: str, name: str, before: int) -> None:
    """Call a command, and be killed where a seam is about to be passed that was passed `before` times."""
    watch(SEAMS, lambda method, _: method, dying(name, before))
    call(place, command)


def again(place: Path, command: str) -> dict[str, Any]:
    """Call a command again, and return its exit code with what there is then."""
    code = call(place, command)
    return {"code": code} | look(place)


def kills(fresh: Callable[[], Path], *, often: bool) -> Iterator[dict[str, Any]]:
    """Yield what comes of no kill, then of one at each seam, for each command; `often`, of two at each."""
    for command in COMMANDS:
        place = fresh()
        _, passed = alone(partial(call_and_list, place, command))
        ended = {"command": command, "about_to": "end", "seen": None}
        yield ended | {"again": alone(partial(again, place, command))}
        for name in dict.fromkeys(passed):
            for before in {0, passed.count(name) - 1} if often else {0}:
                place = fresh()
                code, _ = alone(partial(call_and_die, place, command, name, before))
                assert code == -signal.SIGKILL, f"{name} ended with {code}"
                seen = alone(partial(look, place))
                told = {"command": command, "about_to": f"{name}, {before} before", "seen": seen}
                yield told | {"again": alone(partial(again, place, command))}


if __name__ == "__main__":
    TEMPLATE, OUT = map(Path, sys.argv[1:])
    PLACES = iter(range(1000))

    def fresh() -> Path:
        """Return a library as it was filled: a copy of the folder, or the next of the settings made ready."""
        if TEMPLATE.suffix == ".toml":
            place = TEMPLATE.with_name(f"{next(PLACES)}.toml")
            assert alone(partial(fill, place))[0] == 0
            return place
        if not TEMPLATE.exists():
            assert alone(partial(fill, TEMPLATE))[0] == 0
        place = TEMPLATE.with_name(f"copy{next(PLACES)}")
        shutil.copytree(TEMPLATE, place)
        return place

    with OUT.open("w") as results:
        for kill in kills(fresh, often=TEMPLATE.suffix != ".toml"):
            results.write(json.dumps(kill) + "\n")
            results.flush()
