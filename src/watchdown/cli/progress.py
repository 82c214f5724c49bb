"""Progress on long work: a live bar on a terminal, a line per stage elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from time import monotonic
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Column
from rich.text import Text

from watchdown.cli.output import NOTICES, reporting
from watchdown_schemas.errors import printable
from watchdown_schemas.time import seconds

if TYPE_CHECKING:
    from watchdown.runs.progress import Progress as Step

Report = Callable[["Step"], None]


class _Rate(ProgressColumn):
    """Seconds of film per second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:5.1f}x" if task.speed else "     -", style="cyan")


def progress(*, quiet: bool = False) -> AbstractContextManager[Report]:
    """Give a function that takes progress reports and shows them on stderr."""
    return reporting(_live, _lines, quiet=quiet)


@contextmanager
def _live() -> Iterator[Report]:
    columns = (
        TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True, max_width=36)),
        BarColumn(bar_width=16),
        TextColumn("{task.percentage:>3.0f}%"),
        _Rate(),
        TimeRemainingColumn(compact=True),
    )
    with Progress(*columns, console=NOTICES, transient=True) as bars:
        bar: dict[tuple[str, str], TaskID] = {}

        def report(step: Step) -> None:
            key = (step.title, step.stage)
            if key not in bar:
                for other in bar.values():
                    bars.remove_task(other)
                bar.clear()
                total = seconds(step.total_ns) or None
                bar[key] = bars.add_task(printable(f"{step.title}: {step.stage}".lstrip(": ")), total=total)
            bars.update(bar[key], completed=seconds(step.done_ns))

        yield report


def _lines() -> Report:
    seen: set[tuple[str, str]] = set()
    started = monotonic()

    def report(step: Step) -> None:
        key = (step.title, step.stage)
        if key not in seen:
            seen.add(key)
            NOTICES.print(
                Text(
                    f"[{monotonic() - started:6.1f}s] "
                    + printable(f"{step.title}: {step.stage}".lstrip(": "))
                )
            )

    return report
