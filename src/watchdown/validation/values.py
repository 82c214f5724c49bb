"""Tests of values, a column at a time: each tells which are at fault, never a null."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from watchdown.validation.breaches import Bools, Test, bools
from watchdown_schemas.faults import shown
from watchdown_schemas.language import is_language
from watchdown_schemas.letters import printable_ascii

UNIT_TOLERANCE: Final = 1e-3
_SURE: Final = 1e-4  # what float32 may be off by in a square, and much more
_AGAIN: Final = 4096  # vectors measured again at a time
_SHOWN_NUMBERS: Final = 6
CONTROL: Final = r"[\x00-\x1f\x7f-\x{9f}]"
CONTROL_BUT_BREAKS: Final = r"[\x00-\x08\x0b-\x1f\x7f-\x{9f}]"


def matching(pattern: str) -> Test:
    """Return the test for texts in which a pattern of control characters is found."""

    def test(column: pa.Array) -> Bools:
        if pa.types.is_string(column.type) and printable_ascii(column):
            return np.zeros(len(column), np.bool_)
        return bools(pc.match_substring_regex(column, pattern))

    return test


def not_matching(pattern: str) -> Test:
    """Return the test for texts that a pattern does not match as a whole."""
    return lambda column: bools(pc.invert(pc.match_substring_regex(column, rf"\A(?:{pattern})\z")))


def longer_than(limit: int) -> Test:
    """Return the test for texts of more characters than a limit."""

    def test(column: pa.Array) -> Bools:
        longest = pc.max(pc.binary_length(column)).as_py()
        if longest is None or longest <= limit:
            return np.zeros(len(column), np.bool_)
        return bools(pc.greater(pc.utf8_length(column), limit))

    return test


def none_of(among: Sequence[str]) -> Test:
    """Return the test for texts that are none of some."""
    known = pa.array(among, pa.string())
    return lambda column: bools(pc.and_not(column.is_valid(), pc.is_in(column, known)))


def no_language(column: pa.Array) -> Bools:
    """Tell tags that are no BCP-47 language."""
    tags = column.drop_null().unique().to_pylist()
    wrong = [tag for tag in tags if not is_language(tag)]
    if not wrong:
        return np.zeros(len(column), np.bool_)
    return bools(pc.is_in(column, pa.array(wrong, pa.string())))


def outside(low: float, high: float) -> Test:
    """Return the test for numbers that are not between two, both included; NaN is not."""
    return lambda column: bools(
        pc.invert(pc.and_(pc.greater_equal(column, low), pc.less_equal(column, high)))
    )


def not_finite(column: pa.Array) -> Bools:
    """Tell numbers that are infinite or none."""
    return bools(pc.invert(pc.is_finite(column)))


def not_unit(column: pa.Array) -> Bools:
    """Tell vectors whose length differs from 1 by more than `UNIT_TOLERANCE`, or is no number."""
    size = column.type.list_size
    present = column.drop_null() if column.null_count else column
    begin, count = present.offset * size, len(present) * size
    # Nulls among the numbers come out as NaN.
    numbers = present.values.slice(begin, count).to_numpy(zero_copy_only=False)
    rows = numbers.reshape(-1, size)
    with np.errstate(over="ignore", invalid="ignore"):
        squares = np.einsum("ij,ij->i", rows, rows)
    doubtful = np.flatnonzero(~(np.abs(squares - 1) <= 2 * UNIT_TOLERANCE - _SURE))
    broken = np.zeros(len(rows), np.bool_)
    for first in range(0, len(doubtful), _AGAIN):
        some = doubtful[first : first + _AGAIN]
        lengths = np.linalg.norm(rows[some].astype(np.float64), axis=1)  # float32 squares overflow
        broken[some] = ~(np.abs(lengths - 1) <= UNIT_TOLERANCE)  # NaN compares false
    if present is column:
        return broken
    every = np.zeros(len(column), np.bool_)
    every[bools(column.is_valid())] = broken
    return every


def shown_vector(vector: Any) -> str:
    """Return the first numbers of a vector as a fault tells them."""
    told = shown(vector[:_SHOWN_NUMBERS])
    return told if len(vector) <= _SHOWN_NUMBERS else f"{told.rstrip(']')}, ... of {len(vector)} numbers]"
