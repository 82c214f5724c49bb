"""Detections to Arrow, with ids, stamps and places as WKT: from columns, and row by row; and their check."""

import argparse
import resource
import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from machine import machine

from watchdown.validation.check import Check
from watchdown_schemas.columns import Stamp, from_columns
from watchdown_schemas.geometry import boxes
from watchdown_schemas.rows import from_rows
from watchdown_schemas.time import NS
from watchdown_schemas.types import Detection

STAMP = Stamp(run=1, title="t", timeline="t.1", asset="a", algorithm="bench", version="1.0.0")
LABELS = ("car", "person", "dog", "cup", "tree")


def corners(rows: int, dice: np.random.Generator) -> np.ndarray:
    """Return boxes inside the frame, float64 [rows, 4]."""
    first = dice.uniform(0, 0.5, (rows, 2))
    return np.hstack([first, first + dice.uniform(0.1, 0.5, (rows, 2))])


def detections(rows: int, dice: np.random.Generator) -> dict[str, Any]:
    """Return columns as a detector has them: numpy arrays and Arrow text."""
    start = np.arange(rows) // 4 * (NS // 24)
    return {
        "start_ns": start,
        "end_ns": start + NS // 24,
        "label": pa.array([LABELS[at] for at in dice.integers(0, len(LABELS), rows)]),
        "geometry": pa.array(boxes(corners(rows, dice))),
        "frame_width": np.full(rows, 1920),
        "frame_height": np.full(rows, 1080),
        "confidence": dice.uniform(size=rows).astype(np.float32),
        "track": pa.array([f"track-{at % 40}" for at in range(rows)]),
    }


def lists(columns: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return columns as Python lists."""
    return {name: column.tolist() for name, column in columns.items()}


def cpu(call: Callable[[], object]) -> float:
    """Return the CPU seconds of a call."""
    start = time.process_time()
    call()
    return time.process_time() - start


def main() -> None:
    """Print rates and ratios."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--by-row", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=5)
    wishes = parser.parse_args()
    print(machine())
    dice = np.random.default_rng(4)
    columns = detections(wishes.rows, dice)
    some = {name: column[: wishes.by_row] for name, column in lists(columns).items()}
    records = [Detection(**dict(zip(some, row, strict=True))) for row in zip(*some.values(), strict=True)]
    batch = from_columns(Detection, columns, STAMP).batch
    assert batch.slice(0, len(records)).equals(from_rows(Detection, records, STAMP).batch)
    places = corners(wishes.rows, dice)
    rates: dict[str, list[float]] = {"columns": [], "lists": [], "rows": [], "boxes": [], "check": []}
    python = lists(columns)
    for _ in range(wishes.rounds):
        rates["columns"].append(wishes.rows / cpu(lambda: from_columns(Detection, columns, STAMP)))
        rates["lists"].append(wishes.rows / cpu(lambda: from_columns(Detection, python, STAMP)))
        rates["rows"].append(len(records) / cpu(lambda: from_rows(Detection, records, STAMP)))
        rates["boxes"].append(wishes.rows / cpu(lambda: boxes(places)))
        check = Check(Detection, wishes.rows * NS)
        rates["check"].append(wishes.rows / cpu(lambda check=check: check(batch)))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rate = {name: statistics.median(found) for name, found in rates.items()}
    print(f"{wishes.rows} detections, {batch.nbytes / 1e6:.0f} MB in Arrow, peak {peak:.0f} MiB")
    print(f"from Arrow and numpy columns: {told(rate['columns'])}, over the aim {rate['columns'] / 3e5:.1f}")
    print(f"from columns as Python lists: {told(rate['lists'])}, over the aim {rate['lists'] / 3e5:.1f}")
    ratios = [columns / rows for columns, rows in zip(rates["columns"], rates["rows"], strict=True)]
    told_ratios = [round(ratio, 1) for ratio in ratios]
    print(
        f"row by row: {told(rate['rows'])}; columns / rows: {statistics.median(ratios):.1f} of {told_ratios}"
    )
    print(f"boxes to WKT: {told(rate['boxes'])}; check, WKT included: {told(rate['check'])}")


def told(rate: float) -> str:
    """Return a rate for people."""
    return f"{rate / 1000:.0f}k rows/s of CPU"


if __name__ == "__main__":
    main()
