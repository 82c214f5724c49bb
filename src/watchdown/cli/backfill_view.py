"""The one live view of a backfill: its stages, rate, time left, failures and budget; lines off a terminal."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Final

from rich.live import Live
from rich.table import Table
from rich.text import Text

from watchdown.cli.output import NOTICES, reporting
from watchdown.cli.steps import Report, in_lines
from watchdown.executors.protocol import STAGES
from watchdown_schemas.errors import printable

if TYPE_CHECKING:
    from watchdown.executors.protocol import Step

WINDOW_S: Final = 10.0  # over which the rate is taken
NAMED: Final = 3  # failures that are named, the last ones
PAUSED: Final = "paused"
LAST: Final = ("publish", "load", "work")  # by whose titles the time left is told, the first that was begun
Told = Sequence[tuple[str, str]]  # a name, and what there is to say


class Sight:
    """What was told of a backfill so far, as lines of a name and what there is to say."""

    def __init__(
        self, load: Callable[[], Told] = lambda: (), elapsed: Callable[[], float] = monotonic
    ) -> None:
        """Begin; `load` says what may be loaded now, and how searches bear it, as far as that is known."""
        self._load = load
        self._elapsed = elapsed
        self._begun = elapsed()
        self._stages: dict[str, tuple[int, int]] = {}
        self._rows: deque[tuple[float, int]] = deque()
        self._failed: list[str] = []
        self._note: str | None = None
        self._paused = False

    def take(self, step: Step) -> None:
        """Take note of a step."""
        if step.failed:
            self._failed.append(step.failed)
            return
        self._paused = step.stage == PAUSED
        if not self._paused:
            self._stages[step.stage] = (step.done, step.total)
            self._note = step.note
            self._agree_with(step)
        if step.rows is not None:
            at = self._elapsed()
            self._rows.append((at, step.rows))
            while len(self._rows) > 2 and self._rows[1][0] <= at - WINDOW_S:  # noqa: PLR2004 - two make a rate
                self._rows.popleft()

    def _agree_with(self, step: Step) -> None:
        """A title that is past a stage is past those before it, of which nothing may have been told since."""
        if step.stage not in STAGES:
            return
        at = STAGES.index(step.stage)
        for name in self._stages.keys() - {step.stage} & {*STAGES}:
            done, before = self._stages[name][0], STAGES.index(name) < at
            self._stages[name] = (max(done, step.done) if before else min(done, step.done), step.total)

    @property
    def rate(self) -> float | None:
        """Documents loaded in a second now; None before any was."""
        if len(self._rows) < 2 or not self._rows[-1][1]:  # noqa: PLR2004 - two make a rate
            return None
        (since, before), (until, now) = self._rows[0], self._rows[-1]
        return (now - before) / (until - since) if until > since else None

    @property
    def left_s(self) -> float | None:
        """Seconds until all titles are done, as it has gone so far; None where that is not known."""
        done, total = next((self._stages[name] for name in LAST if name in self._stages), (0, 0))
        if not done or self._paused:
            return None
        return (self._elapsed() - self._begun) * (total - done) / done

    def lines(self) -> list[tuple[str, str]]:
        """Return what there is to say, by name."""
        found = [(name, f"{done}/{total} titles") for name, (done, total) in self._stages.items()]
        if self._paused:
            found.append((PAUSED, "until somebody resumes it"))
        elif self._note:
            found.append(("now", printable(self._note)))
        if self.rate is not None:
            found.append(("rate", f"{self.rate:,.0f} documents/s"))
        found += self._load()
        if self.left_s is not None:
            found.append(("time left", _spoken(self.left_s)))
        if self._failed:
            found.append(("failed", str(len(self._failed))))
            found += [("", printable(one)) for one in self._failed[-NAMED:]]
        return found


def viewed(*, quiet: bool = False, load: Callable[[], Told] = lambda: ()) -> AbstractContextManager[Report]:
    """Give a function that takes steps and shows them on stderr."""
    return reporting(partial(_live, load), in_lines, quiet=quiet)


@contextmanager
def _live(load: Callable[[], Told]) -> Iterator[Report]:
    sight = Sight(load)
    with Live(console=NOTICES, auto_refresh=False) as live:

        def report(step: Step) -> None:
            sight.take(step)
            live.update(_table(sight.lines()), refresh=True)

        yield report


def _table(lines: list[tuple[str, str]]) -> Table:
    grid = Table.grid(padding=(0, 2))
    for name, told in lines:
        grid.add_row(Text(name, style="red" if name == "failed" else "cyan"), Text(told))
    return grid


def _spoken(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
