"""Record ids: a hash of run, schema type and the type's declared key, so a replay writes the same ids."""

from __future__ import annotations

import hashlib
import json
from base64 import b32encode
from collections.abc import Sequence
from functools import cache
from json.encoder import encode_basestring_ascii
from typing import TYPE_CHECKING, Any, Final

from watchdown_schemas.letters import letters, printable_ascii

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

ID_BYTES: Final = 15  # 24 base32 characters without padding; 120 bits
ID_LENGTH: Final = 24
_BASE32: Final = b"abcdefghijklmnopqrstuvwxyz234567"
_ENCODER: Final = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"))
_AT_ONCE: Final = 1 << 14  # rows whose keys are Python objects at a time


def short_hash(*parts: str | float | None) -> str:
    """Return 24 lower-case characters that identify the parts in their order."""
    return hash_of_list(json_list(*parts))


def json_list(*parts: str | float | None) -> str:
    """Return the text that `short_hash` hashes: what many lists begin with need be written only once."""
    return _json(parts)


def hash_of_list(text: str) -> str:
    """Return `short_hash` of the parts whose `json_list` a text is."""
    digest = hashlib.blake2b(text.encode(), digest_size=ID_BYTES).digest()
    return b32encode(digest).decode().lower()


def record_id(run: int, schema: str, key: tuple[str | int | float | None, ...]) -> str:
    """Return the id of the record with that key in that run."""
    return short_hash(run, schema, *key)


def record_ids(run: int, schema: str, keys: Sequence[pa.Array], rows: int) -> pa.Array:
    """Return `record_id` of each row as a column of strings; `keys` has an Arrow column per key field."""
    import pyarrow as pa
    import pyarrow.compute as pc

    # The JSON list that `short_hash` hashes is written for all rows at once; only the hash is row by row.
    begun = _json([run, schema])[:-1]
    parts = [part for key in keys for part in (",", *_written(key))]
    same = pa.repeat(pa.scalar(begun), rows)
    lists = pc.binary_join_element_wise(same, *parts, "]", "").cast(pa.binary())
    digests = bytearray()
    for first in range(0, rows, _AT_ONCE):
        for text in lists.slice(first, _AT_ONCE).to_pylist():
            digests += hashlib.blake2b(text, digest_size=ID_BYTES).digest()
    return pa.StringArray.from_buffers(rows, *_base32(digests, rows))


def _json(value: Any) -> str:
    return _ENCODER.encode(value)


def _written(column: pa.Array) -> tuple[Any, ...]:
    """Return columns and texts that, joined, are each value as JSON writes it."""
    import pyarrow as pa
    import pyarrow.compute as pc

    whole = pa.types.is_integer(column.type) or pa.types.is_boolean(column.type)
    if whole:
        return (pc.fill_null(column.cast(pa.string()), "null"),)
    if pa.types.is_string(column.type) and not column.null_count and _needs_no_escape(column):
        return '"', column, '"'
    write = encode_basestring_ascii if pa.types.is_string(column.type) else _json
    found = ("null" if value is None else write(value) for value in column.to_pylist())
    return (pa.array(found, pa.string()),)


def _needs_no_escape(column: pa.Array) -> bool:
    """Whether the values of a text column without nulls stand in JSON as they are."""
    found = letters(column)
    return printable_ascii(column) and not ((found == ord('"')).any() or (found == ord("\\")).any())


@cache
def _pairs() -> np.ndarray[Any, np.dtype[np.uint16]]:
    """Return the two base32 letters of each number of ten bits."""
    import numpy as np

    letters = np.frombuffer(_BASE32, np.uint8)
    ten = np.arange(1 << 10)
    return np.ascontiguousarray(np.stack([letters[ten >> 5], letters[ten & 31]], axis=1)).view(np.uint16)[
        :, 0
    ]


def _base32(digests: bytes | bytearray, rows: int) -> tuple[pa.Buffer, pa.Buffer]:
    """Return digests as base32 text: the offsets and the characters of an Arrow string column."""
    import numpy as np
    import pyarrow as pa

    b = np.frombuffer(digests, np.uint8).reshape(-1, 5).astype(np.uint64)
    number = sum((b[:, at] << np.uint64(32 - 8 * at) for at in range(1, 5)), b[:, 0] << np.uint64(32))
    pairs = np.empty((len(b), 4), np.uint16)
    for place, shift in enumerate((30, 20, 10, 0)):
        pairs[:, place] = _pairs()[(number >> np.uint64(shift)) & np.uint64(1023)]
    offsets = np.arange(0, (rows + 1) * ID_LENGTH, ID_LENGTH, dtype=np.int32)
    return pa.py_buffer(offsets), pa.py_buffer(pairs)
