"""What is told of dead letters: rows that a store refused."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class _Result(BaseModel):
    model_config = ConfigDict(frozen=True)


class DeadLetters(_Result):
    """Rows of one schema type of a run that the store refused, and the reason that it gave most often.

    `path` is that of a file, or the address of an object.
    """

    run: int
    schema_type: str
    title: str
    title_name: str
    algorithm: str
    state: str
    rows: int
    reason: str
    path: str


class Replayed(_Result):
    """What became of dead letters that were replayed: the run that readers see now, and its rows by type.

    `replayed` rows were handed back, `refused` are dead letters or in quarantine still. `error` says why not
    all are seen.
    """

    run: int
    title: str
    state: str
    counts: dict[str, int]
    replayed: int
    refused: int
    error: str | None = None
