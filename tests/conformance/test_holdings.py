"""What every store must tell of what it holds, and how that is mended; memory cannot be hurt."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance import strategies
from conformance.stores import DIMENSION, MODEL, Store, frames, lines, opened, unit, view
from watchdown.stores.holdings import Held
from watchdown_schemas.columns import Stamp
from watchdown_schemas.digest import Digest, digest
from watchdown_schemas.fields import has_vector
from watchdown_schemas.record import AlgorithmOutput, Record, TemporalSpatial
from watchdown_schemas.roles import Text
from watchdown_schemas.rows import from_rows, to_arrow
from watchdown_schemas.types import STANDARD_TYPES, DialogueLine, Embedding, Keyframe

KEPT = ("lance", "lance kept up", "opensearch")


class Goal(TemporalSpatial, AlgorithmOutput):
    """A type of a plugin."""

    minute: int
    late: bool
    speed: float = 0.0
    comment: Annotated[str, Text()] = ""


TYPES = {**STANDARD_TYPES, "Goal": Goal}


@pytest.fixture(params=KEPT)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with opened(request, tmp_path / "lake", TYPES) as store:
        yield store


def batch(run: int, records: Sequence[Record], title: str = "t") -> pa.RecordBatch:
    schema = type(records[0])
    stamp = Stamp(run=run, title=title, timeline=f"{title}.1", asset="a", algorithm="x", version="1.0.0")
    return to_arrow(records, schema, stamp, DIMENSION if has_vector(schema) else None)


def goals(count: int) -> list[Goal]:
    return [Goal(start_ns=at, end_ns=at + 1, minute=at, late=True, comment=f"G {at}") for at in range(count)]


def held(store: Store, *, deep: bool = True, title: str | None = None) -> dict[tuple[str, int], Digest]:
    found: dict[tuple[str, int], Digest] = {}
    for one in store.holdings.survey(deep=deep, title=title):
        assert isinstance(one, Held)
        found[one.schema, one.run] = found.get((one.schema, one.run), Digest()) + one.digest
    return found


def mend(store: Store, *batches: pa.RecordBatch, schema: type[Record] = DialogueLine) -> int:
    runs = sorted({run for one in batches for run in one.column("run").to_pylist()})
    reader = pa.RecordBatchReader.from_batches(batches[0].schema, batches)
    return store.holdings.mend(runs, schema, reader, model=MODEL if has_vector(schema) else None)


@pytest.mark.parametrize("kind", ["lance", "opensearch"])
@pytest.mark.parametrize("schema", strategies.TYPES.values(), ids=strategies.TYPES)
@settings(
    max_examples=3,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_rows_hash_to_what_they_did_before_they_were_stored(
    request: pytest.FixtureRequest, kind: str, schema: type[Record], data: st.DataObject
) -> None:
    drawn = data.draw(strategies.rows(schema, min_size=1))
    converted = from_rows(schema, drawn, strategies.STAMP, strategies.dimension_of(schema))
    with (
        tempfile.TemporaryDirectory() as folder,
        opened(request, Path(folder), strategies.TYPES, kind) as kept,
    ):
        kept.write_batch(strategies.STAMP.run, schema, converted.batch)
        assert held(kept) == {(schema.__name__, strategies.STAMP.run): digest(converted.batch)}


def test_what_is_held_is_told_by_run_and_type_be_it_in_view_or_not(store: Store) -> None:
    written = {
        ("DialogueLine", 1): batch(1, lines("Now run.", "Pull the curtain!")),
        ("DialogueLine", 2): batch(2, lines("Now run."), title="u"),
        ("Goal", 1): batch(1, goals(3)),
        ("Embedding", 2): batch(2, frames(unit(9)), title="u"),
    }
    for (_, run), rows in written.items():
        store.write_batch(
            run, TYPES[str(rows.schema.metadata[b"watchdown.schema"], "ascii").partition(".")[0]], rows
        )
    assert held(store) == {key: digest(rows) for key, rows in written.items()}
    assert held(store, deep=False) == {key: Digest(rows.num_rows) for key, rows in written.items()}
    assert held(store, title="u").keys() == {("DialogueLine", 2), ("Embedding", 2)}
    assert held(store, deep=False, title="u").keys() == {("DialogueLine", 2), ("Embedding", 2)}


def test_pictures_that_rows_show_are_told(store: Store) -> None:
    keys = (
        "aa/1/sprites-0000.jpg#xywh=0,0,9,9",
        "aa/1/sprites-0000.jpg#xywh=9,0,9,9",
        "aa/1/sprites-0001.jpg",
    )
    shown = [
        Keyframe(start_ns=at, end_ns=at + 1, shot_start_ns=at, shot_end_ns=at + 1, thumbnail=key)
        for at, key in enumerate(keys)
    ]
    store.write(1, shown)
    told = [one.pictures for one in store.holdings.survey(deep=True) if isinstance(one, Held)]
    assert frozenset().union(*told) == {"aa/1/sprites-0000.jpg", "aa/1/sprites-0001.jpg"}


@pytest.mark.parametrize("schema", [DialogueLine, Goal, Embedding])
def test_mended_rows_are_those_that_were_given_whatever_was_there(store: Store, schema: type[Record]) -> None:
    made: dict[type[Record], Sequence[Record]] = {
        DialogueLine: lines(*(f"Line {at}" for at in range(30))),
        Goal: goals(30),
        Embedding: frames(unit(30)),
    }
    whole, other = batch(1, made[schema]), batch(2, made[schema])
    changed = batch(1, list(reversed(made[schema][:20])))  # has ids of the others, with other content
    for rows in (whole.slice(0, 7), changed, whole.slice(20)):
        store.write_batch(1, schema, rows)
        store.write_batch(2, schema, other)
        store.write(1, lines("Of another type") if schema is not DialogueLine else goals(1))
        assert mend(store, whole, schema=schema) == 30
        found = held(store)
        assert (found[schema.__name__, 1], found[schema.__name__, 2]) == (digest(whole), digest(other))
        assert len(found) == 3


def test_mended_rows_are_searched_like_others(store: Store) -> None:
    store.write(1, lines("Now run."))
    mend(store, batch(1, lines("Now run.", "Pull the curtain!")))
    assert store.said("curtain", view([1], epoch=2)) == ["Pull the curtain!"]


def test_rows_of_one_type_of_a_run_are_removed(store: Store) -> None:
    store.write(1, lines("Now run."))
    store.write(1, goals(2))
    store.write(2, goals(2))
    store.holdings.remove("Goal", [1], store.holdings.table(Goal, None))
    assert held(store, deep=False) == {("DialogueLine", 1): Digest(1), ("Goal", 2): Digest(2)}


def test_rows_that_are_mended_three_times_are_there_once(store: Store) -> None:
    whole, seen = batch(1, lines("Now run.", "Pull the curtain!")), view([1])
    for _ in range(3):
        assert mend(store, whole) == 2
        assert held(store) == {("DialogueLine", 1): digest(whole)}
        assert store.said("curtain", seen) == ["Pull the curtain!"]
