"""What calls on runs that programs write return."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class _Result(BaseModel):
    model_config = ConfigDict(frozen=True)


class Appended(_Result):
    """A part of a run: how many rows are good, how many were refused, and why the first of these were.

    `repeated` says that a part of this name was there already, and counts as it was.
    """

    run: int
    part: str
    schema_type: str
    rows: int
    refused: int
    faults: tuple[str, ...] = ()
    repeated: bool = False


class WrittenRun(_Result):
    """A run that a program writes: where it stands, how many rows it has, and why it is held or failed.

    While it is open, `counts` are the good rows and `refused` the others that were appended so far, by schema
    type, and `idle_since` is when something was last done to it.
    """

    run: int
    title: str
    title_name: str
    algorithm: str
    version: str
    state: str
    counts: dict[str, int]
    refused: dict[str, int] = {}
    parts: int = 0
    warnings: tuple[str, ...] = ()
    error: str | None = None
    started_at: str
    idle_since: str
