"""Kills who writes a run at each step that it passes, and says how the same calls end then.

python killed_writes.py LIBRARY TITLE  prints a line of JSON per kill: where it came, and what is there after
the same calls were made again. Each attempt is a process, forked where all is imported and nothing used; the
folder `tests` must be in PYTHONPATH.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import watchdown
from client.libraries import services
from client.written import left, written
from killing import dying, forked, states_reached, watch
from watchdown.client import write_runs
from watchdown.client.telling import Telling
from watchdown.runs import leases, merging, parts
from watchdown.runs.ledger import Ledger
from watchdown.runs.staging import Staging
from watchdown.storage import keys
from watchdown.storage.local import LocalStorage
from watchdown.storage.s3 import S3Storage
from watchdown.stores.lance import searcher
from watchdown.stores.lance.sink import LanceSink
from watchdown.stores.opensearch.sink import OpenSearchSink

IMPORTED = (write_runs, merging, searcher)
SEAMS: list[tuple[Any, str]] = [
    (Staging, "write"),
    (Staging, "seal"),
    (Staging, "commit"),
    (parts.Parts, "close"),
    (parts.Parts, "clear"),
    (Ledger, "steps"),
    (Ledger, "publish"),
    (LanceSink, "write"),
    (OpenSearchSink, "write"),
    (LanceSink, "delete"),
    (OpenSearchSink, "delete"),
    (Telling, "publication"),
    (LocalStorage, "put_new"),
    (S3Storage, "put_new"),
    (LocalStorage, "delete_all"),
    (S3Storage, "delete_all"),
]
LONGEST_SECONDS = 60
ROWS = {"a": 30, "b": 20}


def named(method: str, args: tuple[Any, ...]) -> str:
    """Return the name of a step: with the state that is reached, or what sort of object is written."""
    if method == "Ledger.steps":
        return states_reached(method, args)
    if method.endswith(("put_new", "delete_all")):
        kind = args[1].split("/", 2)[-1] if args[1].startswith("staged/") else args[1].partition("/")[0]
        return f"{method} {kind.partition('/')[0] or 'all'}"
    return method


def write(library: str, run: int) -> str:
    """Append the parts of a run and finish it, as a script does that is called again after its end."""
    with watchdown.open(library) as opened:
        if opened.writes.list():
            for first, (part, count) in enumerate(ROWS.items()):
                starts = range(100 * first, 100 * first + count)
                rows = [{"start_ns": at, "end_ns": at + 1, "label": part, "confidence": 1} for at in starts]
                if services(opened).ledger.get(run).state == "running" and not _closing(opened, run):
                    opened.writes.append(run, "Label", rows, part=part)
        return opened.writes.finish(run).state


def cancel(library: str, run: int) -> str:
    """Cancel a run, again where that was interrupted."""
    with watchdown.open(library) as opened:
        return opened.writes.cancel(run).state


def started(library: str, title: str, count: int) -> list[int]:
    """Return so many open runs."""
    with watchdown.open(library) as opened:
        return [opened.writes.start("finder", title) for _ in range(count)]


def filled(library: str, title: str, count: int) -> list[int]:
    """Return so many runs that are loaded and hidden."""
    runs = started(library, title, count)
    with watchdown.open(library) as opened:
        for run in runs:
            opened.writes.append(run, "Label", [{"start_ns": 0, "end_ns": 1, "label": "x", "confidence": 1}])
            opened.writes.finish(run, publish=False)
    return runs


def look(library: str, run: int) -> dict[str, Any]:
    """Return what is to be seen, and what lies there that should not."""
    with watchdown.open(library) as opened:
        kept = services(opened).stages.keeps_staged
        state = services(opened).ledger.get(run).state
        return {
            "state": state,
            "rows": sorted(f"{one.label} {one.start_ns}" for one in opened.records("Label")),
            "runs": sorted({one.run for one in opened.records("Label")}),
            "left": [] if state == "active" else left(opened, run),
            "staged": [
                key
                for key in written(opened)
                if key.startswith(keys.left_by(run))
                and not (kept and key.endswith(("/Label.parquet", "/manifest.json")))
            ],
        }


def _closing(opened: Any, run: int) -> bool:
    return parts.Parts(services(opened).storage, run).is_closing


def each(begin: Callable[[int], list[int]], act: Callable[[str, int], str], library: str) -> None:
    """Kill an act half-way through its passes of each step, make it again, and print what is there then."""
    [run] = alone(lambda: begin(1))
    names = alone(lambda: _passed(lambda: act(library, run)))
    steps = sorted(set(names))
    for name, number in zip(steps, alone(lambda: begin(len(steps))), strict=True):
        killed = partial(_killed, act, library, number, dying(name, names.count(name) // 2))
        code, _ = forked(killed, LONGEST_SECONDS)
        told = {"act": act.__name__, "at": name, "code": code, "run": number}
        sys.stdout.write(json.dumps(told | alone(partial(_again, act, library, number))) + "\n")


def _killed(act: Callable[[str, int], str], library: str, run: int, die: Callable[[str], None]) -> str:
    watch(SEAMS, named, die)
    return act(library, run)


def _again(act: Callable[[str, int], str], library: str, run: int) -> dict[str, Any]:
    act(library, run)
    return look(library, run)


def alone(body: Callable[[], Any]) -> Any:
    """Return what `body` returns in a process of its own."""
    code, returned = forked(body, LONGEST_SECONDS)
    assert code == 0, code
    return returned


def _passed(body: Callable[[], Any]) -> list[str]:
    names: list[str] = []
    watch(SEAMS, named, names.append)
    body()
    return names


if __name__ == "__main__":
    leases.LEASE_S = 0.5  # type: ignore[misc] # who was killed is not waited for
    leases.LOOK_S = 0.1  # type: ignore[misc]
    place, film = sys.argv[1:]
    each(partial(started, place, film), write, place)
    each(partial(filled, place, film), cancel, place)
