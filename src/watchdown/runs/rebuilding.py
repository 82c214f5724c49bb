"""Builds tables of a store anew, beside those that people search, from the system of record.

Runs are loaded and published meanwhile. What is loaded when the new table takes the other's place is filled
in before anybody can publish it; a load that is still going on then sees that its table was replaced.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import Final

import pyarrow as pa

from watchdown.load.load import Take, unlimited
from watchdown.runs.checkable import Checkable
from watchdown.runs.faults import Expected
from watchdown.runs.memo import Types
from watchdown.runs.sources import Rows, Sources
from watchdown.stores.holdings import Beside, Holdings
from watchdown_schemas.errors import NotFound, StoreError
from watchdown_schemas.fields import has_vector, vector_field

RUNS_AT_ONCE: Final = 50
ReadRun = Callable[[str, Expected], Iterator[pa.RecordBatch]]
Part = tuple[str, str | None]  # schema type, model


@dataclass(kw_only=True, slots=True)
class Rebuilt:
    """A table that was built anew: its runs and rows, and the runs that nothing has the rows of any more."""

    table: str
    runs: int = 0
    rows: int = 0
    lost: list[Expected] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rebuilding:
    """Builds tables anew, or only their indices where the store is of record.

    While `still` is held, nobody publishes.
    """

    checkable: Checkable
    holdings: Holdings
    types: Types
    sources: Sources
    read: ReadRun
    still: Callable[[], AbstractContextManager[object]]
    take: Take
    keeps_staged: bool

    def __call__(self, only: Collection[str] | None = None) -> Iterator[Rebuilt]:
        """Build the tables of that name, or all, one after the other; yield what became of each.

        Raises NotFound for a name that is none.
        """
        known = self._parts()
        for name in only or ():
            if name not in known:
                raise NotFound(name, "is no table of this library", f"Known: {', '.join(sorted(known))}")
        for table, parts in sorted(known.items()):
            if only is None or table in only:
                yield self._anew(table, parts)

    def _parts(self) -> dict[str, list[Part]]:
        """Return the types and models of rows by the table that they lie in."""
        found: dict[str, set[Part]] = defaultdict(set)
        for run in self.checkable.filled():
            for name, rows in run.counts.items():
                if rows and name in self.types:
                    model = run.model if has_vector(self.types[name]) else None
                    found[self.holdings.table(self.types[name], model)].add((name, model))
        return {table: sorted(parts, key=str) for table, parts in found.items()}

    def _anew(self, table: str, parts: Sequence[Part]) -> Rebuilt:
        told = Rebuilt(table=table)
        if not self.keeps_staged:
            self.holdings.index_anew(table)
            for name, by in parts:
                runs = self._runs(name, by)
                told.runs, told.rows = len(runs), told.rows + sum(run.counts[name] for run in runs)
            return told
        schema, model = parts[0]
        filled: dict[tuple[str, int], int] = {}
        beside = self.holdings.beside(self.types[schema], model, self._dimension(schema, model))
        try:
            while self._fill(beside, parts, filled, told, self.take):
                pass
            with self.still():  # nobody may wait for the budget here: all who write would
                self._fill(beside, parts, filled, told, unlimited)
                _check(table, beside, filled)
                beside.show()
                self._fill(beside, parts, filled, told, unlimited)
        except BaseException:
            beside.discard()
            raise
        told.runs, told.rows = len({run for _, run in filled}), sum(filled.values())
        return told

    def _fill(
        self,
        beside: Beside,
        parts: Iterable[Part],
        filled: dict[tuple[str, int], int],
        told: Rebuilt,
        take: Take,
    ) -> int:
        """Write the rows of those runs that were not written yet; return how many runs that were."""
        written = 0
        for name, model in parts:
            left = [run for run in self._runs(name, model) if (name, run.number) not in filled]
            written += len(left)
            for at in range(0, len(left), RUNS_AT_ONCE):
                some: list[tuple[Expected, Rows]] = []
                for run in left[at : at + RUNS_AT_ONCE]:
                    rows = self.sources.of(run, name)
                    if rows is None:  # what the table holds of it is better than nothing
                        told.lost.append(run)
                    some.append((run, rows or partial(self.read, name, run)))
                self._write(beside, name, some, filled, take)
        return written

    def _write(
        self,
        beside: Beside,
        name: str,
        some: Sequence[tuple[Expected, Rows]],
        filled: dict[tuple[str, int], int],
        take: Take,
    ) -> None:
        written = {run.number: 0 for run, _ in some}

        def taken() -> Iterator[pa.RecordBatch]:
            for run, rows in some:
                for batch in rows():
                    written[run.number] += batch.num_rows
                    take(batch.num_rows, batch.nbytes)
                    yield batch

        batches = taken()
        if (first := next(batches, None)) is not None:
            reader = pa.RecordBatchReader.from_batches(first.schema, chain([first], batches))
            for number, dead in beside.write(self.types[name], reader).items():
                written[number] -= dead
        filled |= {(name, number): rows for number, rows in written.items()}

    def _runs(self, name: str, model: str | None) -> list[Expected]:
        vectors = has_vector(self.types[name])
        return [
            run
            for run in self.checkable.filled()
            if run.counts.get(name) and (not vectors or run.model == model)
        ]

    def _dimension(self, name: str, model: str | None) -> int | None:
        """Return the length of a type's vectors, as some run has them."""
        field_ = vector_field(self.types[name])
        if field_ is None:
            return None
        for run in self._runs(name, model):
            rows = self.sources.of(run, name) or partial(self.read, name, run)
            if (first := next(rows(), None)) is not None:
                return int(first.schema.field(field_.name).type.list_size)
        return None


def _check(table: str, beside: Beside, filled: dict[tuple[str, int], int]) -> None:
    """Check that every row that was written can be found."""
    there = beside.count()
    short = {key: there.get(key, 0) for key, rows in filled.items() if there.get(key, 0) != rows}
    for (schema, run), rows in short.items():
        cause = f"has {rows} of {filled[schema, run]} {schema} rows of run {run} after it was built anew"
        raise StoreError(table, cause, "Repeat the command; readers go on with the table that was there")
