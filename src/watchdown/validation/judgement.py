"""What a judgement of a batch says: the expectations that it does not meet, with the titles at fault."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from watchdown_schemas.quality import Bounds


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """A title outside a bound, with its run and what was observed there."""

    title: str
    name: str
    run: int
    observed: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """An expectation that a batch does not meet.

    Attributes:
        algorithm: Name of the algorithm.
        schema: Versioned name of the schema type.
        expectation: The type of the expectation, in the words of Great Expectations.
        column: The column of the profile that it is about.
        bound: Least and most that the column may be; None where a side is open.
        allowed: Share of the titles that may be outside.
        observed: Share of the titles with such a measure that are outside.
        severity: critical, warning or info.
        faults: The titles outside.
    """

    algorithm: str
    schema: str
    expectation: str
    column: str
    bound: Bounds
    allowed: float
    observed: float
    severity: str
    faults: tuple[Fault, ...]

    def reason(self, fault: Fault) -> str:
        """Say in one line what is wrong with a title."""
        sides = zip(("at least", "at most"), self.bound, strict=True)
        limits = [f"{word} {side:g}" for word, side in sides if side is not None]
        said = f"{self.column} of {self.schema} is {fault.observed:.4g}, not {' and '.join(limits)}"
        if self.allowed:
            said += f"; {self.observed:.1%} of the titles are like that, {self.allowed:.1%} may be"
        return said


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """Whether a batch meets all expectations, those it does not meet, and where the report lies.

    `docs` is the first page of the Data Docs; None when nothing was expected of the batch.
    """

    passed: bool
    failures: tuple[Failure, ...]
    report: Path
    docs: Path | None
