"""What `library.plan` returns: what is to be done, what is not, and what it will cost."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class _Result(BaseModel):
    model_config = ConfigDict(frozen=True)


class Between(_Result):
    """Where a figure will lie eight times in ten, and what it will be in the middle."""

    low: float
    middle: float
    high: float


class Expected(_Result):
    """What work will cost. It rests on `runs` measured runs of `version`, or on a probe made just now.

    Seconds of processors (`cpu_s`), of graphics cards and of the clock, one title after another; rows that
    will be loaded; bytes that will be staged, which stay where the store is not of record.
    """

    runs: int
    version: str
    probed: bool = False
    cpu_s: Between
    gpu_s: Between
    clock_s: Between
    documents: Between
    bytes: Between


class Skipped(_Result):
    """Titles that are left out for one reason; `names` are some of them."""

    why: str
    titles: int
    names: tuple[str, ...]


class Dependant(_Result):
    """An algorithm that will follow, over so many titles at most, because it reads what is made."""

    algorithm: str
    version: str
    titles: int
    expected: Expected | None


class Money(_Result):
    """What it will cost in money: the work once, and what it stages by the month."""

    currency: str
    work: Between | None
    storage_month: Between | None


class BackfillPlan(_Result):
    """What a backfill of an algorithm would do, with nothing entered or begun.

    Of the titles `to_do`, those in `in_progress` are in batches that have not ended. `again` have a result
    that readers have seen before and that only needs to be shown again. `expected` is None where nothing like
    it was measured yet; `total` is of the algorithm and of all that follow, None where one is not known.
    """

    algorithm: str
    version: str
    titles: int
    to_do: int
    in_progress: int
    up_to_date: int
    again: int
    skipped: tuple[Skipped, ...]
    batches: int
    media_s: float
    expected: Expected | None
    dependants: tuple[Dependant, ...]
    total: Expected | None
    concurrency: int
    time_s: Between | None
    money: Money | None
