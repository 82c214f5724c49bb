"""Check batches of records: good rows go on, bad rows are told apart with all their reasons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from watchdown.validation.rules import rules
from watchdown_schemas.record import Record

REASONS = "reasons"
DUPLICATE = "another row of this run has the same key"


@dataclass(frozen=True, slots=True)
class Checked:
    """A batch in two parts; `refused` has the column `reasons` besides."""

    good: pa.RecordBatch
    refused: pa.RecordBatch


class Check:
    """The check of one run's rows of one schema type; remembers the ids it has let pass."""

    def __init__(self, schema: type[Record], duration_ns: int) -> None:
        self._rules = list(rules(schema, duration_ns))
        self._ids: set[str] = set()

    def __call__(self, batch: pa.RecordBatch) -> Checked:
        """Return the batch's good and bad rows."""
        reasons: list[list[str]] = [[] for _ in range(batch.num_rows)]
        for rule in self._rules:
            for broken in np.flatnonzero(rule.broken(batch)).tolist():
                reasons[broken].append(rule.reason)
        for row, record in enumerate(batch["id"].to_pylist()):
            if record in self._ids:
                reasons[row].append(DUPLICATE)
            elif not reasons[row]:
                self._ids.add(record)
        bad = np.fromiter((bool(found) for found in reasons), dtype=np.bool_, count=batch.num_rows)
        told = pa.array(["; ".join(found) for found in reasons], pa.string())
        return Checked(
            good=batch.filter(pa.array(~bad)),
            refused=batch.append_column(REASONS, told).filter(pa.array(bad)),
        )
