from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from watchdown.validation.check import Check
from watchdown_schemas.columns import Stamp
from watchdown_schemas.declaring import declare
from watchdown_schemas.fields import has_vector
from watchdown_schemas.geometry import canonical
from watchdown_schemas.record import AlgorithmOutput, Record, TemporalSpatial
from watchdown_schemas.rows import from_rows
from watchdown_schemas.types import STANDARD_TYPES, Appearance, Detection, Embedding, Note

STAMP = Stamp(run=7, title="t", timeline="t.1", asset="video", algorithm="drawn", version="1.2.3")
TYPES = list(STANDARD_TYPES.values())
DESIGNED = {
    *("Shot", "Scene", "Keyframe", "Embedding", "DialogueLine", "Label", "Detection", "Appearance"),
    *("OnScreenText", "AudioEvent", "Caption", "Note"),
}
BOX = "POLYGON ((0.25 0.5, 0.5 0.5, 0.5 0.75, 0.25 0.75, 0.25 0.5))"
named = pytest.mark.parametrize("schema", TYPES, ids=lambda schema: schema.__name__)


def test_all_types_of_the_design_are_there_and_no_other() -> None:
    assert set(STANDARD_TYPES) == DESIGNED
    assert list(STANDARD_TYPES) == sorted(STANDARD_TYPES)


@named
def test_a_type_has_a_card_of_one_paragraph_that_says_who_writes_it(schema: type[Record]) -> None:
    card = declare(schema).doc
    assert "\n" not in card
    assert card.count(".") >= 2
    assert "write" in card


@named
def test_every_field_says_what_it_is(schema: type[Record]) -> None:
    assert [field.name for field in declare(schema).fields if not field.doc.endswith(".")] == []


@named
def test_the_example_is_a_whole_and_valid_record(schema: type[Record]) -> None:
    common = TemporalSpatial.model_fields.keys() | AlgorithmOutput.model_fields.keys()
    own = set(schema.model_fields) - common
    assert own | {"start_ns", "end_ns"} <= set(schema.example)
    record = schema(**schema.example)
    dimension = len(schema.example["vector"]) if has_vector(schema) else None
    for row in (record, schema.example):
        converted = from_rows(schema, [row], STAMP, dimension)
        assert converted.faults == []
        assert converted.batch.num_rows == 1
    shape = schema.example.get("geometry")
    assert shape is None or canonical(shape) == shape


def refused(schema: type[Record], **values: Any) -> set[str]:
    """Return the fields that a class complains of."""
    with pytest.raises(ValidationError) as raised:
        schema(**values)
    return {str(fault["loc"][0]) for fault in raised.value.errors()}


@pytest.mark.feature(1)
def test_a_box_without_its_time_range_is_refused_and_the_fields_are_named() -> None:
    assert refused(Detection, label="car", geometry=BOX) == {"start_ns", "end_ns"}
    assert refused(Detection, label="car", start_ns=0, end_ns=1) == {"geometry"}
    converted = from_rows(Detection, [{"label": "car", "geometry": BOX}], STAMP)
    checked = Check(Detection, 10**9)(converted.batch, converted.faults)
    assert (checked.good.num_rows, checked.refused.num_rows) == (0, 1)
    assert {(fault.row, fault.field, fault.rule) for fault in checked.faults} == {
        (0, "start_ns", "is missing"),
        (0, "end_ns", "is missing"),
    }


@pytest.mark.parametrize(
    ("schema", "field"), [("Embedding", "of"), ("AudioEvent", "kind"), ("Caption", "of"), ("Note", "colour")]
)
def test_a_value_outside_a_closed_set_is_refused_and_the_field_is_named(schema: str, field: str) -> None:
    found = STANDARD_TYPES[schema]
    assert refused(found, **{**found.example, field: "nonsense"}) == {field}


def test_things_of_one_frame_are_told_apart_by_their_place_and_label() -> None:
    other = "POLYGON ((0 0, 0.1 0, 0.1 0.1, 0 0.1, 0 0))"
    rows = [
        Detection(start_ns=0, end_ns=1, label=label, geometry=shape)
        for label in "ab"
        for shape in (BOX, other)
    ]
    ids = from_rows(Detection, rows, STAMP).batch["id"].to_pylist()
    assert len(set(ids)) == 4


def test_people_of_one_frame_are_told_apart_named_or_not() -> None:
    who = [
        {"person": "ada"},
        {"person": "ben"},
        {"track": "face-1"},
        {"track": "face-2"},
        {"character": "Eve"},
    ]
    rows = [Appearance(start_ns=0, end_ns=1, **one) for one in who]
    assert len(set(from_rows(Appearance, rows, STAMP).batch["id"].to_pylist())) == len(who)


def test_a_changed_note_keeps_its_identity() -> None:
    rows = [
        Note(start_ns=0, end_ns=1, note="n1", author="june", text="first"),
        Note(start_ns=5, end_ns=9, note="n1", author="ben", text="second", revision=1),
    ]
    ids = from_rows(Note, rows, STAMP).batch["id"].to_pylist()
    assert ids[0] == ids[1]


def test_equal_vectors_and_a_title_half_covered_by_shots_are_judged() -> None:
    assert (Embedding.quality.vector_variance_min or 0) > 0
    shots = STANDARD_TYPES["Shot"].quality
    assert shots.coverage is not None
    assert shots.coverage[0] == pytest.approx(0.99)
    assert shots.empty_share_max == 0
