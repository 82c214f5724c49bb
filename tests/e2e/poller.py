"""Readers that read on and on, page by page, while a writer publishes one run after another in their slot.

python -m e2e.poller PLACE TITLE READERS READS  prints, in lines of JSON, what passages readers saw and how
often the writer published. All are processes, forked where all is imported and nothing used. The writer
publishes its next run each time that a reader has made another `BETWEEN` reads, and they read on meanwhile.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from itertools import cycle
from pathlib import Path
from typing import Any, Final

import numpy as np

import watchdown
from client.libraries import services
from search.libraries import MANIFEST, TinyKnown
from watchdown.catalogue import database
from watchdown.client import Library, write_runs
from watchdown.stores.lance import searcher, sink
from watchdown.stores.opensearch import cluster, directory
from watchdown_algos.catalogue import AlgorithmCatalogue

IMPORTED: Final = (cluster, database, directory, searcher, sink, write_runs)
SIZES: Final = (500, 600)
PAGE: Final = 100
BETWEEN: Final = 100
EPOCHS: Final = 6  # at least so many are seen by each reader
ALGORITHM, MODEL = MANIFEST.name, "model"
ASKED: Final[tuple[dict[str, Any], ...]] = ({"text": "lantern", "schema_type": "Caption"}, {"text": "red"})


def publish(library: Library, title: str, size: int) -> None:
    """Write a run of so many captions and as many vectors, and show it instead of the one before."""
    vectors = np.random.default_rng(size).normal(size=(size, 32))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    times = [{"start_ns": at, "end_ns": at + 1} for at in range(size)]
    drawn = [time | {"vector": vector.tolist()} for time, vector in zip(times, vectors, strict=True)]
    with library.writes.run(ALGORITHM, title, model=MODEL) as run:
        run.append("Caption", [time | {"text": f"lantern {time['start_ns']}"} for time in times])
        run.append("Embedding", drawn)


def write(place: str, title: str, turns: int) -> int:
    """Publish runs of the one size and the other, one for each turn; return how many."""
    published = 0
    with watchdown.open(place) as library:
        while os.read(turns, 1):
            published += 1
            publish(library, title, SIZES[published % 2])
    return published


def passage(library: Library, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Follow the cursor through all pages of one question; return how many there were, and what was seen."""
    pages = [library.search(**asked, limit=PAGE)]
    while cursor := pages[-1].cursor:
        pages.append(library.search(**asked, limit=PAGE, after=cursor))
    hits = [hit for page in pages for hit in page.hits]
    [epoch] = {page.epoch for page in pages}
    return len(pages), {
        "hits": len(hits),
        "different": len({hit.start_ns for hit in hits}),
        "runs": len({hit.run for hit in hits}),
        "epoch": epoch,
        "overtaken": services(library).directory.view().epoch > epoch,
    }


def read(place: str, reads: int, turns: int) -> dict[str, Any]:
    """Make so many reads, words and vectors in turn; return how often each kind of passage was seen."""
    algorithms = AlgorithmCatalogue([TinyKnown(MANIFEST, "nowhere", Path())])
    seen, epochs, made = Counter[tuple[Any, ...]](), set[int](), 0
    with watchdown.open(place, algorithms=algorithms) as library:
        for asked in cycle(ASKED):
            pages, found = passage(library, asked)
            if made // BETWEEN < (made + pages) // BETWEEN:
                os.write(turns, b".")
            made += pages
            epochs.add(found.pop("epoch"))
            seen[asked.get("schema_type", "vectors"), *found.values()] += 1
            if made >= reads and len(epochs) >= EPOCHS:
                break
    return {"reads": made, "epochs": len(epochs), "seen": [[*kind, count] for kind, count in seen.items()]}


def main(place: str, title: str, readers: int, reads: int) -> None:
    """Begin the readers and the writer, and print what they tell once all have ended."""
    said, say = os.pipe()
    turns, turn = os.pipe()

    def tell(name: str, told: Any) -> None:
        os.write(say, f"{json.dumps({name: told})}\n".encode())  # less than a pipe takes at once

    children = []
    for number in range(readers + 1):
        if (child := os.fork()) == 0:
            if number:
                os.close(turns)
                tell("reader", read(place, reads, turn))
            else:
                os.close(turn)
                tell("writer", write(place, title, turns))
            os._exit(0)
        children.append(child)
    for end in (turn, turns, say):
        os.close(end)
    with os.fdopen(said) as lines:
        sys.stdout.writelines(lines)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * len(children)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:]))
