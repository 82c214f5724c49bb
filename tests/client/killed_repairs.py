"""Kills who writes, repairs and rebuilds where they are about to pass each of their seams.

python killed_repairs.py PLACE OUT  fills the library at PLACE, kills each act, and writes a line per kill to
OUT: the act, what was about to happen, what readers saw then, and what was there after the next command. Each
call is a process, forked where all is imported and nothing used.
"""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import lance
import lancedb

import watchdown
from client import hurting
from client.deployments import entered
from client.libraries import services
from killing import dying, forked, watch
from watchdown.cli import main
from watchdown.client import repairing
from watchdown.lake import mending, tables
from watchdown.runs import restaging
from watchdown.runs.checkable import Checkable
from watchdown.runs.ledger import Ledger
from watchdown.storage import keys
from watchdown.stores.lance import searcher
from watchdown.stores.lance.holdings import LanceHoldings
from watchdown.stores.lance.sink import LanceSink
from watchdown.stores.opensearch.beside import BesideIndex
from watchdown.stores.opensearch.directory import StoreDirectory
from watchdown.stores.opensearch.holdings import OpenSearchHoldings
from watchdown.stores.opensearch.indices import Indices
from watchdown.stores.opensearch.sink import OpenSearchSink

IMPORTED: Final = (lance, lancedb, repairing, restaging, tables, searcher)
LOST, CHANGED, NEXT, UNKNOWN = TITLES = ("aa0001", "bb0002", "cc0003", "dd0004")
SEAMS: list[tuple[Any, str]] = [
    (LanceSink, "write"),
    (OpenSearchSink, "write"),
    (Ledger, "publish"),
    (StoreDirectory, "show"),
    (LanceHoldings, "remove"),
    (LanceHoldings, "mend"),
    (LanceHoldings, "index_anew"),
    (mending, "merge"),
    (tables.Lake, "_index"),
    (tables.Lake, "_index_vectors"),
    (OpenSearchHoldings, "remove"),
    (OpenSearchHoldings, "mend"),
    (OpenSearchHoldings, "_drop"),
    (repairing, "_let_readers_look_anew"),
    (Checkable, "note_digests"),
    (BesideIndex, "write"),
    (BesideIndex, "count"),
    (BesideIndex, "show"),
    (Indices, "point"),
    (StoreDirectory, "enter"),
]
LONGEST_S: Final = 100


def alone(body: Callable[[], Any]) -> tuple[int, Any]:
    """Run `body` in a process of its own; return how that ended and what `body` returned."""
    return forked(body, LONGEST_S)


def fill(place: Path) -> None:
    """Write runs of notes."""
    with entered(place, *TITLES) as library:
        for title in TITLES:
            hurting.write(library, title)


def hurt(place: Path) -> None:
    """Hurt the runs that are seen of two titles, forget a digest, and leave rows of no run."""
    with watchdown.open(place) as library:
        runs = {one.title: one.number for one in services(library).ledger.runs() if one.state == "active"}
        hurting.lose(library, runs[LOST])
        hurting.put(library, runs[CHANGED], CHANGED, [*hurting.notes(1, 29), hurting.note(29, "Lantern l")])
        hurting.put(library, 9999, LOST, hurting.notes(1, 5))
        hurting.note_in_ledger(library, runs[UNKNOWN], digests=None)
        if services(library).stages.keeps_staged:
            services(library).storage.delete_all(keys.staged(runs[NEXT]))


def write(place: Path) -> int:
    """Write the next run of a title."""
    with watchdown.open(place) as library:
        numbers = [one.number for one in services(library).ledger.runs()]
        return hurting.write(library, LOST, max(numbers))


def write_another(place: Path) -> int:
    """Write the next run of another title, as whatever comes next may do."""
    with watchdown.open(place) as library:
        return hurting.write(library, NEXT)


def repair(place: Path) -> int:
    """Check and mend the library; return the exit code."""
    return main(["check", "--deep", "--repair", "--json", "--library", str(place)])


def rebuild(place: Path) -> int:
    """Build the store anew; return the exit code."""
    return main(["rebuild", "--json", "--library", str(place)])


def look(place: Path) -> dict[str, Any]:
    """Return what readers see of each title: its runs, and its notes."""
    with watchdown.open(place) as library:
        seen: dict[str, Any] = {title: [[], []] for title in TITLES}
        for one in library.records("Note"):
            runs, texts = seen[one.title]  # type: ignore[attr-defined]
            runs.append(one.run)  # type: ignore[attr-defined]
            texts.append(one.text)  # type: ignore[attr-defined]
        found = {title: [sorted({*runs}), sorted(texts)] for title, (runs, texts) in seen.items()}
        visible = sorted(services(library).ledger.view().visible)
        report = library.repair.check()
        wrong = [f"{one.kind}: {one.subject} {one.cause}" for one in report.faults if one.harms]
        return {"notes": found, "visible": visible, "wrong": wrong}


def passed(act: Callable[[Path], int], place: Path) -> list[str]:
    """Act undisturbed; return the seams in the order in which they were passed."""
    names: list[str] = []
    watch(SEAMS, lambda method, _: method, names.append)
    act(place)
    return names


def killed(act: Callable[[Path], int], place: Path, name: str) -> None:
    """Act, and be killed where a seam is about to be passed for the first time."""
    watch(SEAMS, lambda method, _: method, dying(name, 0))
    act(place)


ACTS: Final[list[tuple[Callable[[Path], int], Callable[[Path], int], Callable[[Path], None] | None]]] = [
    (write, write_another, None),
    (repair, repair, hurt),
    (rebuild, rebuild, None),
]


def kills(place: Path) -> Iterator[dict[str, Any]]:
    """Yield what comes of a kill at each seam, for each act."""
    for act, following, before in ACTS:
        if before:
            alone(partial(before, place))
        code, names = alone(partial(passed, act, place))
        assert code == 0, act
        for name in dict.fromkeys(names):
            _, whole = alone(partial(look, place))
            if before:
                assert alone(partial(before, place))[0] == 0
            code, _ = alone(partial(killed, act, place, name))
            assert code == -signal.SIGKILL, f"{name} ended with {code}"
            seen = alone(partial(look, place))
            after = alone(partial(following, place))
            told = {"act": act.__name__, "about_to": name, "before": whole, "seen": seen, "after": after}
            yield told | {"again": alone(partial(look, place))}


if __name__ == "__main__":
    PLACE, OUT = map(Path, sys.argv[1:])
    assert alone(partial(fill, PLACE))[0] == 0
    with OUT.open("w") as results:
        for kill in kills(PLACE):
            results.write(json.dumps(kill) + "\n")
            results.flush()
