"""Kills `watchdown add` where it is about to pass each of its seams, and looks at what is left.

python killed.py FOLDER MEDIA [--all]  writes FOLDER/kills.jsonl, a line per kill: what was about to happen,
what was to be seen then, and what after the next `add`. Of a seam that is passed often the kill comes
half-way, with --all each time. Each `add` is a process, forked where all is imported and nothing used.
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
    (Ledger, "plan"),
    (Ledger, "step"),
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


def watch(act: Callable[[str], None]) -> None:
    """Call `act` with a name each time that a seam is about to be passed."""
    for owner, name in SEAMS:
        setattr(owner, name, _watched(getattr(owner, name), f"{owner.__name__}.{name}", act))


def _watched(real: Callable[..., Any], name: str, act: Callable[[str], None]) -> Callable[..., Any]:
    def passed(*args: Any, **rest: Any) -> Any:
        act(f"{name} {args[2]}" if name == "Ledger.step" else name)
        return real(*args, **rest)

    return passed


def forked(body: Callable[[], Any]) -> tuple[int, Any]:
    """Run `body` in a process of its own; return how that ended and what `body` returned."""
    reader, writer = os.pipe()
    if (child := os.fork()) == 0:
        signal.alarm(LONGEST_SECONDS)
        os.close(reader)
        with os.fdopen(writer, "w") as pipe:
            json.dump(body(), pipe)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), json.loads(said) if said else None


def add(library: Path, media: Path) -> None:
    """Add the film as the command line does."""
    assert main(["add", str(media), "--copy", "--json", "--library", str(library)]) == 0


def add_and_list(library: Path, media: Path) -> list[str]:
    """Add the film undisturbed; return the seams in the order in which they were passed."""
    passed: list[str] = []
    watch(passed.append)
    add(library, media)
    return passed


def add_and_die(library: Path, media: Path, name: str, before: int) -> None:
    """Add the film, and be killed where a seam is about to be passed that was passed `before` times."""
    left = before

    def count(passing: str) -> None:
        nonlocal left
        if passing == name:
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1

    watch(count)
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
    _, passed = forked(partial(add_and_list, folder / "listed", media))
    yield {"about_to": "end", "seen": None, "again": forked(partial(add_and_look, folder / "whole", media))}
    for name in dict.fromkeys(passed):
        count = passed.count(name)
        for before in range(count) if everywhere else [count // 2]:
            library = folder / "library"
            code, _ = forked(partial(add_and_die, library, media, name, before))
            assert code == -signal.SIGKILL, f"{name} ended with {code}"
            seen, again = forked(partial(look, library)), forked(partial(add_and_look, library, media))
            yield {"about_to": f"{name}, {before} before", "seen": seen, "again": again}
            shutil.rmtree(library)


if __name__ == "__main__":
    FOLDER, MEDIA, *MORE = sys.argv[1:]
    told = (json.dumps(kill) + "\n" for kill in kills(Path(FOLDER), Path(MEDIA), everywhere="--all" in MORE))
    with Path(FOLDER, "kills.jsonl").open("w") as results:
        results.writelines(told)
