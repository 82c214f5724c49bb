"""How many rows were taken so far: a live line on a terminal, now and then a line elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from time import monotonic
from typing import Final

from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from watchdown.cli.output import NOTICES, reporting
from watchdown_schemas.errors import printable

Report = Callable[[str, int], None]
EVERY_S: Final = 5.0


def progress(*, quiet: bool = False) -> AbstractContextManager[Callable[[tuple[str, int]], None]]:
    """Give a function that takes what is being done, and with how many rows, and shows it on stderr."""
    return reporting(_live, _lines, quiet=quiet)


@contextmanager
def _live() -> Iterator[Callable[[tuple[str, int]], None]]:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        TextColumn("{task.fields[rows]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=NOTICES, transient=True) as lines:
        shown: dict[str, TaskID] = {}

        def report(step: tuple[str, int]) -> None:
            doing, rows = step
            if doing not in shown:
                shown[doing] = lines.add_task(printable(doing), total=None, rows="")
            lines.update(shown[doing], rows=_rows(rows))

        yield report


def _lines() -> Callable[[tuple[str, int]], None]:
    started = said = monotonic()

    def report(step: tuple[str, int]) -> None:
        nonlocal said
        if monotonic() - said >= EVERY_S:  # what is done at once needs no telling
            said = monotonic()
            doing, rows = step
            NOTICES.print(Text(f"[{said - started:6.1f}s] {printable(doing)} {_rows(rows)}".rstrip()))

    return report


def _rows(count: int) -> str:
    return f"{count:,} rows" if count else ""
