"""Faults of a library: where ledger, system of record and store do not say the same of a run."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from watchdown.runs.states import State

if TYPE_CHECKING:
    from watchdown.runs.ledger import Run


class Kind(StrEnum):
    """What is wrong."""

    MISSING = "rows missing"
    SURPLUS = "rows too many"
    CHANGED = "rows changed"
    STRANGER = "rows of no run"
    LEFT = "left over"
    UNREADABLE = "unreadable file"
    RECORD = "staged file"
    PICTURES = "pictures missing"
    TOLD = "readers not told"
    STUCK = "stuck"


NOTES = frozenset({Kind.STUCK, Kind.LEFT})  # what is told, and harms no reader


@dataclass(frozen=True, kw_only=True, slots=True)
class Expected:
    """A run as the ledger has it, whose rows must be in the store."""

    number: int
    title: str
    algorithm: str
    state: State
    model: str | None
    counts: dict[str, int] = field(default_factory=dict)
    digests: dict[str, str] | None = None


def expected(run: Run) -> Expected:
    """Return a run of the ledger as one whose rows must be there."""
    return Expected(
        number=run.number,
        title=run.title,
        algorithm=run.algorithm,
        state=run.state,
        model=run.model,
        counts=dict(run.counts),
        digests=None if run.digests is None else dict(run.digests),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One thing that is wrong; `run` is that whose rows ought to be there, `number` that of another one.

    `remedy` says what a person can do. `mended` is None where nobody tried; of a dry run, it says whether
    it would be.
    """

    kind: Kind
    subject: str
    cause: str
    run: Expected | None = None
    number: int | None = None
    schema: str | None = None
    table: str | None = None
    part: int = -1
    expected: int | None = None
    found: int | None = None
    remedy: str | None = None
    mended: bool | None = None

    @property
    def harms(self) -> bool:
        """Whether something is wrong still."""
        return self.kind not in NOTES and self.mended is not True

    def done(self) -> Fault:
        """Return the fault as one that was mended."""
        return replace(self, mended=True, remedy=None)

    def left(self, remedy: str, cause: str | None = None) -> Fault:
        """Return the fault as one that could not be mended, with what a person can do."""
        return replace(self, mended=False, remedy=remedy, cause=cause or self.cause)
