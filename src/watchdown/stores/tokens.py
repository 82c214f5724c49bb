"""Attribute tokens: what a record's attributes are found by in a store that cannot look inside them.

A name is a token, and so is a name with a value: `colour`, `colour=red`, `price#9.5`, `seen@0`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

TOKENS: Final = "attribute_tokens"
TOKENS_TYPE: Final = pa.list_(pa.string())
LONGEST_TEXT: Final = 100  # bytes; longer text has its name's token alone
EXACT_UP_TO: Final = 2**53  # larger whole numbers share their token with neighbours

_MARKS: Final = {"%": "%25", "=": "%3D", "#": "%23", "@": "%40"}


@dataclass(frozen=True, slots=True)
class Entries:
    """Named values of rows: `rows` [n] says whose each is; of the rest at most one is set in each place."""

    rows: NDArray[np.int64]
    names: pa.Array
    keyword: pa.Array
    number: pa.Array
    time: pa.Array


def name_token(name: str) -> str:
    """Return the token of every record that has a value under the name."""
    for mark, instead in _MARKS.items():
        name = name.replace(mark, instead)
    return name


def text_token(name: str, value: str) -> str | None:
    """Return the token of a text, None where it is too long to have one."""
    return f"{name_token(name)}={value}" if len(value.encode()) <= LONGEST_TEXT else None


def number_token(name: str, value: float) -> str:
    """Return the token of a number."""
    return f"{name_token(name)}#{_numbers(pa.array([value], pa.float64()))[0].as_py()}"


def moment_token(name: str, ns: int) -> str:
    """Return the token of a moment."""
    return f"{name_token(name)}@{ns}"


def attribute_entries(column: pa.Array, without: Iterable[str] = ()) -> Entries:
    """Return the attributes of an Arrow column; those that the type has as fields are left out."""
    parents = pc.list_parent_indices(column).to_numpy()
    flat = pc.list_flatten(column)
    kept = pc.invert(pc.is_in(flat.field("name"), pa.array(list(without), pa.string())))
    held = [pc.filter(flat.field(name), kept) for name in ("name", "keyword", "number", "time")]
    return Entries(parents[kept.to_numpy(zero_copy_only=False)], *held)


def tokens(
    entries: Sequence[Entries], rows: int, *, present: Iterable[tuple[NDArray[np.int64], str]] = ()
) -> pa.Array:
    """Return the tokens of each row, a list of strings [rows]; `present` has rows that have just a name."""
    found = [(at, pa.repeat(pa.scalar(name_token(name)), len(at))) for at, name in present]
    for one in entries:
        names = one.names
        for mark, instead in _MARKS.items():
            names = pc.replace_substring(names, mark, instead)
        short = pc.less_equal(pc.binary_length(one.keyword), LONGEST_TEXT)
        real = pc.invert(pc.is_nan(one.number))
        set_at = pc.or_(pc.or_(one.keyword.is_valid(), one.number.is_valid()), one.time.is_valid())
        values = (
            (names, set_at),
            (_joined(names, "=", one.keyword), short),
            (_joined(names, "#", _numbers(one.number)), real),
            (_joined(names, "@", one.time.cast(pa.string())), one.time.is_valid()),
        )
        for column, which in values:
            kept = pc.fill_null(which, False)  # noqa: FBT003 - pyarrow's
            found.append((one.rows[kept.to_numpy(zero_copy_only=False)], pc.filter(column, kept)))
    if not found:
        return pa.array([[]] * rows, TOKENS_TYPE)
    whose = np.concatenate([at for at, _ in found])
    return by_row(whose, pa.concat_arrays([column for _, column in found]), rows)


def by_row(parents: NDArray[np.int64], values: pa.Array, rows: int) -> pa.Array:
    """Return values gathered into one list per row, each row's in their order."""
    order = np.argsort(parents, kind="stable")
    offsets = np.concatenate([[0], np.cumsum(np.bincount(parents, minlength=rows))])
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), values.take(pa.array(order)))


def _joined(names: pa.Array, mark: str, values: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise(names, values, mark)


def _numbers(values: Any) -> pa.Array:
    """Return numbers as text, each in one way."""
    return pc.add(values, 0.0).cast(pa.string())  # no -0.0
