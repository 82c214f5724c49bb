"""The bytes of an Arrow column of strings, looked at all at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    Bytes = np.ndarray[Any, np.dtype[np.uint8]]


def letters(column: pa.Array) -> Bytes:
    """Return the UTF-8 bytes [n] of all values of a column of Arrow type `string`, one after another.

    Where there are nulls, bytes that belong to no value may be among them.
    """
    import numpy as np

    _valid, offsets, data = column.buffers()
    if data is None or not len(column):
        return np.empty(0, np.uint8)
    ends = np.frombuffer(offsets, np.int32)
    return np.frombuffer(data, np.uint8)[ends[column.offset] : ends[column.offset + len(column)]]


def printable_ascii(column: pa.Array) -> bool:
    """Whether all values of a column of Arrow type `string` are of ASCII letters, digits, marks and spaces.

    Bytes that belong to no value may make it say no.
    """
    import numpy as np

    found = letters(column)
    return not len(found) or bool(np.min(found) >= ord(" ") and np.max(found) <= ord("~"))
