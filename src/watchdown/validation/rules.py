"""The row rules that follow from the roles of a schema type's fields, vectorised over Arrow batches.

A rule takes a column and returns, per row, whether it is broken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from watchdown_schemas.fields import fields
from watchdown_schemas.language import is_language
from watchdown_schemas.record import Record
from watchdown_schemas.roles import Confidence, Language, Time, Vector
from watchdown_schemas.time import seconds

Broken = NDArray[np.bool_]
UNIT_TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: what a broken row is told, and how to find those rows."""

    reason: str
    broken: Callable[[pa.RecordBatch], Broken]


def _bools(array: pa.Array) -> Broken:
    filled: Broken = pc.fill_null(array, False).to_numpy(zero_copy_only=False)  # noqa: FBT003 - pyarrow's signature
    return filled


def _missing(name: str) -> Rule:
    return Rule(f"{name} is missing", lambda batch: _bools(pc.is_null(batch[name])))


def _language(name: str) -> Rule:
    def broken(batch: pa.RecordBatch) -> Broken:
        tags = pc.unique(batch[name].drop_null()).to_pylist()
        wrong = pa.array([tag for tag in tags if not is_language(tag)], pa.string())
        return _bools(pc.is_in(batch[name], wrong))

    return Rule(f"{name} is no BCP-47 language tag", broken)


def _confidence(name: str) -> Rule:
    def broken(batch: pa.RecordBatch) -> Broken:
        value = batch[name]
        inside = pc.and_(pc.greater_equal(value, 0.0), pc.less_equal(value, 1.0))
        return _bools(pc.invert(inside))

    return Rule(f"{name} is not in [0, 1]", broken)


def _unit(name: str) -> Rule:
    def broken(batch: pa.RecordBatch) -> Broken:
        column = batch[name]
        flat = column.flatten().to_numpy(zero_copy_only=False).astype(np.float64)  # float32 squares overflow
        norms = np.linalg.norm(flat.reshape(-1, column.type.list_size), axis=1)
        return np.asarray(~(np.abs(norms - 1) <= UNIT_TOLERANCE))  # NaN compares false

    return Rule(f"{name} is no unit vector of finite numbers", broken)


def _within(name: str, duration_ns: int) -> Rule:
    def broken(batch: pa.RecordBatch) -> Broken:
        value = batch[name]
        return _bools(pc.or_(pc.less(value, 0), pc.greater(value, duration_ns)))

    return Rule(f"{name} lies outside the timeline of {seconds(duration_ns):.3f} s", broken)


def _ordered() -> Rule:
    return Rule(
        "end_ns does not come after start_ns",
        lambda batch: _bools(pc.less_equal(batch["end_ns"], batch["start_ns"])),
    )


def rules(schema: type[Record], duration_ns: int) -> Iterator[Rule]:
    """Yield the rules for rows of a schema type on a timeline of that length."""
    names = {field.name for field in fields(schema)}
    for field in fields(schema):
        if not (field.optional or field.stamped or field.role(Vector) is not None):
            yield _missing(field.name)
        if field.role(Time):
            yield _within(field.name, duration_ns)
        if field.role(Confidence):
            yield _confidence(field.name)
        if field.role(Language):
            yield _language(field.name)
        if field.role(Vector):
            yield _unit(field.name)
    if {"start_ns", "end_ns"} <= names:
        yield _ordered()
