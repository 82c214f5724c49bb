"""Mending of a Lance table: rows put right in one commit, doubles dropped, unreadable files cut out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import lance
import numpy as np
import pyarrow as pa

AT_ONCE: Final = 10_000


def merge(table: Any, replaced: str, rows: pa.RecordBatchReader) -> None:
    """Let a table that LanceDB has open have these rows, by id, in place of those that answer a condition."""
    (
        table.merge_insert("id")
        .when_matched_update_all()
        .when_not_matched_insert_all()
        .when_not_matched_by_source_delete(replaced)
        .execute(rows)
    )


def drop_doubles(table: Any, path: Path, condition: str) -> None:
    """Drop rows whose id another row has as well, of those that answer a condition in SQL."""
    scanner = lance.dataset(str(path)).scanner(columns=["id"], filter=condition, with_row_id=True)
    found = scanner.to_table()
    ids = found.column("id").to_numpy(zero_copy_only=False)
    _, first = np.unique(ids.astype(str), return_index=True)
    doubles = np.delete(found.column("_rowid").to_numpy(), first).tolist()
    for some in _parts(doubles):
        table.delete(f"_rowid IN ({', '.join(map(str, some))})")


def cut_out(path: Path, fragments: Iterable[int]) -> None:
    """Take fragments out of a table without reading them."""
    dataset: Any = lance.dataset(str(path))
    there = {fragment.fragment_id for fragment in dataset.get_fragments()}
    if gone := sorted(there & {*fragments}):
        numbers = ", ".join(map(str, gone))
        operation = lance.LanceOperation.Delete(
            updated_fragments=[], deleted_fragment_ids=gone, predicate=f"_fragment IN ({numbers})"
        )
        lance.LanceDataset.commit(str(path), operation, read_version=dataset.version)


def _parts(numbers: list[int]) -> Iterator[list[int]]:
    for at in range(0, len(numbers), AT_ONCE):
        yield numbers[at : at + AT_ONCE]
