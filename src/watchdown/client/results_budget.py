"""What is told of the load budget: limits, how the store bears it, and who loads."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, computed_field


class _Result(BaseModel):
    model_config = ConfigDict(frozen=True)


class Loader(_Result):
    """Who loads now: what it took since it began, how fast it is, and its share, None without limit.

    `backfill` is the number of the one it loads for, `urgent` says that somebody waits for it.
    """

    name: str
    since: str
    documents: int
    bytes: int
    documents_per_s: float
    bytes_per_s: float
    documents_share: float | None
    bytes_share: float | None
    backfill: int | None = None
    urgent: bool = False


class LoadBudget(_Result):
    """What all loaders together may write in a second, None without limit, and who loads now.

    `governed_per_s` is the rate in documents that the store bears, None while only the limit counts; `why`
    says what lowered it last, at `lowered_at` (ISO 8601). `search_p95_ms` is what one small search in twenty
    exceeds beside the load, `idle_p95_ms` at rest, None as long as too few were made. `rejections` counts
    all that the store has refused for having too much to do; `reserve` is the share of loads that somebody
    waits for.
    """

    documents_per_s: float | None
    bytes_per_s: float | None
    loaders: tuple[Loader, ...]
    paused: bool = False
    auto: bool = True
    reserve: float = 0.0
    governed_per_s: float | None = None
    why: str = ""
    lowered_at: str | None = None
    search_p95_ms: float | None = None
    idle_p95_ms: float | None = None
    rejections: int = 0

    @computed_field  # type: ignore[prop-decorator] # as Pydantic has it
    @property
    def allowed_per_s(self) -> float | None:
        """Documents that all loaders together may write in a second now, None without limit."""
        if self.paused:
            return 0.0
        known = [one for one in (self.documents_per_s, self.governed_per_s) if one is not None]
        return min(known, default=None)

    @computed_field  # type: ignore[prop-decorator] # as Pydantic has it
    @property
    def used_per_s(self) -> float:
        """Documents that all loaders together write in a second now."""
        return sum(one.documents_per_s for one in self.loaders)
