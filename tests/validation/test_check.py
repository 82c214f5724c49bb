from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchdown.validation.check import DUPLICATE, REASONS, Check
from watchdown.validation.rules import rules
from watchdown_schemas.arrow import Stamp, arrow_schema, to_arrow
from watchdown_schemas.fields import has_vector
from watchdown_schemas.record import Record
from watchdown_schemas.types import STANDARD_TYPES, DialogueLine, Embedding, Keyframe, Label, Shot

DURATION = 1000
STAMP = Stamp(run=1, title="t", timeline="t.1", asset="a", algorithm="x", version="1.0.0")
OUTSIDE = f"lies outside the timeline of {DURATION / 1e9:.3f} s"
UNIT = "vector is no unit vector of finite numbers"


def told(*records: Record, dimension: int | None = None) -> list[list[str]]:
    """Return the reasons per refused row."""
    checked = Check(type(records[0]), DURATION)(to_arrow(records, type(records[0]), STAMP, dimension))
    assert checked.good.num_rows + checked.refused.num_rows == len(records)
    return [reasons.split("; ") for reasons in checked.refused[REASONS].to_pylist()]


def label(start: int = 0, end: int = 1, confidence: float | None = None) -> Label:
    return Label(start_ns=start, end_ns=end, label="bright", confidence=confidence)


def line(language: str) -> DialogueLine:
    return DialogueLine(start_ns=0, end_ns=1, line=0, text="Hello", language=language)


def vector(*numbers: float) -> Embedding:
    return Embedding(start_ns=0, end_ns=1, vector=numbers)


@pytest.mark.parametrize(
    "record",
    [
        label(0, DURATION),
        label(confidence=0.0),
        label(confidence=1.0),
        Shot(start_ns=999, end_ns=DURATION, number=3),
        Keyframe(start_ns=1, end_ns=2, shot_start_ns=0, shot_end_ns=9, thumbnail="k"),
        line("en"),
        line("zh-Hant-TW"),
        line("und"),
        line("es-419"),
        line("tlh"),
    ],
)
def test_a_sound_row_passes(record: Record) -> None:
    assert told(record) == []


@pytest.mark.parametrize(
    ("record", "reasons"),
    [
        (label(5, 5), ["end_ns does not come after start_ns"]),
        (label(6, 5), ["end_ns does not come after start_ns"]),
        (label(-1, 5), [f"start_ns {OUTSIDE}"]),
        (label(5, DURATION + 1), [f"end_ns {OUTSIDE}"]),
        (label(DURATION, DURATION + 1), [f"end_ns {OUTSIDE}"]),
        (label(confidence=-0.01), ["confidence is not in [0, 1]"]),
        (label(confidence=1.01), ["confidence is not in [0, 1]"]),
        (label(confidence=float("nan")), ["confidence is not in [0, 1]"]),
        (
            Keyframe(start_ns=1, end_ns=2, shot_start_ns=0, shot_end_ns=2000, thumbnail="k"),
            [f"shot_end_ns {OUTSIDE}"],
        ),
        (line("English"), ["language is no BCP-47 language tag"]),
        (line("en_US"), ["language is no BCP-47 language tag"]),
        (line("e"), ["language is no BCP-47 language tag"]),
        (line(""), ["language is no BCP-47 language tag"]),
        (line("en\n"), ["language is no BCP-47 language tag"]),
        (
            label(DURATION + 9, -2, confidence=7),
            [
                "confidence is not in [0, 1]",
                f"start_ns {OUTSIDE}",
                f"end_ns {OUTSIDE}",
                "end_ns does not come after start_ns",
            ],
        ),
    ],
)
def test_a_bad_row_is_refused_with_all_its_reasons(record: Record, reasons: list[str]) -> None:
    assert told(record) == [reasons]


@pytest.mark.parametrize(
    "numbers",
    [(0, 0), (1, 1), (0.5, 0.5), (float("nan"), 1), (float("inf"), 0), (1e38, 1e38), (1.01, 0)],
    ids=str,
)
def test_a_vector_that_is_not_of_unit_length_and_finite_is_refused(numbers: tuple[float, ...]) -> None:
    assert told(vector(*numbers), dimension=2) == [[UNIT]]


def test_a_unit_vector_passes_and_a_bad_one_beside_it_is_told_apart() -> None:
    rows = [vector(1, 0), vector(0.6, 0.8), vector(2, 0)]
    rows = [row.model_copy(update={"start_ns": at, "end_ns": at + 1}) for at, row in enumerate(rows)]
    checked = Check(Embedding, DURATION)(to_arrow(rows, Embedding, STAMP, 2))
    assert checked.good["start_ns"].to_pylist() == [0, 1]
    assert np.allclose(checked.good["vector"][1].as_py(), [0.6, 0.8])
    assert checked.refused["start_ns"].to_pylist() == [2]


def test_of_rows_with_one_key_the_first_sound_one_passes() -> None:
    rows = [label(0, -1), label(0, 5), label(0, 7)]
    check = Check(Label, DURATION)
    first = check(to_arrow(rows, Label, STAMP))
    assert first.good["end_ns"].to_pylist() == [5]
    assert [DUPLICATE in reasons for reasons in first.refused[REASONS].to_pylist()] == [False, True]
    later = check(to_arrow([label(0, 5), label(1, 5)], Label, STAMP))
    assert (later.good["start_ns"].to_pylist(), later.refused["start_ns"].to_pylist()) == ([1], [0])


@pytest.mark.parametrize("schema", STANDARD_TYPES.values(), ids=STANDARD_TYPES)
def test_a_missing_value_is_refused_by_its_name(schema: type[Record]) -> None:
    columns = arrow_schema(schema, 2 if has_vector(schema) else None)
    empty = pa.RecordBatch.from_arrays(
        [
            pa.array(["id"]) if field.name == "id" else pa.nulls(1, field.type)
            for field in columns
            if field.name != "vector"
        ],
        [field.name for field in columns if field.name != "vector"],
    )
    missing = [rule.reason for rule in rules(schema, DURATION) if rule.reason.endswith(" is missing")]
    broken = [
        rule.reason
        for rule in rules(schema, DURATION)
        if "vector" not in rule.reason and rule.broken(empty).all()
    ]
    assert {"start_ns is missing", "end_ns is missing"} <= set(missing)
    assert broken == missing


def test_no_rows_are_no_rows() -> None:
    checked = Check(Embedding, DURATION)(to_arrow([], Embedding, STAMP, 2))
    assert (checked.good.num_rows, checked.refused.num_rows) == (0, 0)


numbers = st.integers(-2, DURATION + 2)
drawn = st.lists(
    st.builds(
        Label,
        start_ns=numbers,
        end_ns=numbers,
        label=st.sampled_from(["a", "b"]),
        confidence=st.one_of(st.none(), st.floats()),
    ),
    max_size=30,
)


@given(drawn, st.integers(1, 7))
def test_every_row_comes_out_once_good_or_refused_and_unchanged(records: list[Label], size: int) -> None:
    check = Check(Label, DURATION)
    good: list[dict[str, Any]] = []
    refused: list[dict[str, Any]] = []
    for first in range(0, len(records), size):
        checked = check(to_arrow(records[first : first + size], Label, STAMP))
        good += checked.good.to_pylist()
        refused += checked.refused.drop_columns([REASONS]).to_pylist()
        assert all(checked.refused[REASONS].to_pylist())
    expected = to_arrow(records, Label, STAMP).to_pylist()
    assert sorted(map(repr, good + refused)) == sorted(map(repr, expected))
    assert len({row["id"] for row in good}) == len(good)
    assert all(0 <= row["start_ns"] < row["end_ns"] <= DURATION for row in good)
    assert {row["id"] for row in good} >= {
        row["id"]
        for row in expected
        if 0 <= row["start_ns"] < row["end_ns"] <= DURATION
        and (row["confidence"] is None or 0 <= row["confidence"] <= 1)
    }
