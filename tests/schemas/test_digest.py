"""The digest of rows: the same in any order and batches, another one after the least change."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from watchdown_schemas.arrow import ATTRIBUTES
from watchdown_schemas.digest import Digest, Digests, digest

ROWS = 500
DIMENSION = 8


def rows(**changed: Any) -> pa.RecordBatch:
    dice = np.random.default_rng(0)
    vectors = dice.normal(size=(ROWS, DIMENSION)).astype(np.float32)
    columns: dict[str, Any] = {
        "id": pa.array([f"id{at}" for at in range(ROWS)]),
        "run": pa.array(np.arange(ROWS) % 3),
        "text": pa.array([None if at % 7 == 0 else f"line {at % 11}" for at in range(ROWS)]),
        "score": pa.array(dice.normal(size=ROWS)),
        "late": pa.array(dice.integers(0, 2, ROWS).astype(bool)),
        "names": pa.array([[f"n{one}" for one in range(at % 4)] for at in range(ROWS)]),
        "attributes": pa.array(
            [[{"name": "a", "keyword": None, "number": 0.5 * at, "time": at}] for at in range(ROWS)],
            ATTRIBUTES,
        ),
        "vector": pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), DIMENSION),
    }
    return pa.RecordBatch.from_pydict(columns | changed)


def with_one(name: str, at: int, value: Any) -> pa.RecordBatch:
    """Return the rows with one value changed."""
    column = rows().column(name)
    values = column.to_pylist()
    values[at] = value
    return rows(**{name: pa.array(values, column.type)})


def test_order_and_batches_do_not_matter() -> None:
    whole, dice = rows(), np.random.default_rng(1)
    assert digest(whole.take(pa.array(dice.permutation(ROWS)))) == digest(whole)
    parts = [digest(whole.slice(at, 33)) for at in range(0, ROWS, 33)]
    assert sum(parts, Digest()) == digest(whole)
    assert digest(whole) - digest(whole.slice(0, 33)) == digest(whole.slice(33))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("id", "id8"),
        ("text", "line 12"),
        ("text", None),
        ("text", ""),
        ("score", math.nextafter(rows().column("score")[9].as_py(), 10)),
        ("names", ["n0", "n0"]),
        ("names", []),
        ("attributes", [{"name": "a", "keyword": "", "number": 4.5, "time": 9}]),
        ("attributes", [{"name": "a", "keyword": None, "number": 4.5, "time": 10}]),
        ("vector", [0.0] * DIMENSION),
        ("vector", [-one for one in rows().column("vector")[9].as_py()]),
        ("vector", rows().column("vector")[9].as_py()[::-1]),
    ],
)
def test_the_least_change_is_told(name: str, value: Any) -> None:
    assert with_one(name, 9, value) != rows()
    assert digest(with_one(name, 9, value)) != digest(rows())


def test_values_that_change_places_are_told() -> None:
    texts = rows().column("text").to_pylist()
    texts[1], texts[2] = texts[2], texts[1]
    assert digest(rows(text=pa.array(texts))) != digest(rows())


def test_every_bit_of_a_vector_counts() -> None:
    bits = rows().column("vector").flatten().to_numpy().view(np.uint32)
    seen = {digest(rows())}
    for bit in range(32):
        changed = bits.copy()
        changed[5] ^= np.uint32(1 << bit)
        values = pa.array(changed.view(np.float32))
        seen.add(digest(rows(vector=pa.FixedSizeListArray.from_arrays(values, DIMENSION))))
    assert len(seen) == 33


def test_what_stores_do_not_tell_apart_hashes_alike() -> None:
    lists, scores = rows().column("names").to_pylist(), rows().column("score").to_pylist()
    assert digest(rows(names=pa.array([one or None for one in lists]))) == digest(rows())
    scores[0] = 0.0
    zeros = rows(score=pa.array(scores))
    scores[0] = -0.0
    assert digest(rows(score=pa.array(scores))) == digest(zeros)
    assert digest(rows().append_column("later", pa.nulls(ROWS, pa.string()))) == digest(rows())
    dictionary = pa.array(rows().column("text").to_pylist()).dictionary_encode()
    assert digest(rows(text=dictionary.cast(pa.string()))) == digest(rows())


def test_digests_are_kept_by_run() -> None:
    found, whole = Digests(), rows()
    for at in range(0, ROWS, 50):
        found.add(whole.slice(at, 50))
    for run in range(3):
        of_run = whole.filter(pa.array(np.arange(ROWS) % 3 == run))
        assert found[run] == digest(of_run)
    assert found[7] == Digest()
    assert set(found) == {0, 1, 2}


def test_a_digest_is_kept_as_text() -> None:
    assert Digest.parse(str(digest(rows()))) == digest(rows())
    assert digest(rows().slice(0, 0)) == Digest() == Digest.parse(str(Digest()))
