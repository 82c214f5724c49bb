"""Rows that a store refused, however many: a few are kept in memory, more of them in a file."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from tempfile import SpooledTemporaryFile
from typing import Any, Final, overload
from weakref import finalize

from watchdown.stores.protocol import DeadRow

IN_MEMORY: Final = 1 << 20  # bytes


class DeadRows(Sequence[DeadRow]):
    """A list of refused rows that only grows; memory does not grow with it, but for a few numbers by run."""

    def __init__(self, rows: Iterable[DeadRow] = (), *, in_memory: int = IN_MEMORY) -> None:
        self._file: Any = SpooledTemporaryFile(max_size=in_memory, mode="w+b")  # noqa: SIM115 - closed below
        finalize(self, self._file.close)
        self._size = 0
        self._places: dict[int, tuple[int, int]] = {}  # of a run, where its first row and its last lie
        self.by_run: Counter[int] = Counter()
        self.extend(rows)

    def append(self, row: DeadRow) -> None:
        """Add a row at the end."""
        line = json.dumps([row.id, row.run, row.reason]).encode() + b"\n"
        first, _ = self._places.get(row.run, (self._size, 0))
        self._places[row.run] = (first, self._size)
        self.by_run[row.run] += 1
        self._file.seek(self._size)
        self._size += self._file.write(line)

    def extend(self, rows: Iterable[DeadRow]) -> None:
        """Add rows at the end, as they come."""
        for row in rows:
            self.append(row)

    def of(self, run: int) -> Iterator[DeadRow]:
        """Yield the rows of a run."""
        first, last = self._places.get(run, (0, -1))
        return (row for row in self._between(first, last) if row.run == run)

    def _between(self, first: int, last: int) -> Iterator[DeadRow]:
        while first <= last:
            self._file.seek(first)
            line = self._file.readline()
            first += len(line)
            yield DeadRow(*json.loads(line))

    def __len__(self) -> int:
        return self.by_run.total()

    def __iter__(self) -> Iterator[DeadRow]:
        return self._between(0, self._size - 1)

    @overload
    def __getitem__(self, place: int) -> DeadRow: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[DeadRow]: ...
    def __getitem__(self, place: int | slice) -> DeadRow | Sequence[DeadRow]:
        return list(self)[place]
