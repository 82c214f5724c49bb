"""What the rows of a run come down to when two runs are compared: hashes and times, some bytes a row."""

from __future__ import annotations

from array import array
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from watchdown_schemas.fields import Field, fields, vector_field
from watchdown_schemas.reading import to_rows
from watchdown_schemas.record import Record
from watchdown_schemas.roles import Blob, Entity, Keyword, Language, Time, Vector

NO_TIME: Final = -(2**63)
_NARROW: Final = 2**31 - 1
Ints = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """The rows of one schema type of a run; the n-th of each array is of the n-th row.

    `key` tells records apart within a run, `kind` is what a record is of, `content` all that it says but for
    its time; `fields` has a row per compared field. `start` and `end` are in ns, or `NO_TIME`.
    """

    key: Ints
    kind: Ints
    content: Ints
    start: Ints
    end: Ints
    fields: NDArray[np.int32]

    @property
    def count(self) -> int:
        """How many rows there are."""
        return len(self.key)


def compared(schema: type[Record]) -> list[Field]:
    """Return the fields whose values two records are compared by.

    Times are apart, vectors too, and what lies in files beside the records bears the number of its run.
    """
    apart = (Time, Vector, Blob)
    return [field for field in fields(schema) if not (field.stamped or any(map(field.role, apart)))]


def facts_of(batches: Iterable[pa.RecordBatch], schema: type[Record]) -> Facts:
    """Return the facts of a run's rows of a type, each upgraded to the newest version."""
    columns = {name: array("q") for name in ("key", "kind", "content", "start", "end")}
    own = compared(schema)
    each = [array("i") for _ in own]
    kind = [field.name for field in own if any(map(field.role, (Keyword, Language, Entity)))]
    for row in rows_of(batches, schema):
        columns["key"].append(key_of(row, schema))
        columns["kind"].append(_hash(row[name] for name in kind))
        values = [_frozen(row[field.name]) for field in own]
        columns["content"].append(hash(tuple(values)))
        for name in ("start", "end"):
            at = row.get(f"{name}_ns")
            columns[name].append(NO_TIME if at is None else at)
        for column, value in zip(each, values, strict=True):
            column.append(hash(value) & _NARROW)
    told = {name: np.frombuffer(column, np.int64) for name, column in columns.items()}
    narrow = [np.frombuffer(column, np.int32) for column in each]
    count = len(columns["key"])
    return Facts(**told, fields=np.vstack(narrow) if narrow else np.empty((0, count), np.int32))


def rows_of(batches: Iterable[pa.RecordBatch], schema: type[Record]) -> Iterator[dict[str, Any]]:
    """Yield rows in the newest version of their type, without their vectors."""
    field = vector_field(schema)
    for batch in batches:
        held = field is not None and field.name in batch.schema.names
        yield from to_rows([batch.drop_columns([field.name]) if field and held else batch], schema)


def key_of(row: Mapping[str, Any], schema: type[Record]) -> int:
    """Return a hash of what tells a record from the others of its run; of this process only."""
    return _hash(row[name] for name in schema.key)


def _hash(values: Iterable[Any]) -> int:
    return hash(tuple(map(_frozen, values)))


def _frozen(value: Any) -> Hashable:
    if isinstance(value, Mapping):
        return tuple(sorted((name, _frozen(held)) for name, held in value.items()))
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return tuple(map(_frozen, value))
    return value  # type: ignore[no-any-return] # what Arrow gives is hashable
