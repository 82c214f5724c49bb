"""Processes that write into one run at once: python -m client.writers LIBRARY RUN WRITERS ROWS.

Each appends its rows in two parts. They are forked where all is imported and nothing used.
"""

from __future__ import annotations

import os
import sys

import watchdown
from watchdown.client import write_runs
from watchdown.stores.lance import searcher, sink
from watchdown.stores.opensearch import cluster

IMPORTED = (write_runs, searcher, sink, cluster)


def write(library: str, run: int, first: int, count: int) -> None:
    """Append labels that start at so many nanoseconds."""
    with watchdown.open(library) as opened:
        half = first + count // 2
        for begin, end in ((first, half), (half, first + count)):
            rows = [
                {"start_ns": at, "end_ns": at + 1, "label": "x", "confidence": 1} for at in range(begin, end)
            ]
            assert opened.writes.append(run, "Label", rows).rows == end - begin


def main(library: str, run: int, writers: int, rows: int) -> int:
    """Fork the writers, let them begin together, and return how many of them failed."""
    waiting, beginning = os.pipe()
    children = []
    for writer in range(writers):
        if (child := os.fork()) == 0:
            os.close(beginning)
            os.read(waiting, 1)
            write(library, run, writer * rows, rows)
            os._exit(0)
        children.append(child)
    os.close(beginning)
    return sum(os.waitpid(child, 0)[1] != 0 for child in children)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], *map(int, sys.argv[2:])))
