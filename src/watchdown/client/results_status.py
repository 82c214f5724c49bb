"""What `library.status` returns: how each slot of each title stands, and the totals."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from watchdown.runs.standings import WELL, Standing


class _Result(BaseModel):
    model_config = ConfigDict(frozen=True)


class SlotStatus(_Result):
    """How one algorithm stands over one title: ready or not, why, and the commands that help, in order.

    `seen` is the run that readers see now, if any, of `version`; `run` the one that `why` is about.
    """

    algorithm: str
    standing: Standing
    version: str | None = None
    seen: int | None = None
    run: int | None = None
    since: str | None = None
    why: str | None = None
    fix: tuple[str, ...] = ()
    batch: str | None = None
    backfill: int | None = None

    @property
    def well(self) -> bool:
        """Whether nothing is to be done about it."""
        return self.standing in WELL


class TitleStatus(_Result):
    """How one title stands. It is `ready` where nothing is to be done about any of its slots."""

    title: str
    title_name: str
    ready: bool
    slots: tuple[SlotStatus, ...]


class LibraryStatus(_Result):
    """How titles stand: `totals` has by algorithm how many titles stand in which way."""

    ready: bool
    titles: tuple[TitleStatus, ...]
    totals: dict[str, dict[str, int]]
