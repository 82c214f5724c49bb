"""Validation of embeddings in Arrow against Pydantic row by row, and against reading the same file."""

import argparse
import math
import resource
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from machine import machine
from pydantic import BaseModel, ConfigDict, Field, model_validator

from watchdown.validation.check import Check
from watchdown_schemas.columns import Stamp, from_columns
from watchdown_schemas.time import NS
from watchdown_schemas.types import Embedding

STAMP = Stamp(run=1, title="t", timeline="t.1", asset="a", algorithm="bench", version="1.0.0")
DIMENSION, BATCH = 512, 8_192

Time = Annotated[int, Field(ge=0)]
Finite = Annotated[float, Field(allow_inf_nan=False)]


class Row(BaseModel):
    """What Pydantic has to check of an embedding; the timeline's length is left out in its favour."""

    model_config = ConfigDict(extra="forbid")

    id: str
    type: str
    run: int
    title: str
    timeline: str
    asset: str
    entities: tuple[str, ...]
    attributes: list[Any]
    start_ns: Time
    end_ns: Time
    geometry: str | None
    frame_width: int | None
    frame_height: int | None
    label: str | None
    confidence: Annotated[float, Field(ge=0, le=1)] | None
    algorithm: str
    version: str
    of: Literal["frame", "shot", "line"]
    vector: Annotated[list[Finite], Field(min_length=DIMENSION, max_length=DIMENSION)]

    @model_validator(mode="after")
    def sound(self) -> Self:
        """Check what spans fields, and the vector's length, in the quickest way that Python has."""
        if self.start_ns >= self.end_ns:
            raise ValueError("end_ns does not come after start_ns")
        if not abs(math.hypot(*self.vector) - 1) <= 1e-3:
            raise ValueError("vector is no unit vector")
        return self


def write(path: Path, rows: int) -> pa.RecordBatch:
    """Write unit vectors of frames as staging does; return the first batch."""
    dice = np.random.default_rng(5)
    first = None
    with pq.ParquetWriter(path, _batch(dice, 0, 1).schema) as writer:
        for begin in range(0, rows, BATCH):
            batch = _batch(dice, begin, min(BATCH, rows - begin))
            first = first or batch
            writer.write_batch(batch)
    assert first is not None
    return first


def _batch(dice: np.random.Generator, begin: int, rows: int) -> pa.RecordBatch:
    vectors = dice.standard_normal((rows, DIMENSION), np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    start = np.arange(begin, begin + rows) * NS
    columns = {"start_ns": start, "end_ns": start + NS, "vector": vectors}
    return from_columns(Embedding, columns, STAMP, DIMENSION).batch


def timed(batches: Iterator[pa.RecordBatch], check: Check) -> tuple[float, float]:
    """Read all batches and check each; return the CPU seconds of both. To let a batch go is to read."""
    reading = checking = 0.0
    batch = None
    while True:
        start = time.process_time()
        batch = next(batches, None)
        read = time.process_time()
        reading += read - start
        if batch is None:
            return reading, checking
        good = check(batch).good.num_rows
        checking += time.process_time() - read
        assert good == batch.num_rows


def by_row(rows: list[dict[str, Any]]) -> float:
    """Check rows with Pydantic; return CPU seconds per row."""
    start = time.process_time()
    for row in rows:
        Row.model_validate(row)
    return (time.process_time() - start) / len(rows)


def main() -> None:
    """Print the ratios."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--by-row", type=int, default=4_000, help="rows that Pydantic checks in a round")
    wishes = parser.parse_args()
    print(machine())
    rounds = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "embeddings.parquet"
        first = write(path, wishes.rows)
        size = path.stat().st_size
        for _ in range(wishes.rounds):
            file = pq.ParquetFile(path, pre_buffer=False)  # else it is held whole
            # In one thread and one after the other, so that neither counts for the other.
            batches = file.iter_batches(BATCH, use_threads=False)
            reading, checking = timed(batches, Check(Embedding, wishes.rows * NS))
            rounds.append((reading / wishes.rows, checking / wishes.rows))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    plain = first.slice(0, wishes.by_row).to_pylist()
    rowwise = [by_row(plain) for _ in range(wishes.rounds)]
    read, check = (statistics.median(side) for side in zip(*rounds, strict=True))
    row = statistics.median(rowwise)
    print(f"{wishes.rows} embeddings of {DIMENSION} numbers, {size / 1e9:.2f} GB, peak {peak:.0f} MiB")
    print(f"per row: check {check * 1e6:.2f} us, read {read * 1e6:.2f} us, Pydantic {row * 1e6:.2f} us (CPU)")
    ratios = [slow / checked for slow, (_read, checked) in zip(rowwise, rounds, strict=True)]
    print(f"rate over Pydantic's: median {statistics.median(ratios):.0f} of {rounded(ratios)}, aim 20")
    ratios = [checked / read for read, checked in rounds]
    print(f"check / read: median {statistics.median(ratios):.2f} of {rounded(ratios)}, aim 2")


def rounded(ratios: list[float]) -> list[float]:
    """Return ratios for people."""
    return [round(ratio, 2) for ratio in ratios]


if __name__ == "__main__":
    main()
