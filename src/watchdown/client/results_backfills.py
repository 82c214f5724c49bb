"""What the library says of backfills."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class _Result(BaseModel):
    model_config = ConfigDict(frozen=True)


class BackfillBatch(_Result):
    """A batch of a backfill: how many runs are in each state, and who works it now."""

    batch: str
    titles: int
    algorithms: tuple[str, ...]
    states: dict[str, int]
    holder: str | None = None


class FailedRun(_Result):
    """A run that readers do not see, why, where its log is, and the command that tries again."""

    title: str
    title_name: str
    algorithm: str
    run: int
    state: str
    error: str
    log: str | None = None
    command: str


class BackfillSummary(_Result):
    """A backfill: what was asked for, how it stands, and how many runs it has, published, failed and loaded.

    `at_work` says whether a process works it at this moment; one that goes on without is taken up by the
    command that began it.
    """

    backfill: int
    algorithm: str
    version: str
    titles: tuple[str, ...]
    state: str
    at_work: bool
    via: str
    publish: str
    size: int
    rate: float | None
    concurrency: int
    tolerance: float
    runs: int
    published: int
    failed: int
    loaded: int = 0
    created_at: str
    updated_at: str


class BackfillStatus(BackfillSummary):
    """A backfill with its batches, and each run that failed."""

    batches: tuple[BackfillBatch, ...]
    failures: tuple[FailedRun, ...]
    command: str
