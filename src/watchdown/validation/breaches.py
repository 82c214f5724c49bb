"""What a rule is: something that looks at a field of a whole batch and tells the rows that break it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from watchdown_schemas.faults import shown

Bools: TypeAlias = NDArray[np.bool_]
Test: TypeAlias = Callable[[pa.Array], Bools]
"""Tells which values of a column are at fault; never a null."""


@dataclass(frozen=True, slots=True)
class Breach:
    """Rows [n] of a batch that break a rule, in order, and the value of each as a person is shown it."""

    rule: str
    rows: NDArray[np.int64]
    values: list[str]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule, or several that are found in one go, on one field of a batch."""

    field: str
    find: Callable[[pa.RecordBatch], Iterator[Breach]]


def each(field: str, rule: str, test: Test, show: Callable[[Any], str] = shown) -> Rule:
    """Return the rule that no value of a field, of its lists where it has such, may be told by a test."""

    def find(batch: pa.RecordBatch) -> Iterator[Breach]:
        column = batch[field]
        lists = column if pa.types.is_list(column.type) else None
        values = column if lists is None else column.flatten()
        if values.null_count < len(values):
            yield from breach(rule, values, test(values), lists=lists, show=show)

    return Rule(field, find)


def breach(
    rule: str,
    values: pa.Array,
    broken: Bools,
    *,
    lists: pa.Array | None = None,
    show: Callable[[Any], str] = shown,
) -> Iterator[Breach]:
    """Yield the breach of a column some of whose values break a rule.

    With `lists`, of which `values` are the flattened ones, it is the first value of each row.
    """
    places = np.flatnonzero(broken)
    if not places.size:
        return
    rows = places
    if lists is not None:
        parents = pc.list_parent_indices(lists).to_numpy(zero_copy_only=False)
        rows, first = np.unique(parents[places], return_index=True)
        places = places[first]
    yield Breach(rule, rows, [show(value) for value in values.take(pa.array(places)).to_pylist()])


def missing(field: str) -> Rule:
    """Return the rule that a field has a value."""

    def find(batch: pa.RecordBatch) -> Iterator[Breach]:
        column = batch[field]
        if column.null_count:
            yield from breach("is missing", column, bools(column.is_null()))

    return Rule(field, find)


def without_gaps(field: str) -> Rule:
    """Return the rule that the lists of a field have no empty places."""

    def find(batch: pa.RecordBatch) -> Iterator[Breach]:
        column = batch[field]
        values = column.flatten()
        if values.null_count:
            yield from breach("has an empty place", values, bools(values.is_null()), lists=column)

    return Rule(field, find)


def bools(found: pa.Array) -> Bools:
    """Return an Arrow column of true and false for numpy; null is false."""
    if found.null_count:
        found = pc.fill_null(found, False)  # noqa: FBT003 - pyarrow's signature
    filled: Bools = found.to_numpy(zero_copy_only=False)
    return filled
