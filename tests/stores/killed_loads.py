"""Kills a load into OpenSearch where it is about to pass each of its steps, and looks at what is left.

python killed_loads.py URL FOLDER  writes FOLDER/kills.jsonl, a line per kill: what was about to happen, what
readers saw then, and what after the next pass over the title. Each load is a process, forked where all is
imported and nothing used.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from killing import dying, forked, states_reached, watch
from runs.algorithms import catalogue
from runs.libraries import Library
from stores.loads import prefix
from watchdown.media import shelf
from watchdown.runs import feeds, work
from watchdown.runs.ledger import Ledger
from watchdown.storage.local import LocalStorage
from watchdown.stores.opensearch.cluster import Access, Cluster, Layout
from watchdown.stores.opensearch.pace import LEAST_BYTES, Pace
from watchdown.stores.opensearch.searcher import OpenSearchSearcher
from watchdown.stores.opensearch.sink import OpenSearchSink

IMPORTED = (feeds, shelf, work)
LINES = 300  # several batches of the smallest size
LONGEST_SECONDS = 60
STEPS: list[tuple[Any, str]] = [
    (Cluster, "once"),
    (Ledger, "steps"),
    (Ledger, "publish"),
    (LocalStorage, "delete"),
]


def spoken() -> str:
    """Return subtitles of many lines, none like another."""
    times = [f"00:00:{at // 50:02},{at % 50 * 20:03}" for at in range(LINES + 1)]
    cues = pairwise(times)
    return "\n".join(f"{at}\n{begin} --> {end}\nLine {at}.\n" for at, (begin, end) in enumerate(cues))


def named(method: str, args: tuple[Any, ...]) -> str:
    """Return the name of a step, with the request that is sent or the state that is reached."""
    match method:
        case "Cluster.once":
            return f"{method} {args[1]} {args[2].replace(args[0].layout.prefix, '')}"
        case "Ledger.steps":
            return states_reached(method, args)
    return method


class Loading:
    """A library in a folder over a store with indices of its own."""

    def __init__(self, url: str, folder: Path, indices: str) -> None:
        self.library = Library(folder, catalogue("Lines"))
        self.cluster = Cluster(Access(url=url), Layout(prefix=indices, replicas=0))
        sink = OpenSearchSink(self.cluster, pace=Pace(LEAST_BYTES))
        self.library.sink = sink

    def run(self) -> None:
        """Bring the title up to date."""
        self.library.run()

    def seen(self) -> dict[str, Any]:
        """Return what readers see, how many documents lie in the indices, and what is left of the work."""
        searcher, view = OpenSearchSearcher(self.cluster), self.library.ledger.view()
        snapshot = searcher.snapshot(view)
        batches = searcher.scan("DialogueLine", view, columns=["text"], snapshot=snapshot)
        found = sorted(row["text"] for batch in batches for row in batch.to_pylist())
        stored = self.cluster.request("count", "GET", f"/{self.cluster.layout.prefix}-*/_count")["count"]
        return {"texts": found, "stored": stored, "states": self.library.states()}


def list_steps(url: str, folder: Path, indices: str) -> list[str]:
    """Load undisturbed; return the steps in the order in which they were passed."""
    passed: list[str] = []
    watch(STEPS, named, passed.append)
    Loading(url, folder, indices).run()
    return passed


def load_and_die(url: str, folder: Path, indices: str, name: str, before: int) -> None:
    """Load, and be killed where a step is about to be passed that was passed `before` times."""
    loading = Loading(url, folder, indices)
    watch(STEPS, named, dying(name, before))
    loading.run()


def look(url: str, folder: Path, indices: str) -> dict[str, Any]:
    """Return what is there."""
    return Loading(url, folder, indices).seen()


def load_and_look(url: str, folder: Path, indices: str) -> dict[str, Any]:
    """Load, and return what is then there."""
    loading = Loading(url, folder, indices)
    loading.run()
    return loading.seen()


def main(url: str, folder: Path) -> None:
    """Write what comes of no kill, then of one at each step; of one that is passed often, half-way."""
    staged = folder / "staged"
    first = "Cluster.once PUT "  # what the first load of an index begins with

    def stage() -> None:
        loading = Loading(url, staged, prefix())
        loading.library.speak(spoken())
        killed = partial(os.kill, os.getpid(), signal.SIGKILL)
        watch(STEPS, named, lambda name: killed() if name.startswith(first) else None)
        loading.run()

    def tried(*acts: Callable[..., Any]) -> list[Any]:
        """Act one after the other on a copy of the library, over indices of its own."""
        indices, copy = prefix(), folder / "copy"
        shutil.copytree(staged, copy)
        found = [forked(partial(act, url, copy, indices), LONGEST_SECONDS) for act in acts]
        shutil.rmtree(copy)
        cluster = Cluster(Access(url=url), Layout(prefix=indices))
        cluster.request("remove them", "DELETE", f"/{indices}-*")
        cluster.request("remove them", "DELETE", f"/_index_template/{indices}-*")
        return found

    code, _ = forked(stage, LONGEST_SECONDS)
    assert code == -signal.SIGKILL
    with Path(folder, "kills.jsonl").open("w") as results:
        (_, steps), whole = tried(list_steps, look)
        told = {"about_to": "end", "died": 0, "seen": whole, "again": whole}
        results.write(json.dumps(told) + "\n")
        for name in dict.fromkeys(steps):
            killed = partial(load_and_die, name=name, before=steps.count(name) // 2)
            (died, _), seen, again = tried(killed, look, load_and_look)
            told = {"about_to": name, "died": died, "seen": seen, "again": again}
            results.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
