from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchdown.validation.passed import Passed
from watchdown_schemas.ids import ID_LENGTH, record_ids

ours = record_ids(1, "Shot", [pa.array(range(8), pa.int64())], 8)
foreign = pa.array(["", "a", "b" * ID_LENGTH, "c" * (2 * ID_LENGTH)])


def same_mark() -> tuple[str, str]:
    """Return two ids that the marks do not tell apart."""
    mix = 0x9E37_79B9_7F4A_7C15
    second = third = int.from_bytes(b"mmmmmmmm", "little")
    for step in range(1, 100_000):
        words = [second + step, (third - step * mix) % 2**64]
        other = b"".join(word.to_bytes(8, "little") for word in words)
        if other.isascii():
            return "m" * ID_LENGTH, "m" * 8 + other.decode()
    raise AssertionError("no such pair is near")


@given(st.lists(st.lists(st.integers(0, 11), max_size=5), max_size=5))
def test_a_column_is_entered_when_all_its_ids_are_new_and_only_then(batches: list[list[int]]) -> None:
    ids = pa.concat_arrays([ours, foreign])
    passed, expected = Passed(), set()
    for batch in batches:
        column = ids.take(pa.array(batch, pa.int64()))
        known = set(column.to_pylist())
        new = len(known) == len(batch) and not known & expected
        if passed.enter(column):
            assert new
            expected |= known
        else:
            assert passed.exact() == expected
    assert passed.exact() == expected


def test_ids_that_look_alike_at_first_are_told_apart() -> None:
    one, other = same_mark()
    assert one != other
    passed = Passed()
    assert passed.enter(pa.array([one]))
    assert not passed.enter(pa.array([other]))
    assert passed.exact() == {one}


@pytest.mark.parametrize("place", range(5))
def test_a_slice_of_a_column_is_read_where_it_lies(place: int) -> None:
    passed = Passed()
    assert passed.enter(ours.slice(place, 2))
    assert not passed.enter(ours.slice(place + 1, 1))
    assert passed.exact() == set(ours.slice(place, 2).to_pylist())


def test_of_very_many_ids_none_is_taken_for_another() -> None:
    passed = Passed()
    for first in range(0, 200_000, 50_000):
        assert passed.enter(record_ids(1, "Shot", [pa.array(np.arange(first, first + 50_000))], 50_000))
