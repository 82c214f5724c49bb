"""What work will cost, from what like work has cost in this library: a range, and what it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select

from watchdown.catalogue.database import Database
from watchdown.catalogue.tables import runs
from watchdown.runs.states import PUBLISHED
from watchdown_schemas.time import NS

MOST: Final = 1000  # runs that a price rests on, the newest of them
DRAWS: Final = 400
LOW, HIGH = 0.1, 0.9
AT_ONCE: Final = 2000  # titles that are drawn for one by one; the others are drawn for as one of these
ONE_SAYS: Final = 0.35  # how far off one run alone may be, as the spread of its logarithm


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """What one run cost, and over how much media: seconds, documents and bytes."""

    media_s: float
    cpu_s: float
    gpu_s: float
    clock_s: float
    documents: float
    bytes: float


@dataclass(frozen=True, slots=True)
class Range:
    """Where a figure will lie eight times in ten, and what it will be in the middle."""

    low: float
    middle: float
    high: float

    def times(self, factor: float) -> Range:
        """Return the range of so many times as much."""
        return Range(self.low * factor, self.middle * factor, self.high * factor)

    def plus(self, other: Range) -> Range:
        """Return the range of two figures together; both may be at their ends at once."""
        return Range(self.low + other.low, self.middle + other.middle, self.high + other.high)


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """What work will cost: seconds of processors and graphics cards, of the clock one title after another.

    It rests on `runs` runs of `version`.
    """

    runs: int
    version: str
    cpu_s: Range
    gpu_s: Range
    clock_s: Range
    documents: Range
    bytes: Range


def history(database: Database, algorithm: str, version: str) -> tuple[str, list[Sample]]:
    """Return what published runs of an algorithm cost, newest first, and of which version these are.

    Of another version, the newest that was measured, only where there is none of this one.
    """
    measured = (
        select(runs.c.version, runs.c.cost, runs.c.counts)
        .where(runs.c.algorithm == algorithm, runs.c.state.in_(PUBLISHED), runs.c.cost.is_not(None))
        .order_by(runs.c.number.desc())
        .limit(MOST)
    )
    with database.reading() as connection:
        found = connection.execute(measured.where(runs.c.version == version)).all()
        if not found:
            found = connection.execute(measured).all()
            found = [row for row in found if row.version == found[0].version]
    samples = [sample(row.cost, sum(row.counts.values())) for row in found]
    return (found[0].version if found else version), samples


def sample(cost: dict[str, float], documents: int) -> Sample:
    """Return what a run cost, as it was noted."""
    return Sample(
        media_s=cost["media_ns"] / NS,
        cpu_s=cost["cpu_s"],
        gpu_s=cost["gpu_s"],
        clock_s=cost["clock_s"],
        documents=documents,
        bytes=cost["bytes"],
    )


def estimate(version: str, samples: Sequence[Sample], media_ns: Sequence[int]) -> Estimate | None:
    """Return what titles of those lengths will cost; None where no run says anything.

    Many ways in which it may come out are drawn: each title costs, for its length, what one of the runs did;
    which runs there are was chance, too, and the fewer they are, the less they say.
    """
    import numpy as np

    known = [one for one in samples if one.media_s > 0]
    if not known or not media_ns:
        return None
    random = np.random.default_rng(0)  # the same question has the same answer
    lengths = np.asarray(media_ns, dtype=np.float64) / NS
    kept = lengths if len(lengths) <= AT_ONCE else random.permutation(lengths)[:AT_ONCE]
    kept = kept * (lengths.sum() / kept.sum()) if kept.sum() else kept
    totals = {name: np.empty(DRAWS) for name in ("cpu_s", "gpu_s", "clock_s", "documents", "bytes")}
    rates = {name: np.array([getattr(one, name) / one.media_s for one in known]) for name in totals}
    for draw in range(DRAWS):
        seen = random.integers(len(known), size=len(known))
        chosen = seen[random.integers(len(known), size=len(kept))]
        off = np.exp(random.normal(0, ONE_SAYS / np.sqrt(len(known))))
        for name, rate in rates.items():
            totals[name][draw] = (rate[chosen] * kept).sum() * off
    ranges = {name: Range(*np.quantile(drawn, [LOW, 0.5, HIGH]).tolist()) for name, drawn in totals.items()}
    return Estimate(runs=len(known), version=version, **ranges)
