"""How results reach people and scripts: tables on a terminal, JSON on request, notices apart on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TypeVar

from rich.console import Console
from rich.table import Table
from rich.text import Text

from watchdown_schemas.errors import printable
from watchdown_schemas.time import NS

T = TypeVar("T")
WRAPS = frozenset({"what", "remarks", "file", "found", "remedy", "records"})  # the rest must stay copyable
NOTICES = Console(stderr=True, highlight=False, soft_wrap=True)


def print_json(value: Any, *, indent: int | None = 1) -> None:
    """Print a value as one JSON document, in ASCII, so that every terminal and pipe takes it.

    Without an `indent` it is a line, which is seen at once.
    """
    sys.stdout.write(json.dumps(value, indent=indent) + "\n")
    if indent is None:
        sys.stdout.flush()


def notice(kind: str, message: str, style: str = "") -> None:
    """Say something on stderr: `error: ...`, `warning: ...`."""
    NOTICES.print(Text.assemble((f"{kind}: ", style), message))


@contextmanager
def reporting(
    live: Callable[[], AbstractContextManager[Callable[[T], None]]],
    lines: Callable[[], Callable[[T], None]],
    *,
    quiet: bool,
) -> Iterator[Callable[[T], None]]:
    """Give what shows reports of long work on stderr: live on a terminal, by `lines` elsewhere, or not."""
    if quiet:
        yield lambda _report: None
    elif NOTICES.is_terminal:
        with live() as report:
            yield report
    else:
        yield lines()


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[str] = ()) -> None:
    """Print rows in columns; names from outside cannot smuggle in control characters or mark-up."""
    console = Console(highlight=False)
    grid = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        grid.add_column(
            column,
            justify="right" if column in right else "left",
            no_wrap=column not in WRAPS,
        )
    for row in rows:
        grid.add_row(*(Text(printable(cell)) for cell in row))
    if not console.is_terminal:  # a pipe wants whole lines
        console.width = 10_000
    console.print(grid)


def clock(ns: int) -> str:
    """Return a duration as h:mm:ss.t for people."""
    tenths = round(ns * 10 / NS)
    return f"{tenths // 36000}:{tenths // 600 % 60:02}:{tenths // 10 % 60:02}.{tenths % 10}"
