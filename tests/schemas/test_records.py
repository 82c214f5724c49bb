from __future__ import annotations

from random import Random
from typing import Annotated

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from watchdown_schemas.arrow import STEMS, WORDS, arrow_schema
from watchdown_schemas.columns import Stamp
from watchdown_schemas.errors import RecordInvalid, SchemaInvalid
from watchdown_schemas.fields import fields, has_vector
from watchdown_schemas.ids import record_id, short_hash
from watchdown_schemas.record import AlgorithmOutput, Record, TemporalSpatial
from watchdown_schemas.roles import Text, Vector
from watchdown_schemas.rows import to_arrow
from watchdown_schemas.types import (
    STANDARD_TYPES,
    DialogueLine,
    Embedding,
    Keyframe,
    Label,
    Shot,
    schema_type,
)

TYPES = list(STANDARD_TYPES.values())
STAMP = Stamp(run=7, title="t", timeline="t.1", asset="video", algorithm="drawn", version="1.2.3")
STAMPED = ["id", "type", "run", "title", "timeline", "asset", "algorithm", "version"]


def dimension_of(schema: type[Record]) -> int | None:
    return 4 if has_vector(schema) else None


@pytest.mark.parametrize("schema", TYPES, ids=lambda schema: schema.__name__)
def test_the_columns_are_the_fields_and_two_token_strings_per_text(schema: type[Record]) -> None:
    expected = []
    for field in fields(schema):
        expected.append(field.name)
        if field.role(Text):
            expected += [field.name + WORDS, field.name + STEMS]
    assert arrow_schema(schema, dimension_of(schema)).names == expected


@pytest.mark.parametrize("schema", TYPES, ids=lambda schema: schema.__name__)
def test_a_column_may_be_null_only_where_the_field_may_be_none(schema: type[Record]) -> None:
    columns = arrow_schema(schema, dimension_of(schema))
    assert {field.name: field.optional for field in fields(schema)} == {
        field.name: columns.field(field.name).nullable for field in fields(schema)
    }


@pytest.mark.parametrize("schema", TYPES, ids=lambda schema: schema.__name__)
def test_every_standard_type_is_stamped_and_has_a_place_in_time(schema: type[Record]) -> None:
    columns = arrow_schema(schema, dimension_of(schema))
    assert issubclass(schema, TemporalSpatial)
    assert issubclass(schema, AlgorithmOutput)
    assert [field.name for field in fields(schema) if field.stamped] == STAMPED
    assert not any(columns.field(name).nullable for name in ["start_ns", "end_ns", *STAMPED])
    assert columns.field("start_ns").type == columns.field("end_ns").type == pa.int64()
    assert columns.metadata == {b"watchdown.schema": schema.schema_label().encode()}


def test_types_keep_their_arrow_columns() -> None:
    line = arrow_schema(DialogueLine)
    assert [line.field(name).type for name in ("text", "text_words", "text_stems")] == [pa.string()] * 3
    assert not line.field("text_words").nullable
    assert line.field("speaker").nullable
    assert arrow_schema(Embedding, 128).field("vector").type == pa.list_(pa.float32(), 128)
    assert arrow_schema(Shot).field("number").type == pa.int64()
    assert arrow_schema(Shot).field("confidence").type == pa.float64()
    assert not arrow_schema(Label).field("label").nullable
    assert arrow_schema(Keyframe).field("label").nullable


def test_a_vector_without_a_dimension_is_refused() -> None:
    with pytest.raises(SchemaInvalid, match="Embedding: field vector has no dimension"):
        arrow_schema(Embedding)


@pytest.mark.feature(9)
@pytest.mark.parametrize("length", [0, 3, 5])
def test_a_vector_of_the_wrong_length_is_refused(length: int) -> None:
    records = [Embedding(start_ns=0, end_ns=1, vector=[1.0, 0, 0, 0])]
    records.append(Embedding(start_ns=1, end_ns=2, vector=[0.5] * length))
    expected = rf"^Embedding\.2 row 1: vector is not 4 numbers \(has {length} numbers\)"
    with pytest.raises(RecordInvalid, match=expected):
        to_arrow(records, Embedding, STAMP, 4)


def test_an_unsupported_field_type_is_refused_by_name() -> None:
    class Listed(Record):
        names: list[str]

    with pytest.raises(
        SchemaInvalid, match=r"Listed\.names: has the type list\[str\], which no store can hold"
    ):
        arrow_schema(Listed)


def test_an_unknown_schema_type_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(
        RecordInvalid, match=r"Shoot: is no known schema type\. Known types: .*Shot\."
    ) as raised:
        schema_type("Shoot")
    assert raised.value.subject == "Shoot"
    assert all(schema_type(name) is schema for name, schema in STANDARD_TYPES.items())


def test_a_field_that_the_type_does_not_have_is_refused() -> None:
    with pytest.raises(ValidationError, match="colour"):
        Shot(start_ns=0, end_ns=1, number=0, colour="red")  # type: ignore[call-arg] # the fault at hand


def test_a_record_cannot_be_changed() -> None:
    shot = Shot(start_ns=0, end_ns=1, number=0)
    with pytest.raises(ValidationError, match="frozen"):
        shot.number = 2  # type: ignore[misc] # the fault at hand


def test_an_error_is_one_line_that_names_its_subject_and_the_remedy() -> None:
    error = RecordInvalid("odd\nname\x1b[31m", "is\rbad.", "Mend it.")
    assert str(error) == r"odd\nname\x1b[31m: is\rbad. Mend it."
    assert error.remedy == "Mend it."


def test_the_runtime_stamps_what_the_algorithm_does_not_know() -> None:
    lines = [DialogueLine(start_ns=0, end_ns=5, line=0, text="Running home!", language="en", asset="subs")]
    row = to_arrow(lines, DialogueLine, STAMP).to_pylist()[0]
    assert (row["type"], row["run"], row["title"]) == ("DialogueLine.2", 7, "t")
    assert (row["timeline"], row["algorithm"], row["version"]) == ("t.1", "drawn", "1.2.3")
    assert row["asset"] == "subs"
    assert to_arrow([Shot(start_ns=0, end_ns=5, number=0)], Shot, STAMP)["asset"].to_pylist() == ["video"]
    assert (row["text_words"], row["text_stems"]) == ("running home", "run home")


@pytest.mark.parametrize("schema", TYPES, ids=lambda schema: schema.__name__)
def test_no_records_are_a_batch_of_the_same_columns(schema: type[Record]) -> None:
    batch = to_arrow([], schema, STAMP, dimension_of(schema))
    assert batch.num_rows == 0
    assert batch.schema == arrow_schema(schema, dimension_of(schema))


def test_a_malformed_language_is_left_for_validation_to_refuse() -> None:
    lines = [DialogueLine(start_ns=0, end_ns=5, line=0, text="Running", language="English!")]
    assert to_arrow(lines, DialogueLine, STAMP).to_pylist()[0]["text_stems"] == "running"


starts = st.lists(st.integers(0, 10**12), unique=True, min_size=1, max_size=20)


@given(starts, st.randoms(use_true_random=False))
def test_ids_do_not_depend_on_the_order_of_arrival(starts: list[int], random: Random) -> None:
    labels = [Label(start_ns=start, end_ns=start + 1, label="bright") for start in starts]
    shuffled = random.sample(labels, len(labels))
    ids = [
        dict(zip(batch["start_ns"].to_pylist(), batch["id"].to_pylist(), strict=True))
        for batch in (to_arrow(labels, Label, STAMP), to_arrow(shuffled, Label, STAMP))
    ]
    assert ids[0] == ids[1]
    assert len(set(ids[0].values())) == len(starts)


def test_an_id_depends_on_run_type_and_key_and_on_nothing_else() -> None:
    first = Label(start_ns=5, end_ns=6, label="bright", confidence=0.2)
    again = Label(start_ns=5, end_ns=9, label="bright", confidence=0.9)
    other = Label(start_ns=5, end_ns=6, label="dark")
    ids = to_arrow([first, again, other], Label, STAMP)["id"].to_pylist()
    assert ids[0] == ids[1] == record_id(7, "Label", (5, "bright"))
    assert ids[0] != ids[2]
    assert record_id(8, "Label", (5, "bright")) != ids[0] != record_id(7, "Shot", (5, "bright"))


def test_ids_are_the_same_in_every_version_of_the_program() -> None:
    assert record_id(1, "Shot", (0,)) == "6jhvw236ixjmmv3sgobxscdi"
    assert short_hash("title", "ü", None, 1.5) == "zpjwzbrqk5e5gtsz3do5ux76"


@given(
    st.lists(st.one_of(st.text(), st.integers(), st.none())),
    st.lists(st.one_of(st.text(), st.integers(), st.none())),
)
def test_different_parts_never_hash_alike(
    some: list[str | int | None], others: list[str | int | None]
) -> None:
    assert (short_hash(*some) == short_hash(*others)) == (some == others)


def test_roles_are_read_through_inheritance_and_none() -> None:
    class Odd(TemporalSpatial):
        words: Annotated[str, Text()]
        maybe: Annotated[str | None, Text()] = None
        vector: Annotated[list[float], Vector()]

    found = {field.name: field for field in fields(Odd)}
    assert found["words"].role(Text)
    assert not found["words"].optional
    assert found["maybe"].role(Text)
    assert found["maybe"].optional
    assert has_vector(Odd)
    assert not has_vector(Shot)
