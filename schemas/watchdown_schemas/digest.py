"""What rows hash to, whatever order, batches or store they lie in; so that lost and changed rows are told.

A digest tells rows that were damaged from those that were not. It is no proof against somebody who wants to
deceive. What a row lacks counts for nothing, so that a column that was added later changes no digest; and
there is one zero, one not-a-number, and no difference between an empty list and none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]  # [rows, 2], both nought where there is no value
_MASK: Final = 2**64 - 1
_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_AT_ONCE: Final = 2**20  # numbers of vectors that are hashed together: they fit the cache


@dataclass(frozen=True, slots=True)
class Digest:
    """How many rows there are, and what they hash to: 128 bits. Digests of apart rows are added."""

    rows: int = 0
    low: int = 0
    high: int = 0

    def __add__(self, other: Digest) -> Digest:
        """Return the digest of both."""
        return Digest(
            self.rows + other.rows, (self.low + other.low) & _MASK, (self.high + other.high) & _MASK
        )

    def __sub__(self, other: Digest) -> Digest:
        """Return the digest of these rows without the others, which are among them."""
        return Digest(
            self.rows - other.rows, (self.low - other.low) & _MASK, (self.high - other.high) & _MASK
        )

    def __str__(self) -> str:
        """Return it as it is kept."""
        return f"{self.rows}:{self.high:016x}{self.low:016x}"

    @classmethod
    def parse(cls, kept: str) -> Digest:
        """Return the digest that was kept as text."""
        rows, _, hashed = kept.partition(":")
        return cls(int(rows), int(hashed[16:], 16), int(hashed[:16], 16))


def digest(batch: pa.RecordBatch) -> Digest:
    """Return the digest of the rows of a batch."""
    low, high = row_hashes(batch).sum(axis=0, dtype=np.uint64)
    return Digest(batch.num_rows, int(low), int(high))


class Digests(Mapping[int, Digest]):
    """Digests by run, of rows that come in any order."""

    def __init__(self) -> None:
        self._found: defaultdict[int, Digest] = defaultdict(Digest)

    def add(self, batch: pa.RecordBatch) -> None:
        """Add the rows of a batch, which has the column `run`."""
        if not batch.num_rows:
            return
        runs, whose = np.unique(batch.column("run").to_numpy(), return_inverse=True)
        sums = np.zeros((len(runs), 2), np.uint64)
        np.add.at(sums, whose, row_hashes(batch))
        counts = np.bincount(whose, minlength=len(runs))
        for run, rows, (low, high) in zip(runs.tolist(), counts.tolist(), sums.tolist(), strict=True):
            self._found[run] += Digest(rows, low, high)

    def __getitem__(self, run: int) -> Digest:
        return self._found[run] if run in self._found else Digest()

    def __iter__(self) -> Iterator[int]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


def row_hashes(batch: pa.RecordBatch) -> Hashes:
    """Return what each row hashes to, by its columns' names and values."""
    found = np.zeros((batch.num_rows, 2), np.uint64)
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        found += _hashed(column, name)
    low = _mixed(found[:, 0] ^ _mixed(found[:, 1] + _GOLDEN))
    return np.stack([low, _mixed(found[:, 1] + low)], axis=1)


def _hashed(column: Any, name: str) -> Hashes:
    """Return what each value hashes to under a name."""
    kind = column.type
    if pa.types.is_fixed_size_list(kind) and pa.types.is_float32(kind.value_type):
        return _present(column, _of_vectors(column, name))
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return _of_lists(column, name)
    if pa.types.is_struct(kind):
        members = zip(kind, column.flatten(), strict=True)
        total = np.zeros((len(column), 2), np.uint64)
        for member, values in members:
            total += _hashed(values, f"{name}.{member.name}")
        return _present(column, _mixed(total + _GOLDEN))
    if pa.types.is_floating(kind):
        return _present(column, _salted(_of_numbers(column), name))
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind):
        whole = pc.fill_null(column.cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
        return _present(column, _salted(whole.view(np.uint64), name))
    return _of_words(column, name)


def _present(column: Any, hashes: Hashes) -> Hashes:
    """Return hashes with nought for what is null."""
    if column.null_count:
        hashes[~column.is_valid().to_numpy(zero_copy_only=False)] = 0
    return hashes


def _of_numbers(column: Any) -> NDArray[np.uint64]:
    values = pc.fill_null(column.cast(pa.float64()), 0.0).to_numpy(zero_copy_only=False) + 0.0
    bits = np.where(np.isnan(values), np.nan, values).view(np.uint64)
    return np.asarray(bits)


def _of_words(column: Any, name: str) -> Hashes:
    """Return what text or bytes hash to; each different one is hashed once."""
    encoded = column.cast(pa.large_binary()).dictionary_encode()
    different = b"".join(blake2b(one, digest_size=16).digest() for one in encoded.dictionary.to_pylist())
    known = np.vstack([np.zeros((1, 2), np.uint64), np.frombuffer(different, "<u8").reshape(-1, 2)])
    places = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64) + 1
    return _present(column, _salted(known, name)[places])


def _of_vectors(column: Any, name: str) -> Hashes:
    """Return what vectors of float32 hash to: sums of their words, each times a number of its own."""
    size = column.type.list_size
    found = np.zeros((len(column), 2), np.uint64)
    if not size:
        return found
    there = column.is_valid().to_numpy(zero_copy_only=False)
    values = pc.list_flatten(column).to_numpy(zero_copy_only=False).reshape(-1, size)
    factors = _factors(size)
    some = max(1, _AT_ONCE // size)
    sums = np.zeros((len(values), 2), np.uint64)
    for start in range(0, len(values), some):
        part = values[start : start + some] + np.float32(0)
        part = np.where(np.isnan(part), np.float32(np.nan), part)
        sums[start : start + some] = part.view(np.uint32).astype(np.uint64) @ factors
    found[there] = sums
    return _salted(found, f"{name}[{size}]")


@cache
def _factors(size: int) -> Hashes:
    """Return two numbers for each place of a vector."""
    places = np.arange(1, 2 * size + 1, dtype=np.uint64)
    return _mixed(places * _GOLDEN).reshape(size, 2)


def _of_lists(column: Any, name: str) -> Hashes:
    """Return what lists hash to, by their values in order; an empty one as none."""
    parents = pc.list_parent_indices(column).to_numpy(zero_copy_only=False).astype(np.int64)
    found = np.zeros((len(column), 2), np.uint64)
    if not len(parents):
        return found
    counts = np.bincount(parents, minlength=len(column))
    starts = np.concatenate([[0], np.cumsum(counts)])[parents]
    places = (np.arange(len(parents)) - starts + 1).astype(np.uint64)
    values = _hashed(pc.list_flatten(column), f"{name}[]")
    np.add.at(found, parents, _mixed(values + (places * _GOLDEN)[:, None]))
    found = _mixed(found + _GOLDEN)
    found[counts == 0] = 0
    return found


def _salted(values: NDArray[np.uint64], name: str) -> Hashes:
    """Return numbers, of one lane or of two, hashed under a name."""
    lanes = values[:, None] if values.ndim == 1 else values
    return _mixed(_mixed(lanes ^ _salt(name)) + _GOLDEN)


@cache
def _salt(name: str) -> NDArray[np.uint64]:
    return np.frombuffer(blake2b(name.encode(), digest_size=16).digest(), "<u8")


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return numbers of which each bit hangs on all bits of what they were made from."""
    mixed = (values ^ (values >> np.uint64(30))) * _FIRST
    mixed = (mixed ^ (mixed >> np.uint64(27))) * _SECOND
    return np.asarray(mixed ^ (mixed >> np.uint64(31)))
