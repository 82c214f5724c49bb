from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.strategies import DIMENSION, STAMP, Everything
from watchdown_schemas.columns import TEXT_LIMIT, from_columns
from watchdown_schemas.errors import RecordInvalid
from watchdown_schemas.faults import Fault
from watchdown_schemas.types import DialogueLine, Embedding, Label

SOUND = {"start_ns": [0, 1, 2], "end_ns": [1, 2, 3], "label": ["a", "b", "c"]}
ATTRIBUTES = pa.list_(
    pa.struct(
        [("number", pa.int32()), ("name", pa.large_string()), ("keyword", pa.string()), ("time", pa.int64())]
    )
)


def labels(**columns: Any) -> pa.RecordBatch:
    """Return a batch of labels in which nothing is at fault."""
    converted = from_columns(Label, {**SOUND, **columns}, STAMP)
    assert converted.faults == []
    return converted.batch


def by_hand(*values: bytes) -> pa.Array:
    """Return a column of strings from whatever bytes, as another program might hand it over."""
    offsets = np.cumsum([0, *map(len, values)]).astype(np.int32)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(b"".join(values))]
    return pa.Array.from_buffers(pa.string(), len(values), buffers)


@pytest.mark.parametrize(
    "column",
    [
        pa.array(["a", "b", "c"], pa.large_string()),
        pa.array(["a", "b", "c"], pa.string_view()),
        pa.array(["a", "b", "c"]).dictionary_encode(),
        pa.chunked_array([["a"], [], ["b", "c"]]),
        pa.array(["z", "a", "b", "c"]).slice(1),
        np.array(["a", "b", "c"]),
        np.array(["a", "b", "c"], dtype=object),
        [np.str_("a"), "b", "c"],
        ("a", "b", "c"),
    ],
    ids=lambda column: str(getattr(column, "type", type(column))),
)
def test_text_may_come_in_any_form_that_holds_text(column: Any) -> None:
    assert labels(label=column) == labels()


@pytest.mark.parametrize("kind", [np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint32, np.uint64])
def test_whole_numbers_may_come_in_any_width(kind: type[Any]) -> None:
    assert labels(start_ns=np.arange(3, dtype=kind)) == labels(start_ns=pa.array(np.arange(3, dtype=kind)))
    assert labels(start_ns=np.arange(3, dtype=kind)) == labels()


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, np.int64])
def test_numbers_may_come_in_any_precision(kind: type[Any]) -> None:
    assert labels(confidence=np.array([0, 1, 1], kind))["confidence"].to_pylist() == [0, 1, 1]


@pytest.mark.parametrize(
    ("field", "column", "cause"),
    [
        ("start_ns", pa.array([0.0, 1, 2]), "start_ns: is a column of Arrow type double, not int64"),
        ("start_ns", np.array([0.0, 1, 2]), "start_ns: is a column of Arrow type double, not int64"),
        ("start_ns", pa.array([0, 1, 2], pa.timestamp("ns")), r"of Arrow type timestamp\[ns\], not int64"),
        ("start_ns", pa.array(["0", "1", "2"]), "of Arrow type string, not int64"),
        ("start_ns", np.array([1j, 1, 2]), "start_ns: is a numpy column of type complex128, not int64"),
        ("label", pa.array([1, 2, 3]), "label: is a column of Arrow type int64, not string"),
        ("label", pa.array([b"a", b"b", b"c"]), "of Arrow type binary, not string"),
        ("confidence", pa.array([True, False, True]), "of Arrow type bool, not double"),
        ("entities", pa.array(["person:a"] * 3), "of Arrow type string, not list"),
        ("entities", pa.array([[1], [2], []]), "not list"),
        ("attributes", pa.array([{"a": 1}] * 3), "of Arrow type struct<a: int64>, not list"),
        ("attributes", pa.array([[{"name": "a"}], [], []]), "of Arrow type list<.*>, not list"),
        ("label", "abc", "Label.2.label: is a str, no column of values"),
        ("label", iter(["a", "b", "c"]), "is a list_iterator, no column of values"),
        ("label", {"a": 1, "b": 2, "c": 3}, "is a dict, no column of values"),
        ("label", ["a"], r"Label.2: has columns of unequal length: .*'label': 1"),
        ("colour", ["red"] * 3, r"Label.2: has no field colour. It has: entities, attributes, .*label"),
    ],
)
def test_a_column_of_another_kind_is_an_error_that_names_it(field: str, column: Any, cause: str) -> None:
    with pytest.raises(RecordInvalid, match=cause):
        from_columns(Label, {**SOUND, field: column}, STAMP)


@pytest.mark.parametrize("column", [pa.array(["a"]), pa.array([[1.0]]).cast(pa.list_(pa.bool_()))], ids=str)
def test_a_column_of_no_vectors_is_an_error_that_names_it(column: pa.Array) -> None:
    with pytest.raises(RecordInvalid, match="vector: is a column of Arrow type"):
        from_columns(Embedding, {"start_ns": [0], "end_ns": [1], "vector": column}, STAMP, DIMENSION)


def test_single_values_that_a_column_type_lets_pass_are_faults() -> None:
    columns = {**SOUND, "start_ns": pa.array([0, 2**64 - 1, 2], pa.uint64())}
    converted = from_columns(Label, columns | {"confidence": pa.array([1, 2**53 + 1, 0])}, STAMP)
    assert converted.faults == [
        Fault(1, "confidence", str(2**53 + 1), "is not a number of 64 bits"),
        Fault(1, "start_ns", str(2**64 - 1), "is not a whole number of 64 bits"),
    ]
    assert converted.batch["start_ns"].to_pylist() == [0, None, 2]


def test_what_is_no_utf_8_is_a_fault_and_the_rows_beside_it_are_unharmed() -> None:
    converted = from_columns(Label, {**SOUND, "label": by_hand(b"a", b"\xff\xfe", b"c")}, STAMP)
    assert converted.faults == [Fault(1, "label", r"b'\xff\xfe'", "is no UTF-8")]
    assert converted.batch["label"].to_pylist() == ["a", None, "c"]
    assert converted.batch.take([0, 2]).equals(labels().take([0, 2]))
    converted.batch.validate(full=True)


@pytest.mark.parametrize("as_type", [pa.large_string(), None], ids=["large", "dictionary"])
def test_no_form_of_text_lets_pass_what_is_no_utf_8(as_type: pa.DataType | None) -> None:
    column = by_hand(b"a", b"\xc3\x28", b"c")
    if as_type is None:
        column = pa.DictionaryArray.from_arrays(pa.array([0, 1, 2]), column)
    else:
        column = column.cast(as_type)
    converted = from_columns(Label, {**SOUND, "label": column}, STAMP)
    assert [(fault.row, fault.field) for fault in converted.faults] == [(1, "label")]


@given(st.lists(st.binary(max_size=6), max_size=8))
def test_each_value_that_is_no_utf_8_is_told_and_no_other(values: list[bytes]) -> None:
    decoded = [text.decode(errors="replace") for text in values]
    sound = [text.encode() == value for text, value in zip(decoded, values, strict=True)]
    converted = from_columns(Label, {"label": by_hand(*values)}, STAMP)
    assert {fault.row for fault in converted.faults} == {row for row, fine in enumerate(sound) if not fine}
    assert converted.batch["label"].to_pylist() == [
        text if fine else None for text, fine in zip(decoded, sound, strict=True)
    ]


def test_what_is_no_utf_8_is_found_in_lists_and_in_attributes() -> None:
    entities = pa.ListArray.from_arrays(pa.array([0, 1, 3, 4]), by_hand(b"a:b", b"c:d", b"\xff", b"e:f"))
    names, none = by_hand(b"\x80", b"fine"), pa.nulls(2, pa.string())
    parts = {
        "name": names,
        "keyword": none,
        "number": pa.array([1.0, 2]),
        "time": pa.nulls(2, pa.int64()),
    }
    struct = pa.StructArray.from_arrays(list(parts.values()), list(parts))
    attributes = pa.ListArray.from_arrays(pa.array([0, 1, 2, 2]), struct)
    converted = from_columns(Label, {**SOUND, "entities": entities, "attributes": attributes}, STAMP)
    assert converted.faults == [
        Fault(1, "entities", r"b'\xff'", "is no UTF-8"),
        Fault(0, "attributes", r"b'\x80'", "is no UTF-8"),
    ]
    assert converted.batch["entities"].to_pylist() == [["a:b"], None, ["e:f"]]
    assert converted.batch["attributes"][1].as_py()[0]["name"] == "fine"
    converted.batch.validate(full=True)


def backwards() -> pa.Array:
    """Return a column whose second text ends before it begins."""
    offsets = pa.array([0, 2, 1, 3], pa.int32()).buffers()[1]
    return pa.Array.from_buffers(pa.string(), 3, [None, offsets, pa.py_buffer(b"abc")])


@pytest.mark.parametrize(
    "column",
    [
        backwards(),
        pa.DictionaryArray.from_arrays(pa.array([0, 1, 9]), pa.array(["a", "b"]), safe=False),
    ],
    ids=["offsets", "dictionary"],
)
def test_a_column_with_broken_buffers_is_an_error_that_names_it(column: pa.Array) -> None:
    with pytest.raises(RecordInvalid, match="label: is a broken Arrow column"):
        from_columns(Label, {**SOUND, "label": column}, STAMP)


def test_attributes_may_come_in_their_arrow_form() -> None:
    given_form = [{"name": "year", "number": 1999, "keyword": None, "time": None}]
    as_columns = labels(attributes=pa.array([given_form, [], None], ATTRIBUTES))
    assert as_columns["attributes"].to_pylist() == [given_form, [], None]
    assert labels(attributes=[given_form, [], None]) == as_columns
    assert labels(attributes=[{"year": 1999}, {}, None]) == as_columns


def test_of_attributes_without_a_name_the_row_is_told() -> None:
    unnamed = pa.array([[], [{"number": 1}], []], ATTRIBUTES)
    (fault,) = from_columns(Label, {**SOUND, "attributes": unnamed}, STAMP).faults
    assert (fault.row, fault.field) == (1, "attributes")


@pytest.mark.parametrize(
    "column",
    [
        np.eye(3, DIMENSION, dtype=np.float64),
        np.asfortranarray(np.eye(3, DIMENSION, dtype=np.float32)),
        np.eye(3, DIMENSION, dtype=np.int32),
        np.eye(3, DIMENSION).tolist(),
        list(np.eye(3, DIMENSION)),
        pa.array(np.eye(3, DIMENSION).tolist()),
        pa.array(np.eye(3, DIMENSION).tolist(), pa.large_list(pa.float16())),
        pa.array(np.eye(3, DIMENSION).tolist(), pa.list_(pa.float64(), DIMENSION)),
        pa.array(np.eye(4, DIMENSION)[[3, 0, 1, 2]].tolist(), pa.list_(pa.float32(), DIMENSION)).slice(1),
        pa.chunked_array([[[1.0, 0, 0, 0]], [[0.0, 1, 0, 0], [0.0, 0, 1, 0]]]),
    ],
    ids=lambda column: str(getattr(column, "type", getattr(column, "dtype", type(column)))),
)
def test_vectors_may_come_in_any_form_that_holds_them(column: Any) -> None:
    columns = {"start_ns": [0, 1, 2], "end_ns": [1, 2, 3], "vector": column}
    converted = from_columns(Embedding, columns, STAMP, DIMENSION)
    assert converted.faults == []
    assert converted.batch["vector"].type == pa.list_(pa.float32(), DIMENSION)
    assert converted.batch["vector"].to_pylist() == np.eye(3, DIMENSION).tolist()


@given(st.lists(st.one_of(st.none(), st.integers(0, 4)), max_size=8))
def test_vectors_of_another_length_are_told_in_arrow_as_in_lists(lengths: list[int | None]) -> None:
    size = 2
    values = [None if length is None else [1.0] * length for length in lengths]
    told = [
        Fault(row, "vector", f"has {length} numbers", "is not 2 numbers")
        for row, length in enumerate(lengths)
        if length not in (None, size)
    ]
    places = list(range(len(values)))
    for column in (values, pa.array(values, pa.list_(pa.float64()))):
        columns = {"start_ns": places, "vector": column}
        converted = from_columns(Embedding, columns, STAMP, size)
        assert converted.faults == told
        assert converted.batch["vector"].to_pylist() == [
            [1.0, 1.0] if length == size else None for length in lengths
        ]


def test_columns_that_are_left_out_take_the_default_of_their_field() -> None:
    batch = from_columns(Everything, {"code": ["a", "b"]}, STAMP).batch
    defaults = {
        "entities": [],
        "attributes": [],
        "share": 0.5,
        "perhaps": None,
        "said": "",
        "said_words": "",
        "noted": None,
        "noted_stems": None,
        "spoken": "und",
        "words": [],
        "vector": None,
        "count": None,
        "asset": "video",
    }
    assert {name: batch[name].to_pylist() for name in defaults} == {
        name: [value] * 2 for name, value in defaults.items()
    }
    assert from_columns(Everything, {"code": ["a", "b"], "share": None}, STAMP).batch == batch


def test_no_columns_are_as_many_rows_as_one_says() -> None:
    assert from_columns(Label, {}, STAMP).batch.num_rows == 0
    assert from_columns(Label, {}, STAMP, rows=3).batch.num_rows == 3


def test_what_a_row_claims_of_its_run_is_written_over_and_its_place_is_checked() -> None:
    claims = {
        "id": ["x"] * 3,
        "run": [5] * 3,
        "algorithm": ["other"] * 3,
        "version": [""] * 3,
        "asset": ["", None, "subs"],
        "title": ["t", "", None],
        "timeline": ["t.1", "", None],
        "type": ["Label", "Label.2", ""],
    }
    batch = labels(**claims)
    assert batch["asset"].to_pylist() == ["video", "video", "subs"]
    rest = [name for name in batch.schema.names if name != "asset"]
    assert batch.select(rest) == labels().select(rest)


def test_versions_that_are_mixed_in_one_batch_are_faults_of_their_rows() -> None:
    converted = from_columns(Label, {**SOUND, "type": ["Label.2", "Label.1", "Shot.2"]}, STAMP)
    assert converted.faults == [
        Fault(1, "type", "'Label.1'", "is not Label.2, as the batch is"),
        Fault(2, "type", "'Shot.2'", "is not Label.2, as the batch is"),
    ]
    assert converted.batch["type"].to_pylist() == ["Label.2"] * 3


@pytest.mark.parametrize("text", ["x" * 10_000_000, "long " * 30_000], ids=["one word", "many words"])
def test_an_endless_text_is_kept_for_validation_to_refuse_and_not_analysed(text: str) -> None:
    assert len(text) > TEXT_LIMIT
    columns = {"start_ns": [0, 1], "end_ns": [1, 2], "line": [0, 1], "text": ["Running", text]}
    batch = from_columns(DialogueLine, columns, STAMP).batch
    assert batch["text_words"].to_pylist() == ["running", ""]
    assert batch["text"][1].as_py() == text


def test_a_text_is_analysed_in_the_language_of_its_row() -> None:
    columns = {
        "start_ns": [0] * 4,
        "end_ns": [1] * 4,
        "line": range(4),
        "text": ["Running", "Running", "Running", None],
        "language": ["en", "English!", None, "en"],
    }
    batch = from_columns(DialogueLine, columns, STAMP).batch
    assert batch["text_stems"].to_pylist() == ["run", "running", "running", None]
    assert batch["text_words"].to_pylist() == ["running", "running", "running", None]


@given(
    st.lists(st.one_of(st.none(), st.text(), st.integers(), st.floats(), st.booleans(), st.binary())),
    st.sampled_from(["label", "start_ns", "confidence", "entities", "attributes"]),
)
def test_whatever_values_come_each_row_is_kept_or_told(values: Sequence[Any], field: str) -> None:
    converted = from_columns(Label, {field: values}, STAMP)
    told = {fault.row for fault in converted.faults}
    assert {fault.field for fault in converted.faults} <= {field}
    column = converted.batch[field].to_pylist()
    for row, (value, kept) in enumerate(zip(values, column, strict=True)):
        assert kept is None if row in told or value is None else repr(kept) == repr(type(kept)(value))
