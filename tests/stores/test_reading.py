"""What holds in the lake beyond what every store must do: versions of types, runs by number, the index."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
import pytest

from conformance.filters import TYPES, Card, Face, Goal
from conformance.stores import MODEL, Store, frames, lance, lance_kept_up, memory, near, unit, view
from watchdown.lake.tables import Lake
from watchdown.stores.lance.searcher import LanceSearcher
from watchdown.stores.lance.sink import LanceSink
from watchdown.stores.protocol import TextLeaf, VectorLeaf
from watchdown.where import Exists, StartsIn, field
from watchdown_schemas.record import AlgorithmOutput, Record
from watchdown_schemas.roles import Keyword, Text
from watchdown_schemas.types import Embedding

SEEN = view([1, 2])


def versions() -> tuple[type[Record], type[Record]]:
    """Return two versions of a plugin's type: the second makes a field of what was an attribute."""

    class Play(AlgorithmOutput):
        key: ClassVar[tuple[str, ...]] = ("number",)
        number: int
        said: Annotated[str | None, Text()] = None

    first = Play

    class Play(AlgorithmOutput):  # type: ignore[no-redef] # the next version has the same name
        schema_version: ClassVar[int] = 2
        key: ClassVar[tuple[str, ...]] = ("number",)
        number: int
        said: Annotated[str | None, Text()] = None
        shown: Annotated[str | None, Text()] = None
        mood: Annotated[str | None, Keyword()] = None

    return first, Play


@pytest.mark.parametrize("make", [memory, lance, lance_kept_up])
def test_rows_of_an_older_version_of_a_type_are_read_and_searched_as_of_the_newest(
    tmp_path: Path, make: object
) -> None:
    first, second = versions()
    types: dict[str, type[Record]] = {"Play": first}
    store: Store = make(tmp_path, types)  # type: ignore[operator] # one of the stores
    store.write(1, [first(number=1, said="Pull the curtain", attributes={"mood": "low", "key": "d"})])
    assert store.count("Play", SEEN, field("mood") == "low") == 1
    types["Play"] = second
    store.write(2, [second(number=2, said="Close the curtain", shown="Rain", mood="low")])
    assert [row["number"] for row in store.rows("Play", SEEN, field("mood") == "low")] == [2]
    assert [row["number"] for row in store.rows("Play", SEEN, field("key") == "d")] == [1]
    assert store.facet("Play", "mood", SEEN) == [("low", 1)]
    assert store.count("Play", SEEN, ~field("shown").exists()) == 1
    leaf = TextLeaf("Play", "said", ("curtain",), (("curtain",),))
    assert sorted(row["said"] for row in store.search(leaf, SEEN).rows) == [
        "Close the curtain",
        "Pull the curtain",
    ]
    assert [row["type"] for row in store.rows("Play", SEEN, field("number") == 1)] == ["Play.1"]


def test_a_run_is_read_by_its_number_be_it_in_view_or_not(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    store = Store(LanceSink(lake), searcher := LanceSearcher(lake, TYPES))
    assert list(searcher.read_run("Goal", 1)) == []
    for run in (1, 2):
        store.write(run, [Goal(start_ns=0, end_ns=1, minute=run)])
        store.write(run, [Card(minute=str(run))])
        store.write(run, frames(unit(3, run)))
        store.write(run, [Face(start_ns=0, end_ns=1, look=unit(1, run)[0].tolist())])
    for schema, model, count in (
        ("Goal", None, 1),
        ("Card", None, 1),
        ("Embedding", MODEL, 3),
        ("Face", MODEL, 1),
    ):
        rows = [row for batch in searcher.read_run(schema, 2, model) for row in batch.to_pylist()]
        assert [row["run"] for row in rows] == [2] * count
        assert "attribute_tokens" not in rows[0]
    assert list(searcher.read_run("Embedding", 2, "other")) == []


def test_what_is_deleted_whole_leaves_nothing_to_find(tmp_path: Path) -> None:
    store = lance(tmp_path, TYPES)
    store.write(1, [Goal(start_ns=0, end_ns=1, minute=1, comment="Pull the curtain")])
    store.write(1, [Face(start_ns=0, end_ns=1, look=unit(1)[0].tolist())])
    store.sink.delete([1])
    for schema in ("Goal", "Face", "Card"):
        assert store.rows(schema, SEEN) == []
        assert store.count(schema, SEEN, field("minute").exists()) == 0
        assert store.facet(schema, "minute", SEEN) == []
    leaves = (
        TextLeaf("Goal", "comment", ("curtain",), (("curtain",),)),
        VectorLeaf("Face", MODEL, unit(1)[0]),
    )
    for leaf in leaves:
        assert not store.search(leaf, SEEN).rows


def test_vectors_within_a_filter_that_is_checked_row_by_row_are_found_through_the_index_too(
    tmp_path: Path,
) -> None:
    lake = Lake(tmp_path, index_from=1_500)
    vectors = unit(3_000)
    store = Store(LanceSink(lake), LanceSearcher(lake, TYPES))
    for run in (1, 2, 3):
        part = vectors[run * 1_000 - 1_000 : run * 1_000]
        records = [
            Embedding(start_ns=at, end_ns=at + 1, vector=vector, attributes={"sharp": at / 1_000})
            for at, vector in enumerate(part)
        ]
        store.write(run, records)
    by_index = Store(store.sink, LanceSearcher(lake, TYPES, exact_up_to=10))
    kept = 0
    queries = vectors[::300] + 0.02 * unit(10, seed=7)
    for query in (queries / np.linalg.norm(queries, axis=1, keepdims=True)).astype(np.float32):
        for where, chosen in (
            (field("sharp") >= 0.5, np.arange(3_000) % 1_000 >= 500),
            (~(field("sharp") >= 0.3), np.arange(3_000) % 1_000 < 300),
            (StartsIn(start_ns=600, end_ns=2_000), np.arange(3_000) % 1_000 >= 600),
        ):
            seen = chosen & (np.arange(3_000) < 2_000)
            best = np.sort(vectors[seen].astype(np.float64) @ query)[::-1][:10]
            exact = [row["score"] for row in store.search(near(query), SEEN, where=where).rows]
            assert np.allclose(exact, best, atol=1e-5)
            found = by_index.search(near(query), SEEN, where=where).rows
            assert len(found) == 10
            assert {row["run"] for row in found} <= SEEN.visible
            kept += sum(row["score"] >= best[-1] - 1e-5 for row in found)
            rows = {row["id"] for row in store.rows("Embedding", SEEN, where)}
            assert {row["id"] for row in found} <= rows
    assert kept / 300 >= 0.95
    assert not store.search(near(vectors[0]), SEEN, where=Exists(field="nothing")).rows
