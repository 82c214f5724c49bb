from __future__ import annotations

import math
import tracemalloc
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchdown.validation.measures import Union
from watchdown.validation.profile import Profile, measured_columns, profile, staged_batches
from watchdown_schemas.columns import Stamp
from watchdown_schemas.record import AlgorithmOutput, Record, TemporalSpatial
from watchdown_schemas.rows import to_arrow
from watchdown_schemas.time import NS
from watchdown_schemas.types import DialogueLine, Embedding, Shot

MINUTE = 60 * NS
STAMP = Stamp(run=7, title="t", timeline="t.1", asset="a", algorithm="x", version="1.0.0")
Range = tuple[int | None, int | None]


class Bare(Record):
    """A type with nothing to measure but its rows."""

    key = ("word",)
    word: str


class Found(AlgorithmOutput):
    """A type without time."""

    key = ("label",)


class Place(TemporalSpatial):
    """A type without confidence."""


def profiled(
    batches: Iterable[pa.RecordBatch], schema: type[Record], duration: int = MINUTE, active: int | None = None
) -> Profile:
    return profile(
        batches, schema, algorithm="x", title="t", name="T", run=7, duration_ns=duration, active_rows=active
    )


def placed(*ranges: Range) -> pa.RecordBatch:
    columns = {
        name: pa.array([r[at] for r in ranges], pa.int64()) for at, name in enumerate(("start_ns", "end_ns"))
    }
    return pa.record_batch(columns)


def found(*confidences: float | None) -> pa.RecordBatch:
    return pa.record_batch({"confidence": pa.array(confidences, pa.float64())})


def embedded(vectors: Any) -> pa.RecordBatch:
    matrix = np.asarray(vectors, np.float32)
    size = matrix.shape[1]
    return pa.record_batch(
        {
            "start_ns": pa.array(range(len(matrix)), pa.int64()),
            "end_ns": pa.array(range(1, len(matrix) + 1), pa.int64()),
            "confidence": pa.nulls(len(matrix), pa.float64()),
            "vector": pa.FixedSizeListArray.from_arrays(pa.array(matrix.reshape(-1)), size),
        }
    )


def on_the_sphere(rows: int, size: int = 8, seed: int = 0) -> Any:
    vectors = np.random.default_rng(seed).normal(size=(rows, size))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_the_row_says_what_it_is_about_and_how_much_there_is() -> None:
    row = profiled([placed((0, 10 * NS), (5 * NS, 30 * NS)), placed((40 * NS, 50 * NS))], Place, active=2)
    assert row == Profile(
        algorithm="x",
        schema="Place.1",
        title="t",
        name="T",
        run=7,
        duration_ns=MINUTE,
        rows=3,
        rows_per_minute=3.0,
        covered_ns=40 * NS,
        coverage=40 / 60,
        vector_variance=None,
        confidence=None,
        drift=0.5,
    )


def test_a_run_without_rows_has_no_measure_but_its_drift() -> None:
    for schema in (Shot, Embedding, DialogueLine, Bare):
        row = profiled([], schema, active=4)
        measures = (row.rows_per_minute, row.covered_ns, row.coverage, row.vector_variance, row.confidence)
        assert (row.rows, row.drift) == (0, -1.0)
        assert measures == (None,) * 5
    assert profiled([placed(), placed()], Place).coverage is None


@pytest.mark.parametrize("duration", [0, -1])
def test_a_title_without_duration_has_rows_and_no_rates(duration: int) -> None:
    row = profiled([placed((0, 5), (5, 9))], Place, duration)
    assert (row.rows, row.rows_per_minute, row.covered_ns, row.coverage) == (2, None, 0, None)


@pytest.mark.parametrize(
    ("now", "active", "drift"),
    [(3, None, None), (3, 3, 0.0), (3, 2, 0.5), (1, 4, -0.75), (0, 4, -1.0), (0, 0, 0.0), (3, 0, 3.0)],
)
def test_drift_is_the_change_of_the_rows_as_a_share_of_the_active_ones(
    now: int, active: int | None, drift: float | None
) -> None:
    assert profiled([placed(*[(0, 1)] * now)], Place, active=active).drift == drift


def test_a_type_without_time_vector_or_confidence_is_counted() -> None:
    row = profiled([pa.record_batch({"word": pa.array(["a", "b"])})], Bare)
    assert (row.rows, row.rows_per_minute, row.coverage, row.confidence) == (2, 2.0, None, None)
    assert measured_columns(Bare) == []


def test_rows_without_a_range_cover_nothing_and_are_counted() -> None:
    assert profiled([placed((None, None), (3, None), (None, 4))], Place).covered_ns is None
    row = profiled([placed((None, None), (0, NS), (7, None))], Place)
    assert (row.rows, row.covered_ns) == (3, NS)


@pytest.mark.parametrize("ranges", [[(5, 5)], [(9, 5)], [(MINUTE, MINUTE + 5)], [(-9, 0)]])
def test_a_range_that_is_empty_turned_or_outside_covers_nothing(ranges: list[Range]) -> None:
    assert profiled([placed(*ranges)], Place).covered_ns == 0


def test_what_lies_beyond_the_end_does_not_count() -> None:
    assert profiled([placed((-NS, NS), (MINUTE - NS, 2 * MINUTE))], Place).covered_ns == 2 * NS
    assert profiled([placed((-(2**63), 2**63 - 1))], Place).coverage == 1.0


spans = st.lists(st.lists(st.tuples(st.integers(-5, 60), st.integers(-5, 60)), max_size=20), max_size=8)


@given(spans, st.integers(0, 50))
def test_coverage_is_the_share_of_the_moments_inside_some_range(
    batches: list[list[tuple[int, int]]], duration: int
) -> None:
    row = profiled([placed(*batch) for batch in batches], Place, duration)
    inside = {
        at for batch in batches for start, end in batch for at in range(start, end) if 0 <= at < duration
    }
    assert (row.covered_ns or 0) == len(inside)
    assert row.covered_ns is None or any(batches)


@given(
    st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=1, max_size=60), st.integers(1, 9)
)
def test_the_union_does_not_depend_on_when_it_merges(ranges: list[tuple[int, int]], pieces: int) -> None:
    once, often = Union(400), Union(400)
    once.add(*placed(*ranges).columns)
    for at in range(0, len(ranges), pieces):
        often.add(*placed(*ranges[at : at + pieces]).columns)
        assert often.value() is not None
    assert once.value() == often.value()


def test_many_ranges_apart_merge_on_the_way() -> None:
    union, rows = Union(10**9), 40_000
    for at in np.random.default_rng(3).permutation(10):
        starts = (np.arange(rows) * 10 + int(at)) * 4
        union.add(pa.array(starts), pa.array(starts + 2))
    assert union.value() == rows * 10 * 2


def test_confidence_is_the_mean_of_those_given() -> None:
    assert profiled([found(0.5, None), found(), found(1.0, math.nan)], Found).confidence == 0.75
    assert profiled([found(None, math.nan)], Found).confidence is None


@given(st.integers(2, 40), st.integers(1, 8), st.integers(0, 99))
def test_the_variance_is_one_less_the_square_of_the_mean_for_unit_vectors(
    rows: int, size: int, seed: int
) -> None:
    vectors = on_the_sphere(rows, size, seed)
    half = rows // 2
    row = profiled([embedded(vectors[:half]), embedded(vectors[half:])] if half else [], Embedding)
    mean = vectors.mean(axis=0)
    assert row.vector_variance == pytest.approx(1 - mean @ mean, abs=1e-6)


def test_equal_vectors_have_no_variance_and_opposite_ones_all_of_it() -> None:
    one = on_the_sphere(1, 512)
    assert profiled([embedded(np.repeat(one, 1000, axis=0))], Embedding).vector_variance == pytest.approx(
        0, abs=1e-9
    )
    assert profiled([embedded([[1, 0], [-1, 0]])], Embedding).vector_variance == 1.0


def test_one_vector_has_no_variance() -> None:
    assert profiled([embedded([[1, 0]])], Embedding).vector_variance is None


def test_a_vector_that_is_not_finite_is_left_out() -> None:
    broken = [[1, 0], [math.nan, 0], [math.inf, 0], [-1, 0]]
    assert profiled([embedded(broken)], Embedding).vector_variance == 1.0
    assert profiled([embedded([[math.nan, 0], [math.nan, 1]])], Embedding).vector_variance is None
    assert profiled([embedded([[3e38, 0], [3e38, 0]])], Embedding).vector_variance == 0.0


def test_a_null_vector_is_left_out() -> None:
    batch = embedded([[1, 0], [-1, 0]])
    nulls = pa.array([[1.0, 0.0], None, [-1.0, 0.0]], pa.list_(pa.float32(), 2))
    columns = {name: pa.concat_arrays([batch[name], batch[name][:1]]) for name in batch.schema.names[:3]}
    assert profiled([pa.record_batch({**columns, "vector": nulls})], Embedding).vector_variance == 1.0


def test_a_staged_file_gives_the_profile_of_the_records(tmp_path: Path) -> None:
    vectors = on_the_sphere(600, 16)
    records = [
        Embedding(start_ns=at, end_ns=at + 1, vector=vector, confidence=0.5 if at % 2 else None)
        for at, vector in enumerate(vectors.tolist())
    ]
    batch = to_arrow(records, Embedding, STAMP, 16)
    pq.write_table(pa.Table.from_batches([batch]), tmp_path / "Embedding.parquet", row_group_size=100)
    read = list(staged_batches(tmp_path / "Embedding.parquet", Embedding))
    assert set(read[0].schema.names) == set(measured_columns(Embedding)) < set(batch.schema.names)
    row = profiled(read, Embedding, 600)
    assert (row.rows, row.coverage, row.confidence) == (600, 1.0, 0.5)
    assert row == profiled([batch], Embedding, 600)


def test_a_staged_file_of_nothing_to_measure_is_counted(tmp_path: Path) -> None:
    pq.write_table(pa.table({"word": ["a", "b", "c"]}), tmp_path / "Bare.parquet")
    assert profiled(staged_batches(tmp_path / "Bare.parquet", Bare), Bare).rows == 3


def test_an_empty_run_has_no_file() -> None:
    assert list(staged_batches(None, Shot)) == []


def test_no_more_than_a_few_batches_are_held() -> None:
    vectors = on_the_sphere(1000, 256).astype(np.float32)
    batches = (embedded(vectors.copy()) for _ in range(50))
    tracemalloc.start()
    try:
        assert profiled(batches, Embedding).rows == 50_000
        assert tracemalloc.get_traced_memory()[1] < 5 * vectors.nbytes
    finally:
        tracemalloc.stop()
