"""Whether the staged files of runs, where they are the system of record, are there and have what they had."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

import pyarrow as pa
from pydantic import ValidationError

from watchdown.runs.faults import Expected, Fault, Kind
from watchdown.runs.staged_records import StagedRecords
from watchdown.storage import keys
from watchdown.storage.protocol import Storage
from watchdown_schemas.digest import Digest, digest
from watchdown_schemas.errors import StorageChanged, StorageNotFound

# What a file that was cut short or changed may end a reader with.
BAD: Final = (OSError, ValueError, pa.ArrowException, ValidationError, StorageNotFound, StorageChanged)


@dataclass(frozen=True, slots=True)
class RecordChecking:
    """Looks at staged files: whether they are there, or, deeply, at every row."""

    storage: Storage

    def __call__(self, runs: Sequence[Expected], *, deep: bool) -> Iterator[Fault]:
        """Yield what is wrong with the staged files of runs."""
        there = self._listed(runs)
        for run in runs:
            cause = _lacking(run, there.get(run.number, []))
            if cause is None and deep:
                cause = self._differing(run)
            if cause:
                yield Fault(
                    kind=Kind.RECORD,
                    subject=self.storage.place(keys.staged(run.number).rstrip("/")),
                    cause=cause,
                    run=run,
                )

    def _listed(self, runs: Sequence[Expected]) -> Mapping[int, list[str]]:
        """Return the names of staged files by run: one listing, unless few runs are asked for."""
        wanted = {run.number for run in runs}
        found: dict[int, list[str]] = {}
        prefixes = [keys.staged(number) for number in sorted(wanted)] if len(wanted) < 100 else [keys.STAGED]  # noqa: PLR2004 - a listing has 1,000 keys
        for prefix in prefixes:
            for number, some in groupby((one.key for one in self.storage.list(prefix)), _run_of):
                if number in wanted:
                    found.setdefault(number, []).extend(some)
        return found

    def _differing(self, run: Expected) -> str | None:
        """Return how the rows that are staged differ from those that were; None where they do not."""
        for name, rows in run.counts.items():
            try:
                found = digest_of(self.storage, run.number, name)
            except BAD as error:
                return f"{name} rows cannot be read ({_said(error)})"
            if found.rows != rows:
                return f"has {found.rows} {name} rows, not {rows}"
            if run.digests and name in run.digests and found != Digest.parse(run.digests[name]):
                return f"{name} rows are not those that were staged"
        return None


def digest_of(storage: Storage, run: int, schema: str) -> Digest:
    """Return what the staged rows of a run hash to that the store should hold; raises one of `BAD`."""
    return sum((digest(batch) for batch in StagedRecords(storage).read_run(schema, run)), Digest())


def _lacking(run: Expected, there: Sequence[str]) -> str | None:
    if keys.manifest(run.number) not in there:
        return "has no manifest" if there else "is gone"
    for name, rows in run.counts.items():
        if rows and not any(key.endswith(f"/{name}.parquet") for key in there):
            return f"has no {name} rows"
    return None


def _run_of(key: str) -> int:
    number = key.removeprefix(keys.STAGED).partition("/")[0]
    return int(number) if number.isascii() and number.isdecimal() else -1


def _said(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
