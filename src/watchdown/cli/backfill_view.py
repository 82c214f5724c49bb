"""The one live view of a backfill: its stages, rate, time left, failures and budget; lines off a terminal."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Final

from rich.live import Live
from rich.table import Table
from rich.text import Text

from watchdown.cli.output import NOTICES, reporting
from watchdown.cli.steps import Report, in_lines
from watchdown_schemas.errors import printable

if TYPE_CHECKING:
    from watchdown.executors.protocol import Step

WINDOW_S: Final = 10.0  # over which the rate is taken
NAMED: Final = 3  # failures that are named, the last ones
PAUSED: Final = "paused"
LAST: Final = ("publish", "load", "work")  # by whose titles the time left is told, the first that is known


class Sight:
    """What was told of a backfill so far, as lines of a name and what there is to say."""

    def __init__(
        self, budget: Callable[[], str | None] = lambda: None, elapsed: Callable[[], float] = monotonic
    ) -> None:
        """Begin; `budget` says what may be loaded now, None where nothing is known of it."""
        self._budget = budget
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
        if step.rows is not None:
            at = self._elapsed()
            self._rows.append((at, step.rows))
            while len(self._rows) > 2 and self._rows[1][0] <= at - WINDOW_S:  # noqa: PLR2004 - two make a rate
                self._rows.popleft()

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
        known = [self._stages[name] for name in LAST if self._stages.get(name, (0, 0))[0]]
        if not known or self._paused:
            return None
        done, total = known[0]
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
        if allowed := self._budget():
            found.append(("budget", allowed))
        if self.left_s is not None:
            found.append(("time left", _spoken(self.left_s)))
        if self._failed:
            found.append(("failed", str(len(self._failed))))
            found += [("", printable(one)) for one in self._failed[-NAMED:]]
        return found


def viewed(
    *, quiet: bool = False, budget: Callable[[], str | None] = lambda: None
) -> AbstractContextManager[Report]:
    """Give a function that takes steps and shows them on stderr."""
    return reporting(partial(_live, budget), in_lines, quiet=quiet)


@contextmanager
def _live(budget: Callable[[], str | None]) -> Iterator[Report]:
    sight = Sight(budget)
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
