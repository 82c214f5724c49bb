from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchdown.validation.check import DUPLICATE, FAULTS, REASONS, ROW, TOLD, Check
from watchdown_schemas.columns import Stamp, from_columns
from watchdown_schemas.errors import SchemaInvalid
from watchdown_schemas.faults import Fault
from watchdown_schemas.fields import fields, has_vector
from watchdown_schemas.record import Record
from watchdown_schemas.rows import from_rows, to_arrow
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
        (
            Keyframe(start_ns=1, end_ns=2, shot_start_ns=5, shot_end_ns=5, thumbnail="k"),
            ["shot_end_ns does not come after shot_start_ns"],
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
    assert first.refused[REASONS].to_pylist() == [
        f"end_ns {OUTSIDE}; end_ns does not come after start_ns",
        f"id {DUPLICATE}",
    ]
    later = check(to_arrow([label(0, 5), label(1, 5)], Label, STAMP))
    assert (later.good["start_ns"].to_pylist(), later.refused["start_ns"].to_pylist()) == ([1], [0])
    assert later.faults == (Fault(3, "id", "start_ns 0, label 'bright'", DUPLICATE),)


@pytest.mark.parametrize("schema", STANDARD_TYPES.values(), ids=STANDARD_TYPES)
def test_a_missing_value_is_refused_by_its_name(schema: type[Record]) -> None:
    mandatory = [field.name for field in fields(schema) if not (field.optional or field.stamped)]
    empty = dict.fromkeys([field.name for field in fields(schema)])
    batch = from_rows(schema, [empty], STAMP, 2 if has_vector(schema) else None).batch
    checked = Check(schema, DURATION)(batch)
    assert {"start_ns", "end_ns"} <= set(mandatory)
    assert [(fault.field, fault.value, fault.rule) for fault in checked.faults] == [
        (name, "None", "is missing") for name in mandatory
    ]
    assert checked.refused[REASONS].to_pylist() == ["; ".join(f"{name} is missing" for name in mandatory)]


def test_no_rows_are_no_rows() -> None:
    checked = Check(Embedding, DURATION)(to_arrow([], Embedding, STAMP, 2))
    assert (checked.good.num_rows, checked.refused.num_rows) == (0, 0)


def test_a_refused_row_tells_each_fault_with_its_place_field_value_and_rule() -> None:
    check = Check(Label, DURATION)
    check(to_arrow([label(0), label(1, 9)], Label, STAMP))
    checked = check(to_arrow([label(2, 9), label(-1, 5, confidence=7), label(3, 9)], Label, STAMP))
    assert checked.faults == (
        Fault(3, "confidence", "7.0", "is not in [0, 1]"),
        Fault(3, "start_ns", "-1", OUTSIDE),
    )
    assert checked.refused[ROW].to_pylist() == [3]
    assert checked.refused[REASONS].to_pylist() == [f"confidence is not in [0, 1]; start_ns {OUTSIDE}"]
    assert checked.refused[FAULTS].to_pylist() == [
        [
            {"field": "confidence", "value": "7.0", "rule": "is not in [0, 1]"},
            {"field": "start_ns", "value": "-1", "rule": OUTSIDE},
        ]
    ]


def test_what_did_not_fit_is_told_once_and_not_as_missing_too() -> None:
    sound = {"start_ns": 0, "end_ns": 1, "label": "a"}
    rows = [sound, {**sound, "start_ns": "soon", "confidence": 3.0}, {**sound, "start_ns": 2, "hue": 5}, "x"]
    converted = from_rows(Label, rows, STAMP)
    checked = Check(Label, DURATION)(converted.batch, converted.faults)
    assert checked.good["start_ns"].to_pylist() == [0]
    assert checked.faults == (
        Fault(1, "start_ns", "'soon'", "is not a whole number of 64 bits"),
        Fault(1, "confidence", "3.0", "is not in [0, 1]"),
        Fault(2, "hue", "5", "is no field of Label.2"),
        Fault(2, "end_ns", "1", "does not come after start_ns"),
        Fault(3, "row", "'x'", "is no Label.2"),
    )


def test_rows_whose_key_did_not_fit_are_not_told_as_duplicates_as_well() -> None:
    rows = [{"line": number, "text": "a", "start_ns": 0, "end_ns": 1} for number in (0, "x", "y", 0)]
    converted = from_rows(DialogueLine, rows, STAMP)
    checked = Check(DialogueLine, DURATION)(converted.batch, converted.faults)
    assert [(fault.row, fault.field) for fault in checked.faults] == [(1, "line"), (2, "line"), (3, "id")]


def test_refused_rows_of_every_kind_of_fault_can_be_written_as_parquet(tmp_path: Path) -> None:
    rows = [
        {},
        {"start_ns": "x", "vector": [1.0]},
        {"start_ns": 1, "end_ns": 2, "of": "film", "vector": [float("nan"), 1], "entities": None},
    ]
    converted = from_rows(Embedding, rows, STAMP, 2)
    checked = Check(Embedding, DURATION)(converted.batch, converted.faults)
    assert checked.good.num_rows == 0
    with pq.ParquetWriter(tmp_path / "refused.parquet", checked.refused.schema) as writer:
        writer.write_batch(checked.refused)
    back = pq.read_table(tmp_path / "refused.parquet")
    assert back.drop_columns(["vector"]).equals(
        pa.Table.from_batches([checked.refused]).drop_columns(["vector"])
    )
    assert repr(back["vector"].to_pylist()) == "[None, None, [nan, 1.0]]"


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ({"label": "x" * 10_000_000}, "is longer than 8,191 characters"),
        ({"label": "a\x00b"}, "has control characters"),
        ({"label": "a\nb"}, "has control characters"),
        ({"label": "a\x85b"}, "has control characters"),
        ({"geometry": "POLYGON ((0 0, 1 0, 1 1))"}, "is no WKT of a known kind"),
        ({"geometry": "POINT (0.5 0.5" + " " * 10_000_000}, "is longer than 100,000 characters"),
        ({"geometry": "POINT (0.5 1.5)"}, "lies outside the frame"),
        ({"entities": ["person:ada", "ada"]}, "is not of the form kind:id"),
        ({"attributes": {"": "nameless"}}, "has an attribute without a name"),
        ({"attributes": {"score": float("inf")}}, "has an attribute that is no finite number"),
    ],
    ids=lambda value: value if isinstance(value, str) else next(iter(value)),
)
def test_a_bad_value_is_told_and_the_rows_beside_it_pass(row: dict[str, Any], rule: str) -> None:
    rows = [{"start_ns": at, "end_ns": at + 1, "label": "a"} for at in range(3)]
    batch = from_rows(Label, [rows[0], rows[1] | row, rows[2]], STAMP).batch
    checked = Check(Label, DURATION)(batch)
    assert [(fault.row, fault.field, fault.rule) for fault in checked.faults] == [(1, next(iter(row)), rule)]
    assert len(checked.faults[0].value) < 120
    assert checked.good.equals(batch.take([0, 2]))


@pytest.mark.parametrize("letter", ["\0", "\x0b", "\r", "\x1f", "\x7f", "\x80", "\x9f"])
def test_a_text_has_no_control_characters_but_tabs_and_line_breaks(letter: str) -> None:
    lines = [line("en").model_copy(update={"text": text}) for text in ("a\tb\nc", f"a{letter}b")]
    rule = "has control characters other than tabs and line breaks"
    assert told(lines[0]) == []
    assert told(lines[1]) == [[f"text {rule}"]]


def test_of_a_long_list_the_value_at_fault_is_shown() -> None:
    row = {"start_ns": 0, "end_ns": 1, "label": "a", "entities": [*(f"person:{n}" for n in range(99)), "ada"]}
    checked = Check(Label, DURATION)(from_rows(Label, [row], STAMP).batch)
    assert checked.faults == (Fault(0, "entities", "'ada'", "is not of the form kind:id"),)


def test_of_a_long_vector_the_first_numbers_are_shown() -> None:
    row = {"start_ns": 0, "end_ns": 1, "vector": [0.5] * 512}
    checked = Check(Embedding, DURATION)(from_rows(Embedding, [row], STAMP, 512).batch)
    (fault,) = checked.faults
    assert fault.value == "[0.5, 0.5, 0.5, 0.5, 0.5, 0.5, ... of 512 numbers]"


def test_empty_places_in_a_list_are_faults() -> None:
    entities = pa.array([["person:a", None], [], ["a:b"]])
    columns = {"start_ns": [0, 1, 2], "end_ns": [1, 2, 3], "label": ["a"] * 3, "entities": entities}
    checked = Check(Label, DURATION)(from_columns(Label, columns, STAMP).batch)
    assert checked.faults == (Fault(0, "entities", "None", "has an empty place"),)


def test_a_type_with_a_field_named_as_a_column_of_refused_rows_is_refused() -> None:
    class Seat(Record):
        """A seat."""

        row: int

    with pytest.raises(SchemaInvalid, match=r"Seat\.1: has the field row"):
        Check(Seat, DURATION)


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
    places: list[int] = []
    for first in range(0, len(records), size):
        checked = check(to_arrow(records[first : first + size], Label, STAMP))
        good += checked.good.to_pylist()
        refused += checked.refused.drop_columns([*TOLD]).to_pylist()
        assert all(checked.refused[REASONS].to_pylist())
        assert all(checked.refused[FAULTS].to_pylist())
        places += checked.refused[ROW].to_pylist()
    expected = to_arrow(records, Label, STAMP).to_pylist()
    assert sorted(map(repr, good + refused)) == sorted(map(repr, expected))
    assert [*map(repr, refused)] == [repr(expected[place]) for place in places]
    assert len({row["id"] for row in good}) == len(good)
    assert all(0 <= row["start_ns"] < row["end_ns"] <= DURATION for row in good)
    assert {row["id"] for row in good} >= {
        row["id"]
        for row in expected
        if 0 <= row["start_ns"] < row["end_ns"] <= DURATION
        and (row["confidence"] is None or 0 <= row["confidence"] <= 1)
    }
