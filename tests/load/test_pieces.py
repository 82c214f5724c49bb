"""In what pieces staged rows are taken from the budget: few at once while one must wait for them."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from stores.loads import shots
from watchdown.load.load import MOST_ROWS, ROWS, Staged, load
from watchdown.storage.local import LocalStorage
from watchdown.stores.memory import MemoryStore
from watchdown_schemas.types import STANDARD_TYPES

COUNT = 9_001


def taken(root: Path, *, waits: bool) -> list[int]:
    """Load staged rows; return in what pieces they were taken."""
    storage, found = LocalStorage(root), list[int]()
    for run in (1, 2):
        with storage.create(f"{run}.parquet") as file:
            pq.write_table(pa.Table.from_batches([shots(run, COUNT)]), file)
    at = [0.0]

    def take(rows: int, size: int) -> None:
        assert size > 0
        found.append(rows)
        at[0] += 1.0 if waits else 0.0

    staged = [Staged(run, "Shot", None, f"{run}.parquet") for run in (1, 2)]
    store = MemoryStore()
    load(staged, store, STANDARD_TYPES, storage, take, elapsed=lambda: at[0])
    assert sum(found) == 2 * COUNT
    assert len(store._tables["Shot"]) == 2 * COUNT
    return found


def test_rows_are_taken_a_few_at_once_while_the_budget_makes_them_wait(tmp_path: Path) -> None:
    assert max(taken(tmp_path, waits=True)) == ROWS


def test_rows_are_taken_in_larger_pieces_while_nothing_makes_them_wait(tmp_path: Path) -> None:
    pieces = taken(tmp_path, waits=False)
    assert max(pieces) == MOST_ROWS
    assert len(pieces) < 20
