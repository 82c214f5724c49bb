"""Mends what a check has found: rows from where they are still whole, strangers removed, files written again.

Nothing is away meanwhile that readers saw and that was right. It may be called again, whatever ended it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import pyarrow as pa

from watchdown.load.load import Take
from watchdown.runs.checkable import Checkable
from watchdown.runs.faults import Expected, Fault, Kind
from watchdown.runs.memo import Types
from watchdown.runs.restaging import restage
from watchdown.runs.sources import Rows, Sources
from watchdown.runs.states import State
from watchdown.storage.protocol import Storage
from watchdown.stores.holdings import Holdings, Unreadable
from watchdown_schemas.errors import LibraryError
from watchdown_schemas.fields import has_vector

RUNS_AT_ONCE: Final = 50
NO_TABLE: Final = "Bring its folder back from a backup, or remove it and repeat the command"
OF_ROWS: Final = (Kind.MISSING, Kind.SURPLUS, Kind.CHANGED)
ReadRun = Callable[[str, Expected], Iterator[pa.RecordBatch]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Mending:
    """Mends faults. Of a `dry` run, it only says what it would mend.

    `computed` are the algorithms that can compute a run again; `rebuild` builds whole tables anew, where
    those are not of record.
    """

    storage: Storage
    checkable: Checkable
    holdings: Holdings
    types: Types
    sources: Sources
    computed: Collection[str]
    read: ReadRun
    take: Take
    rebuild: Callable[[Collection[str]], object] | None = None
    dry: bool = False

    def __call__(self, faults: Sequence[Fault]) -> Iterator[Fault]:
        """Yield each fault as it is then."""
        yield from self._cut_out([one for one in faults if one.kind is Kind.UNREADABLE])
        yield from self._remove([one for one in faults if one.kind in (Kind.STRANGER, Kind.LEFT)])
        of_rows = [one for one in faults if one.kind in OF_ROWS]
        yield from self._rows(of_rows)
        hurt = {one.run.number for one in of_rows if one.run}
        yield from self._records([one for one in faults if one.kind is Kind.RECORD], hurt)
        yield from (self._lost(one) for one in faults if one.kind is Kind.PICTURES)
        yield from (one for one in faults if one.kind in (Kind.STUCK, Kind.TOLD))

    def _cut_out(self, faults: Sequence[Fault]) -> Iterator[Fault]:
        for fault in faults:
            if fault.part < 0:
                whole = "Build the store anew: watchdown rebuild"
                yield fault.left(whole if self.rebuild else NO_TABLE)
                continue
            try:
                if not self.dry:
                    self.holdings.cut_out([Unreadable(fault.table or "", fault.part, "", fault.cause)])
            except LibraryError as error:
                yield fault.left(error.remedy, error.cause)
            else:
                yield fault.done()

    def _remove(self, faults: Sequence[Fault]) -> Iterator[Fault]:
        groups: dict[tuple[str, str], list[Fault]] = defaultdict(list)
        for fault in faults:
            groups[fault.table or "", fault.schema or ""].append(fault)
        for (table, schema), some in groups.items():
            for at in range(0, len(some), RUNS_AT_ONCE):
                part = some[at : at + RUNS_AT_ONCE]
                if not self.dry:
                    self.take(sum(one.found or 0 for one in part), 0)
                    self.holdings.remove(
                        schema, [one.number for one in part if one.number is not None], table
                    )
                yield from (one.done() for one in part)

    def _rows(self, faults: Sequence[Fault]) -> Iterator[Fault]:
        groups: dict[tuple[str, str | None], list[tuple[Fault, Expected, Rows]]] = defaultdict(list)
        for fault in faults:
            run, schema = fault.run, fault.schema
            if run is None or schema is None or schema not in self.types:
                yield fault.left("Install the package that declares its type")
            elif (rows := self.sources.of(run, schema)) is None:
                yield self._lost(fault)
            else:
                model = run.model if has_vector(self.types[schema]) else None
                groups[schema, model].append((fault, run, rows))
        there = {*self.holdings.tables()}
        gone = {key: self.holdings.table(self.types[key[0]], key[1]) for key in groups}
        if (tables := {*gone.values()} - there) and self.rebuild and not self.dry:
            self.rebuild(tables)  # readers see such a table whole, rather than run by run
        for (schema, model), some in groups.items():
            if self.rebuild and gone[schema, model] not in there:
                yield from (fault.done() for fault, *_ in some)
                continue
            for at in range(0, len(some), RUNS_AT_ONCE):
                yield from self._mend(schema, model, some[at : at + RUNS_AT_ONCE])

    def _mend(
        self, schema: str, model: str | None, some: Sequence[tuple[Fault, Expected, Rows]]
    ) -> Iterator[Fault]:
        empty = [(fault, run) for fault, run, _ in some if not run.counts[schema]]
        full = [(fault, run, rows) for fault, run, rows in some if run.counts[schema]]
        if not self.dry:
            if empty:
                table = self.holdings.table(self.types[schema], model)
                self.holdings.remove(schema, [run.number for _, run in empty], table)
            if full:
                first = next(full[0][2]())
                given = (batch for _, _, rows in full for batch in rows())
                reader = pa.RecordBatchReader.from_batches(first.schema, self._taken(given))
                numbers = [run.number for _, run, _ in full]
                there = self.holdings.mend(numbers, self.types[schema], reader, model=model)
                if there != (wanted := sum(run.counts[schema] for _, run, _ in full)):
                    cause = f"has {there} of {wanted} rows after they were mended"
                    raise LibraryError(f"{schema} of runs {numbers}", cause, "Repeat the command")
        yield from (fault.done() for fault, *_ in some)

    def _taken(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            self.take(batch.num_rows, batch.nbytes)
            yield batch

    def _records(self, faults: Sequence[Fault], hurt: Collection[int]) -> Iterator[Fault]:
        for fault in faults:
            run = fault.run
            if run is None or run.number in hurt:
                yield fault if run is None else self._lost(fault)
            elif self.dry or restage(run, self.storage, partial(self._read, run)):
                yield fault.done()
            else:
                yield self._lost(fault)

    def _read(self, run: Expected, schema: str) -> Iterator[pa.RecordBatch]:
        return self.read(schema, run)

    def _lost(self, fault: Fault) -> Fault:
        """Return a fault that only computing can mend; the next backfill will, of a run that readers see."""
        run = fault.run
        if run is None:
            return fault.left("Repeat the command")
        if run.state is not State.ACTIVE:
            return fault.left("Readers do not see it: watchdown collect removes it after its time")
        if run.algorithm not in self.computed:
            return fault.left(f"Write it again: nothing here computes {run.algorithm}")
        if not self.dry:
            self.checkable.give_up(run.number)
        return fault.left(f"Compute it again: watchdown backfill {run.algorithm} --titles {run.title}")
