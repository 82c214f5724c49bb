"""What calls on generations return: how they stand, and how searches would change."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class _Result(BaseModel):
    model_config = ConfigDict(frozen=True)


class Generation(_Result):
    """What a backfill makes beside what readers see: by which models, and those that readers see now.

    Once it is `ready`, all of it can be shown at one moment.
    """

    backfill: int
    algorithm: str
    version: str
    state: str
    publish: str
    models: tuple[str, ...]
    seen: tuple[str, ...]
    runs: int
    loaded: int
    published: int
    failed: int
    ready: bool
    created_at: str


class Place(_Result):
    """A hit among the first of one answer that is not among those of the other."""

    title: str
    title_name: str
    start_ns: int
    timecode: str
    score: float
    thumbnail: str | None


class QueryShift(_Result):
    """How the first hits of one query change: which share of them stays, and in what order.

    `rank_correlation` is Spearman's, of the hits that both have; None of fewer than two. `score_shift` is by
    how much the mean score rises: where the models differ it says little.
    """

    query: str
    before: int
    after: int
    overlap: float
    rank_correlation: float | None
    score_shift: float | None
    gone: tuple[Place, ...]
    came: tuple[Place, ...]


class Comparison(_Result):
    """How searches would change with a generation, the queries that differ most first; means over all."""

    backfill: int
    algorithm: str
    version: str
    loaded: int
    runs: int
    limit: int
    overlap: float
    rank_correlation: float | None
    score_shift: float | None
    queries: tuple[QueryShift, ...]
    notes: tuple[str, ...]


class Promoted(_Result):
    """What a promotion has shown, all at one epoch."""

    backfill: int
    algorithm: str
    version: str
    epoch: int
    runs: int
    notes: tuple[str, ...]
