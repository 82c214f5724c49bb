"""What calls on publications return: rollbacks, history."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict


class _Result(BaseModel):
    model_config = ConfigDict(frozen=True)


class SlotChange(_Result):
    """What became of one title's result: the run that is hidden, and the one that is seen instead."""

    title: str
    title_name: str
    hidden: int | None
    hidden_version: str | None
    shown: int | None
    shown_version: str | None


class SlotLeft(_Result):
    """A title whose result stays as it is, and why."""

    title: str
    title_name: str
    run: int | None
    why: str


class RolledBack(_Result):
    """What a rollback, or its undoing, changed; `epoch` is None where nothing changed."""

    algorithm: str
    epoch: int | None
    changes: tuple[SlotChange, ...]
    left: tuple[SlotLeft, ...]
    notes: tuple[str, ...]


class PublicationSummary(_Result):
    """What changed at one epoch: runs by algorithm and version; of a title's history, their numbers, too."""

    epoch: int
    at: str
    kind: Literal["published", "taken back", "shown again", "forgotten"]
    titles: int
    shown: dict[str, int]
    hidden: dict[str, int]
    batches: tuple[str, ...]
    backfills: tuple[int, ...]
    shown_runs: tuple[int, ...] = ()
    hidden_runs: tuple[int, ...] = ()
