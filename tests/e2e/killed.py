"""Kills `watchdown add` where it is about to pass each of its seams, and looks at what is left.

python killed.py FOLDER MEDIA [--all]  writes FOLDER/kills.jsonl, a line per kill: what was about to happen,
what was to be seen then, and what after the next `add`. Of a seam that is passed often the kill comes
half-way, with --all each time. Each `add` is a process, forked where all is imported and nothing used; the
folder `tests` must be in PYTHONPATH.
"""

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import lancedb.table
from library_dump import dump, leftovers

from killing import dying, forked, states_reached, watch
from watchdown.catalogue.titles import Catalogue
from watchdown.cli import main
from watchdown.lake.tables import Lake
from watchdown.runs import feeds, work
from watchdown.runs.ledger import Ledger
from watchdown.runs.staging import Staging
from watchdown.stores.lance.sink import LanceSink

IMPORTED = (feeds, work)
SEAMS: list[tuple[Any, str]] = [
    (Catalogue, "add"),
    (Ledger, "enter"),
    (Ledger, "steps"),
    (Ledger, "publish"),
    (Staging, "write"),
    (Staging, "commit"),
    (LanceSink, "write"),
    (Lake, "_create"),
    (lancedb.table.LanceTable, "create_index"),
    (lancedb.table.LanceTable, "add"),
    (Path, "rename"),
    (Path, "replace"),
    (os, "link"),
    (shutil, "rmtree"),
    (Path, "unlink"),
]
DESCRIPTIONS, LINES = ["red race car"], ["the lantern in the harbour"]
LONGEST_SECONDS = 100


def named(method: str, args: tuple[Any, ...]) -> str:
    """Return the name of a seam, with the state that is reached."""
    return states_reached(method, args) if method == "Ledger.steps" else method


def alone(body: Callable[[], Any]) -> tuple[int, Any]:
    """Run `body` in a process of its own; return how that ended and what `body` returned."""
    return forked(body, LONGEST_SECONDS)


def add(library: Path, media: Path) -> None:
    """Add the film as the command line does."""
    assert main(["add", str(media), "--copy", "--json", "--library", str(library)]) == 0


def add_and_list(library: Path, media: Path) -> list[str]:
    """Add the film undisturbed; return the seams in the order in which they were passed."""
    passed: list[str] = []
    watch(SEAMS, named, passed.append)
    add(library, media)
    return passed


def add_and_die(library: Path, media: Path, name: str, before: int) -> None:
    """Add the film, and be killed where a seam is about to be passed that was passed `before` times."""
    watch(SEAMS, named, dying(name, before))
    add(library, media)


def look(library: Path) -> dict[str, Any] | None:
    """Return what the library holds and what lies about; None where none was begun."""
    if not (library / "library.db").exists():
        return None
    return dump(library, DESCRIPTIONS, LINES) | {"leftovers": leftovers(library)}


def add_and_look(library: Path, media: Path) -> dict[str, Any] | None:
    """Add the film and return what the library then holds."""
    add(library, media)
    return look(library)


def kills(folder: Path, media: Path, *, everywhere: bool) -> Iterator[dict[str, Any]]:
    """Yield what comes of no kill, then of one at each seam."""
    _, passed = alone(partial(add_and_list, folder / "listed", media))
    yield {"about_to": "end", "seen": None, "again": alone(partial(add_and_look, folder / "whole", media))}
    for name in dict.fromkeys(passed):
        count = passed.count(name)
        for before in range(count) if everywhere else [count // 2]:
            library = folder / "library"
            code, _ = alone(partial(add_and_die, library, media, name, before))
            assert code == -signal.SIGKILL, f"{name} ended with {code}"
            seen, again = alone(partial(look, library)), alone(partial(add_and_look, library, media))
            yield {"about_to": f"{name}, {before} before", "seen": seen, "again": again}
            shutil.rmtree(library)


if __name__ == "__main__":
    FOLDER, MEDIA, *MORE = sys.argv[1:]
    told = (json.dumps(kill) + "\n" for kill in kills(Path(FOLDER), Path(MEDIA), everywhere="--all" in MORE))
    with Path(FOLDER, "kills.jsonl").open("w") as results:
        results.writelines(told)
