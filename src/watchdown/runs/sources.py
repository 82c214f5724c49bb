"""Where the rows of a run can be had from once more: what it staged, or an earlier state of the store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pyarrow as pa

from watchdown.runs.faults import Expected
from watchdown.runs.memo import Types
from watchdown.runs.record_checking import BAD, digest_of
from watchdown.runs.staged_records import StagedRecords
from watchdown.storage.protocol import Storage
from watchdown.stores.holdings import Holdings
from watchdown_schemas.digest import Digest
from watchdown_schemas.fields import has_vector

Rows = Callable[[], Iterator[pa.RecordBatch]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Sources:
    """Finds rows that are proved to be those that the run has staged."""

    storage: Storage
    holdings: Holdings
    types: Types

    def of(self, run: Expected, schema: str) -> Rows | None:
        """Return what gives the rows of one type of a run, at each call; None where nothing does."""
        if not run.counts[schema]:
            return lambda: iter(())
        if self._is_staged(run, schema):
            return lambda: StagedRecords(self.storage).read_run(schema, run.number)
        if run.digests and schema in run.digests:
            model = run.model if has_vector(self.types[schema]) else None
            digest = Digest.parse(run.digests[schema])
            if self.holdings.earlier(self.types[schema], model, run.number, digest) is not None:
                again = (self.types[schema], model, run.number, digest)
                return lambda: self.holdings.earlier(*again) or iter(())
        return None

    def _is_staged(self, run: Expected, schema: str) -> bool:
        try:
            found = digest_of(self.storage, run.number, schema)
        except BAD:
            return False
        if run.digests and schema in run.digests:
            return found == Digest.parse(run.digests[schema])
        return found.rows == run.counts[schema]
