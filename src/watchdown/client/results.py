"""What the library's calls return, beside pages of hits."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

Outcome = Literal["added", "updated", "unchanged", "failed"]


class _Result(BaseModel):
    model_config = ConfigDict(frozen=True)


class Added(_Result):
    """What became of one file: `unchanged` means that nothing had to be computed.

    `models` says what the models that were used do not know.
    """

    path: str
    outcome: Outcome
    title: str | None = None
    title_name: str | None = None
    runs: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()


class Coverage(_Result):
    """The records of one active run of one schema type: how many, and where on the timeline."""

    schema_type: str
    algorithm: str
    version: str
    run: int
    count: int
    share: float
    ranges: tuple[tuple[int, int], ...]


class TitleSummary(_Result):
    """What exists of a title: `counts` are the records per schema type, `coverage` where they lie."""

    id: str
    name: str
    duration_ns: int
    rate: str
    start_timecode: str
    assets: tuple[dict[str, str | None], ...]
    counts: dict[str, int]
    coverage: tuple[Coverage, ...]
    notes: tuple[str, ...]


class RunSummary(_Result):
    """A run as the ledger has it."""

    number: int
    title: str
    title_name: str
    algorithm: str
    version: str
    state: str
    visible_from: int | None
    visible_to: int | None
    counts: dict[str, int]
    warnings: tuple[str, ...]
    error: str | None
    created_at: str
    updated_at: str
