"""Loading staged embeddings into the lake, within a budget without limit, beside `add()` of the same Parquet.

Ours replaces what an interrupted load left, adds tokens, checks the layout and asks the budget for every few
rows; upkeep of indices, which `add()` leaves to others, is measured apart.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lancedb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from machine import machine
from vectors import DIMENSION, MODEL, batch, clustered

from watchdown.catalogue.database import open_database
from watchdown.lake.tables import Lake
from watchdown.load.budget import Budget
from watchdown.load.load import Staged, load
from watchdown.settings.address import parse
from watchdown.storage.local import LocalStorage
from watchdown.stores.lance.sink import LanceSink
from watchdown.stores.tokens import TOKENS, TOKENS_TYPE
from watchdown_schemas.arrow import arrow_schema
from watchdown_schemas.types import STANDARD_TYPES, Embedding

PER_RUN, AIM, NEVER = 10_000, 0.8, 1 << 40


def stage(folder: Path, rows: int) -> list[Staged]:
    """Write runs of so many rows in all, a file for each."""
    vectors, _ = clustered(PER_RUN, 1, np.random.default_rng(3))
    staged = [Staged(run, "Embedding", MODEL, f"{run}.parquet") for run in range(1, 1 + rows // PER_RUN)]
    for one in staged:
        some = batch(vectors, one.run, np.arange(PER_RUN))
        pq.write_table(pa.Table.from_batches([some]), folder / one.key)
    return staged


def ours(folder: Path, staged: list[Staged], budget: Budget, lake: Lake) -> float:
    """Load as the platform does; return the rows a second."""
    begin = time.perf_counter()
    loaded = load(staged, LanceSink(lake), STANDARD_TYPES, LocalStorage(folder), budget.take)
    assert not loaded.refused
    return len(staged) * PER_RUN / (time.perf_counter() - begin)


def straight(folder: Path, staged: list[Staged], root: Path) -> float:
    """Add the same files to a table of the same columns, indexed as ours is; return the rows a second."""
    target = arrow_schema(Embedding, DIMENSION).append(pa.field(TOKENS, TOKENS_TYPE))
    connection: Any = lancedb.connect(root)
    table = connection.create_table("t", schema=target)

    def given() -> Iterator[pa.RecordBatch]:
        for one in staged:
            for some in pq.ParquetFile(folder / one.key).iter_batches():
                yield some.append_column(target.field(TOKENS), pa.nulls(some.num_rows, TOKENS_TYPE)).cast(
                    target
                )

    begin = time.perf_counter()
    table.add(pa.RecordBatchReader.from_batches(target, given()))
    return len(staged) * PER_RUN / (time.perf_counter() - begin)


def main() -> None:
    """Print rates and their ratio, round by round."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    wishes = parser.parse_args()
    print(machine())
    rates: dict[str, list[float]] = {"ours": [], "ours with upkeep of indices": [], "add()": []}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        staged = stage(folder, wishes.rows)
        with Budget(open_database(parse(f"sqlite:///{folder}/budget.db", {"sqlite"}))) as budget:
            for _ in range(wishes.rounds):
                bare = Lake(folder / "bare", index_from=NEVER, optimize_from=NEVER)
                rates["ours"].append(ours(folder, staged, budget, bare))
                rates["add()"].append(straight(folder, staged, folder / "straight"))
                kept = Lake(folder / "kept")
                rates["ours with upkeep of indices"].append(ours(folder, staged, budget, kept))
                for lake in ("bare", "straight", "kept"):
                    shutil.rmtree(folder / lake)
    print(f"{wishes.rows} rows of {DIMENSION} numbers; {machine()}")
    for way, found in rates.items():
        print(f"  {way}: {statistics.median(found):,.0f} rows/s of {[round(one) for one in found]}")
    each = [mine / other for mine, other in zip(rates["ours"], rates["add()"], strict=True)]
    print(f"  ours / add(): {statistics.median(each):.2f} of {[round(one, 2) for one in each]}, aim {AIM}")


if __name__ == "__main__":
    main()
