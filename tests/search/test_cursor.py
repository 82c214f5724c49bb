from __future__ import annotations

import base64
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchdown.search.cursor import Cursor, Depth
from watchdown_schemas.errors import QueryError

counts = st.integers(0, 2**60)
cursors = st.builds(
    Cursor,
    digest=st.text(max_size=16),
    epoch=counts,
    snapshot=st.dictionaries(st.text(max_size=10), counts, max_size=4),
    depth=st.builds(Depth, rows=st.integers(1, 2**18), above=st.integers(0, 2**18)),
    rank=st.tuples(st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=24)),
)


@given(cursors)
def test_a_cursor_comes_back_from_its_word(cursor: Cursor) -> None:
    word = cursor.encode()
    assert re.fullmatch(r"[\w-]+", word, re.ASCII)
    assert Cursor.decode(word, cursor.digest) == cursor


@given(cursors)
def test_a_cursor_of_another_query_is_refused(cursor: Cursor) -> None:
    with pytest.raises(QueryError, match="belongs to another query"):
        Cursor.decode(cursor.encode(), cursor.digest + "x")


@given(st.text() | st.binary().map(lambda data: data.decode("latin-1")))
def test_garbage_is_no_cursor(word: str) -> None:
    with pytest.raises(QueryError, match="is no cursor"):
        Cursor.decode(word, "digest")


@given(cursors, st.data())
def test_a_damaged_cursor_is_refused_or_another_one(cursor: Cursor, data: st.DataObject) -> None:
    word = cursor.encode()
    at = data.draw(st.integers(0, len(word) - 1))
    damaged = word[:at] + data.draw(st.sampled_from("A-_9z!é ")) + word[at + 1 :]
    try:
        Cursor.decode(damaged, cursor.digest)
    except QueryError as error:
        assert "\n" not in str(error)  # noqa: PT017 - either outcome is right, nothing else is


@pytest.mark.parametrize(
    ("depth", "rank"),
    [
        ("[28,0]", '["x","y"]'),
        ("[28,0]", "[1]"),
        ("[28,0]", '[NaN,"y"]'),
        ("[0,0]", '[1,"y"]'),
        ("[1000000000000,0]", '[1,"y"]'),
        ("[28,-1]", '[1,"y"]'),
    ],
)
def test_a_forged_cursor_is_refused(depth: str, rank: str) -> None:
    forged = f'{{"digest":"d","epoch":1,"snapshot":{{}},"depth":{depth},"rank":{rank}}}'
    with pytest.raises(QueryError, match="is no cursor"):
        Cursor.decode(base64.urlsafe_b64encode(forged.encode()).decode(), "d")
