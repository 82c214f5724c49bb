"""Check batches of records: good rows go on, bad rows are told apart with all their faults."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter
from typing import Final

import numpy as np
import pyarrow as pa

from watchdown.validation.passed import Passed
from watchdown.validation.rules import rules
from watchdown_schemas.errors import SchemaInvalid
from watchdown_schemas.faults import Fault, shown
from watchdown_schemas.fields import fields
from watchdown_schemas.record import Record

ROW: Final = "row"
REASONS: Final = "reasons"
FAULTS: Final = "faults"
FAULT: Final = pa.struct([("field", pa.string()), ("value", pa.string()), ("rule", pa.string())])
TOLD: Final = {ROW: pa.int64(), REASONS: pa.string(), FAULTS: pa.list_(FAULT)}
DUPLICATE: Final = "is that of another row of this run, which has the same key"


@dataclass(frozen=True, slots=True)
class Checked:
    """A batch in two parts, and what is wrong with the rows of the second.

    `refused` has the batch's columns, any of which may be null, and besides `row` (its place among the
    run's rows of the type, from 0), `reasons` (all in one line) and `faults` (field, value and rule of each).
    """

    good: pa.RecordBatch
    refused: pa.RecordBatch
    faults: tuple[Fault, ...]


class Check:
    """The check of one run's rows of one schema type; remembers the ids it has let pass."""

    def __init__(self, schema: type[Record], duration_ns: int) -> None:
        if taken := [field.name for field in fields(schema) if field.name in TOLD]:
            cause = f"has the field {taken[0]}, the name of a column of refused rows"
            raise SchemaInvalid(schema.schema_label(), cause, "Choose another name.")
        self._rules = list(rules(schema, duration_ns))
        self._key = schema.key
        self._passed = Passed()
        self._rows = 0
        self._empty: tuple[pa.Schema, pa.RecordBatch] | None = None

    def __call__(self, batch: pa.RecordBatch, faults: Iterable[Fault] = ()) -> Checked:
        """Return the batch's good and bad rows; `faults` are those of its conversion, which count as well."""
        told = [*faults]
        # What did not fit is null: its other faults are but a consequence.
        known = {(fault.row, fault.field) for fault in told}
        for rule in self._rules:
            for breach in rule.find(batch):
                told += [
                    Fault(row, rule.field, value, breach.rule)
                    for row, value in zip(breach.rows.tolist(), breach.values, strict=True)
                    if (row, rule.field) not in known and (row, ROW) not in known
                ]
        told += self._duplicates(batch, {fault.row for fault in told}, known)
        told.sort(key=attrgetter("row"))
        first, self._rows = self._rows, self._rows + batch.num_rows
        if not told:
            return Checked(batch, self._none(batch.schema), ())
        bad = np.zeros(batch.num_rows, np.bool_)
        bad[[fault.row for fault in told]] = True
        return Checked(
            good=batch.filter(pa.array(~bad)),
            refused=_refused(batch, bad, told, first),
            faults=tuple(dataclasses.replace(fault, row=first + fault.row) for fault in told),
        )

    def _none(self, schema: pa.Schema) -> pa.RecordBatch:
        """Return no refused rows of an Arrow schema."""
        if self._empty is None or self._empty[0] != schema:
            self._empty = schema, pa.RecordBatch.from_pylist([], refused_schema(schema))
        return self._empty[1]

    def _duplicates(self, batch: pa.RecordBatch, bad: set[int], known: set[tuple[int, str]]) -> list[Fault]:
        """Return the faults of rows whose id has passed; the first sound row of an id passes."""
        if not bad and self._passed.enter(batch["id"]):
            return []
        passed = self._passed.exact()
        again = []
        for row, record in enumerate(batch["id"].to_pylist()):
            if record not in passed:
                if row not in bad:
                    passed.add(record)
            elif not any((row, name) in known for name in self._key):
                again.append(row)
        keys = batch.select(list(self._key)).take(pa.array(again, pa.int64())).to_pylist()
        return [
            Fault(row, "id", ", ".join(f"{name} {shown(value)}" for name, value in key.items()), DUPLICATE)
            for row, key in zip(again, keys, strict=True)
        ]


def _refused(batch: pa.RecordBatch, bad: np.ndarray, told: list[Fault], first: int) -> pa.RecordBatch:
    """Return the bad rows with their places and faults."""
    by_row: dict[int, list[Fault]] = {}
    for fault in told:
        by_row.setdefault(fault.row, []).append(fault)
    lists = [
        [{"field": one.field, "value": one.value, "rule": one.rule} for one in some]
        for some in by_row.values()
    ]
    besides = [
        pa.array([first + row for row in by_row], TOLD[ROW]),
        pa.array(
            ["; ".join(f"{one.field} {one.rule}" for one in some) for some in by_row.values()], TOLD[REASONS]
        ),
        pa.array(lists, TOLD[FAULTS]),
    ]
    columns = [*batch.filter(pa.array(bad)).columns, *besides]
    return pa.RecordBatch.from_arrays(columns, schema=refused_schema(batch.schema))


def refused_schema(schema: pa.Schema) -> pa.Schema:
    """Return the columns of refused rows of an Arrow schema: those of the rows, and what is told of them."""
    columns = [column.with_nullable(True) for column in schema]  # noqa: FBT003 - pyarrow's signature
    return pa.schema([*columns, *(pa.field(*column) for column in TOLD.items())], metadata=schema.metadata)
