"""Vectors as one column of fixed-size lists of float32; one that does not fit is null, and a fault."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from watchdown_schemas.casting import alike, is_list, whole
from watchdown_schemas.errors import RecordInvalid
from watchdown_schemas.faults import Fault, shown
from watchdown_schemas.fields import Field

Columns = tuple[pa.Array, list[Fault]]
_NUMBERS = "fiub"  # the kinds of numpy types; among numbers, numpy takes true for 1


def vectors(values: Any, field: Field, size: int) -> Columns:
    """Return vectors of `size` numbers as Arrow; numbers too large for float32 become infinite.

    `values` is an Arrow column of lists, a numpy array [rows, size] or a sequence of vectors. A vector of
    another length is null, and a fault.

    Raises:
        RecordInvalid: for an Arrow column of no lists of numbers, or whose buffers are broken.
    """
    target = pa.list_(pa.float32(), size)
    if isinstance(values, pa.Array):
        values, _none = whole(values, field)
        if values.type == target:
            return values, []
        if pa.types.is_null(values.type):
            return pa.nulls(len(values), target), []
        return _from_lists(values, field, target)
    found = _numbers(values)
    if found is not None and found.shape == (len(values), size):
        return pa.FixedSizeListArray.from_arrays(pa.array(found.reshape(-1)), size), []
    return _each(values, field, size)


def _from_lists(values: pa.Array, field: Field, target: pa.DataType) -> Columns:
    if not (is_list(values.type) and alike(values.type.value_type, target.value_type)):
        raise RecordInvalid(field.name, f"is a column of Arrow type {values.type}", f"Give {target}.")
    lengths = pc.fill_null(pc.list_value_length(values), -1).to_numpy(zero_copy_only=False)
    fits = lengths == target.list_size
    flat = pc.filter(values, pa.array(fits)).flatten().cast(target.value_type, safe=False)
    column = pa.FixedSizeListArray.from_arrays(flat, target.list_size)
    if fits.all():
        return column, []
    places = pa.array(np.cumsum(fits) - 1, mask=~fits)
    wrong = np.flatnonzero(~fits & (lengths >= 0)).tolist()
    faults = [_another_length(row, field, int(lengths[row]), target.list_size) for row in wrong]
    return column.take(places), faults


def _each(values: Any, field: Field, size: int) -> Columns:
    """Convert vector by vector."""
    rows = np.zeros((len(values), size), np.float32)
    missing = np.zeros(len(values), np.bool_)
    faults = []
    for row, value in enumerate(values):
        found = None if value is None else _numbers(value)
        if found is not None and found.shape == (size,):
            rows[row] = found
            continue
        missing[row] = True
        if found is not None and found.ndim == 1:
            faults.append(_another_length(row, field, len(found), size))
        elif value is not None:
            faults.append(Fault(row, field.name, shown(value), f"is not {size} numbers"))
    flat = pa.array(rows.reshape(-1))
    return pa.FixedSizeListArray.from_arrays(flat, size, mask=pa.array(missing)), faults


def _another_length(row: int, field: Field, length: int, size: int) -> Fault:
    return Fault(row, field.name, f"has {length} numbers", f"is not {size} numbers")


def _numbers(value: Any) -> NDArray[np.float32] | None:
    """Return numbers, or rows of them, as a float32 array; None where some are no numbers, or rows uneven."""
    try:
        found = np.asarray(value)
    except (TypeError, ValueError):
        return None
    if found.dtype.kind not in _NUMBERS and found.size:
        return None
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(found, np.float32)
