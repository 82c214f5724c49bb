"""What an executor must do: take batches through all their stages, and tell how far they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from watchdown.runs.batching import Planned

STAGES: Final = ("work", "record", "validate", "load", "publish")


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """A backfill as it was asked for. `rate` is in documents/s, `tolerance` the share that may fail.

    `backfill` is its number; `held_back`, what it makes is shown all at one moment, by whoever began it;
    `urgent`, somebody waits for it.
    """

    algorithm: str
    titles: Sequence[str]
    planned: Planned
    size: int
    rate: float | None = None
    tolerance: float = 0.0
    backfill: int | None = None
    concurrency: int | None = None
    held_back: bool = False
    urgent: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """How far a stage is, in titles; or what has just failed, named as people know it.

    `rows` were taken from the budget so far, where that is known. The stage `paused` is none of a title's.
    """

    stage: str
    done: int = 0
    total: int = 0
    failed: str | None = None
    note: str | None = None
    rows: int | None = None


class Executor(Protocol):
    """Runs backfills. What is begun twice is one: batches say themselves what of them is done."""

    def run(self, wanted: Wanted) -> str:
        """Begin, and return what the backfill is known by; it may go on without whoever began it."""
        ...

    def watch(self, name: str) -> Iterator[Step]:
        """Yield how far it is, until it has ended, well or not: the ledger knows which."""
        ...

    def cancel(self, name: str) -> None:
        """End it. What is published stays; what is at work ends, and can be begun again."""
        ...

    def end(self, algorithm: str, name: str) -> None:
        """End one that any process has begun; nothing is done where it goes on no more."""
        ...
