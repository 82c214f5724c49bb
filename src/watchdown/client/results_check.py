"""What a check of a library, and its rebuilding, give back."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class _Result(BaseModel):
    model_config = ConfigDict(frozen=True)


class FaultFound(_Result):
    """One thing that is wrong: what, of which run, and what a person can do about it.

    `mended` is None where nobody tried; of a dry run, it says whether it would be.
    """

    kind: str
    subject: str
    cause: str
    run: int | None = None
    title: str | None = None
    algorithm: str | None = None
    schema_type: str | None = None
    expected: int | None = None
    found: int | None = None
    remedy: str | None = None
    mended: bool | None = None
    harms: bool = True


class CheckReport(_Result):
    """What was looked at, and what is wrong with it; `deep` where every row was read."""

    deep: bool
    repair: bool
    dry_run: bool
    runs: int
    rows: int
    tables: tuple[str, ...]
    faults: tuple[FaultFound, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong, or all that was is mended."""
        return not any(fault.harms for fault in self.faults)


class RebuiltTable(_Result):
    """A table that was built anew, with its runs and rows; of those `lost` nothing has all rows any more."""

    table: str
    runs: int
    rows: int
    lost: tuple[int, ...] = ()


class RebuildReport(_Result):
    """The tables that were built anew, and how many titles readers were told of."""

    tables: tuple[RebuiltTable, ...]
    titles: int = 0

    @property
    def whole(self) -> bool:
        """Whether every row is there."""
        return not any(table.lost for table in self.tables)
