"""Arrow columns that others made: checked for sound buffers and UTF-8, and brought to a field's type."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from watchdown_schemas.errors import RecordInvalid
from watchdown_schemas.faults import Fault, shown
from watchdown_schemas.fields import Field

_NO_UTF8: Final = "UTF8"
Cast = tuple[pa.Array, list[Fault], list[Any] | None]


def cast(values: pa.Array, field: Field, target: pa.DataType) -> Cast:
    """Return a column as `target`, the faults of rows that are no text, and None.

    Where single values do not fit, the column's values come in place of the None, for others to tell.

    Raises:
        RecordInvalid: for a column of another type altogether, or one whose buffers are broken.
    """
    values, faults = whole(values, field)
    if values.type == target:
        return values, faults, None
    if pa.types.is_null(values.type):
        return pa.nulls(len(values), target), faults, None
    if not alike(values.type, target):
        raise RecordInvalid(
            field.name, f"is a column of Arrow type {values.type}, not {target}", "Convert it first."
        )
    try:
        return values.cast(target), faults, None
    except pa.ArrowInvalid:
        return values, faults, values.to_pylist()


def whole(values: pa.Array, field: Field) -> tuple[pa.Array, list[Fault]]:
    """Return a column without the rows that hold what is no UTF-8, which Arrow lets pass, and their faults.

    Raises RecordInvalid where the buffers of the column are broken.
    """
    faults: list[Fault] = []
    try:
        values.validate(full=True)
    except pa.ArrowInvalid as error:
        try:
            strange = _strange(values, error)
        except pa.ArrowInvalid as broken:
            cause = f"is a broken Arrow column ({broken})"
            raise RecordInvalid(field.name, cause, "Write it anew.") from None
        values = _decoded(values)
        kept = np.ones(len(values), np.bool_)
        kept[list(strange)] = False
        values = pc.if_else(pa.array(kept), values, pa.scalar(None, values.type))
        faults = [Fault(row, field.name, shown(text), "is no UTF-8") for row, text in strange.items()]
    return _decoded(values), faults


def _decoded(values: pa.Array) -> pa.Array:
    return values.dictionary_decode() if pa.types.is_dictionary(values.type) else values


def _strange(values: pa.Array, error: pa.ArrowInvalid) -> dict[int, bytes]:
    """Return the first bytes of each row, those of lists and structs among them, that are no UTF-8.

    Raises the column's `error` where it is another one.
    """
    if _NO_UTF8 not in str(error):
        raise error
    if pa.types.is_dictionary(values.type):
        return _strange_part(values.dictionary_decode())
    if pa.types.is_struct(values.type):
        parts = [_strange_part(part) for part in values.flatten()]
        return {row: text for part in reversed(parts) for row, text in part.items()}
    if is_list(values.type):
        rows = pc.list_parent_indices(values).to_pylist()
        return {rows[at]: text for at, text in reversed(_strange_part(values.flatten()).items())}
    strange = {}
    for row, text in enumerate(values.cast(pa.large_binary()).to_pylist()):
        try:
            (text or b"").decode()
        except UnicodeDecodeError:
            strange[row] = text
    return strange


def _strange_part(values: pa.Array) -> dict[int, bytes]:
    try:
        values.validate(full=True)
    except pa.ArrowInvalid as error:
        return _strange(values, error)
    return {}


def is_text(kind: pa.DataType) -> bool:
    """Whether an Arrow type is one of those for text."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def is_list(kind: pa.DataType) -> bool:
    """Whether an Arrow type is one of those for lists."""
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))


def alike(kind: pa.DataType, target: pa.DataType) -> bool:
    """Whether values of a type may mean the same as those of another: text, lists, structs or numbers."""
    if is_text(target):
        return is_text(kind)
    if pa.types.is_integer(target):
        return bool(pa.types.is_integer(kind))
    if pa.types.is_floating(target):
        return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind))
    if pa.types.is_list(target):
        return is_list(kind) and alike(kind.value_type, target.value_type)
    if pa.types.is_struct(target):
        parts = {part.name: part.type for part in kind} if pa.types.is_struct(kind) else {}
        wanted = {part.name: part.type for part in target}
        return parts.keys() == wanted.keys() and all(alike(parts[name], wanted[name]) for name in wanted)
    return bool(kind == target)
