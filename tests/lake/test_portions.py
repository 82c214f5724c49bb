"""Rows gathered into portions: large ones where they come fast, few where they come slowly."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from watchdown.lake.portions import LARGEST, LONGEST_S, portions
from watchdown.lake.tables import Lake

SCHEMA = pa.schema([pa.field("id", pa.string(), nullable=False), ("run", pa.int64()), ("title", pa.string())])


class Slow:
    """A time that goes on while rows are waited for."""

    def __init__(self, seconds: float) -> None:
        self.at, self.seconds = 0.0, seconds

    def rows(self, count: int, size: int = 1) -> Iterator[pa.RecordBatch]:
        for number in range(count):
            self.at += self.seconds
            rows = [{"id": f"{number}.{one}", "run": 1, "title": "t"} for one in range(size)]
            yield pa.RecordBatch.from_pylist(rows, schema=SCHEMA)


def test_rows_that_come_at_once_are_one_portion() -> None:
    assert [len(one) for one in portions(Slow(0).rows(40), lambda: 0.0)] == [40]


def test_rows_that_come_slowly_are_written_every_few_seconds() -> None:
    slow = Slow(LONGEST_S / 4)
    assert [len(one) for one in portions(slow.rows(10), lambda: slow.at)] == [4, 4, 2]


def test_a_portion_is_no_larger_than_memory_should_be() -> None:
    wide = pa.RecordBatch.from_pydict({"x": pa.array(["x" * (LARGEST // 2)])})
    assert [len(one) for one in portions([wide] * 5, lambda: 0.0)] == [2, 2, 1]


def test_nothing_is_no_portion() -> None:
    assert list(portions([])) == []


def test_who_waits_for_rows_keeps_nobody_from_writing(tmp_path: Path) -> None:
    inside = 0
    seen: list[int] = []

    @contextmanager
    def alone() -> Iterator[None]:
        nonlocal inside
        inside += 1
        yield
        inside -= 1

    def rows() -> Iterator[pa.RecordBatch]:
        for batch in Slow(0).rows(3, size=2):
            seen.append(inside)
            yield batch

    lake = Lake(tmp_path, alone=alone)
    assert lake.replace_runs("T", [1], SCHEMA, rows()) == 6
    assert seen == [0, 0, 0]
    assert sum(batch.num_rows for batch in lake.scan("T", 1)) == 6
    lake.close()
