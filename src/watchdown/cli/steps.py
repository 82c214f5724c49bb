"""Progress of a backfill: bars on a terminal, lines elsewhere, failures as they happen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from time import monotonic
from typing import TYPE_CHECKING

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from watchdown.cli.output import NOTICES, notice, reporting
from watchdown_schemas.errors import printable

if TYPE_CHECKING:
    from watchdown.executors.protocol import Step

Report = Callable[["Step"], None]


def steps(*, quiet: bool = False) -> AbstractContextManager[Report]:
    """Give a function that takes steps and shows them on stderr."""
    return reporting(_live, in_lines, quiet=quiet)


@contextmanager
def _live() -> Iterator[Report]:
    columns = (
        TextColumn("{task.description:<9}", markup=False),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}", markup=False, style="dim"),
    )
    with Progress(*columns, console=NOTICES) as bars:
        bar: dict[str, TaskID] = {}

        def report(step: Step) -> None:
            if step.failed:
                bars.console.print(Text.assemble(("failed: ", "bold red"), printable(step.failed)))
                return
            if step.stage not in bar:
                bar[step.stage] = bars.add_task(step.stage, total=step.total, note="")
            note = printable(step.note or "")
            bars.update(bar[step.stage], completed=step.done, total=step.total, note=note)

        yield report


def in_lines() -> Report:
    """Return what shows each step as a line."""
    said: set[tuple[str, int]] = set()
    started = monotonic()

    def report(step: Step) -> None:
        if step.failed:
            notice("failed", printable(step.failed))
        elif (step.stage, step.done) not in said:
            said.add((step.stage, step.done))
            told = f"{step.stage} {step.done}/{step.total} titles"
            told += f": {printable(step.note)}" if step.note else ""
            NOTICES.print(Text(f"[{monotonic() - started:6.1f}s] {told}"))

    return report
