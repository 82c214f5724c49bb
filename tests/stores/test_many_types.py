"""Thousands of types with fields of their own: no table grows wider, and each field is still searched."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest

from conformance.stores import Store, memory, view
from watchdown.lake.tables import LOOKED_UP, Lake
from watchdown.stores.lance.searcher import LanceSearcher
from watchdown.stores.lance.sink import LanceSink
from watchdown.stores.packing import pack
from watchdown.stores.shared import shared_schema
from watchdown.where import Exists, field
from watchdown_schemas.arrow import arrow_schema
from watchdown_schemas.building import build
from watchdown_schemas.columns import Stamp, from_columns
from watchdown_schemas.declaration import Declaration, FieldDeclaration, Kind
from watchdown_schemas.record import BASE_TYPES, Record

TYPES, FIELDS, ROWS = 2_000, 10, 3
SEEN = view([1])
KINDS: tuple[Kind, ...] = ("string", "integer", "number", "boolean", "string")


def declared(number: int) -> Declaration:
    """Return a type with ten fields of its own, whose names no other type has but its neighbours."""
    own = (
        FieldDeclaration(name=f"f{number // 2}_{at}", kind=KINDS[at % 5], optional=True, mandatory=False)
        for at in range(FIELDS)
    )
    key = (FieldDeclaration(name="place", kind="integer"), *own)
    return Declaration(
        name=f"Type{number}", version=1, key=("place",), bases=("AlgorithmOutput",), fields=key
    )


@pytest.fixture(scope="module")
def types() -> dict[str, type[Record]]:
    classes = [build(declared(number), BASE_TYPES) for number in range(TYPES)]
    return {schema.__name__: schema for schema in classes}


def batch(schema: type[Record], number: int) -> pa.RecordBatch:
    """Return three rows; of each of its fields, the last is empty."""
    group = number // 2
    columns: dict[str, list[object]] = {"place": list(range(ROWS)), "label": ["car", "bus", f"label{number}"]}
    for at in range(FIELDS):
        values = {
            "string": [f"v{at}", f"w{number}"],
            "integer": [number, 2**53 + number],
            "number": [at / 2, number / 4],
            "boolean": [True, False],
        }
        columns[f"f{group}_{at}"] = [*values[KINDS[at % 5]], None]
    stamp = Stamp(run=1, title="t", timeline="t.1", asset="a", algorithm="x", version="1.0.0")
    return from_columns(schema, columns, stamp).batch


@pytest.fixture(scope="module")
def batches(types: dict[str, type[Record]]) -> dict[str, pa.RecordBatch]:
    return {name: batch(schema, number) for number, (name, schema) in enumerate(types.items())}


@pytest.fixture(scope="module")
def packed(types: dict[str, type[Record]], batches: dict[str, pa.RecordBatch]) -> list[pa.RecordBatch]:
    return [pack(batches[name], schema) for name, schema in types.items()]


@pytest.fixture(scope="module", params=["memory", "lance"])
def store(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    types: dict[str, type[Record]],
    batches: dict[str, pa.RecordBatch],
    packed: list[pa.RecordBatch],
) -> Store:
    """A store with rows of every type, which Lance takes in one write, as from one loader."""
    if request.param == "memory":
        store = memory(Path(), types)
        for name, schema in types.items():
            store.write_batch(1, schema, batches[name])
        return store
    lake = Lake(tmp_path_factory.mktemp("lake"))
    lake.replace_runs("Custom", [1], shared_schema(), packed, looked_up=(*LOOKED_UP, "type"))
    return Store(LanceSink(lake), LanceSearcher(lake, types))


@pytest.mark.feature(11)
def test_no_table_is_wider_for_thousands_of_types(
    tmp_path: Path,
    types: dict[str, type[Record]],
    batches: dict[str, pa.RecordBatch],
    packed: list[pa.RecordBatch],
) -> None:
    lake = Lake(tmp_path)
    sink, widths = LanceSink(lake), set()
    for name in ("Type0", "Type1", "Type1999"):
        reader = pa.RecordBatchReader.from_batches(batches[name].schema, [batches[name]])
        sink.write([1], types[name], reader, model=None)
        assert lake.names() == ["Custom"]
        widths.add(tuple(lake.dataset("Custom").schema.names))
    assert len(widths) == 1
    assert {rows.schema for rows in packed} == {lake.dataset("Custom").schema}
    assert len(lake.dataset("Custom").schema) < len(arrow_schema(types["Type0"])) + 12


@pytest.mark.feature(11)
def test_each_field_of_thousands_of_types_is_searched_exactly_by_range_and_for_being_there(
    store: Store, types: dict[str, type[Record]]
) -> None:
    every = list(types)
    for number in (0, 1, 998, TYPES - 1):
        group, name = number // 2, f"Type{number}"
        text, whole, real, truth = (field(f"f{group}_{at}") for at in range(4))
        for schemas, both in ((name, False), (every, True)):
            expected = 2 if both else 1
            assert store.count(schemas, SEEN, text == "v0") == expected
            assert store.count(schemas, SEEN, text == f"w{number}") == 1
            assert store.count(schemas, SEEN, whole == number) == 1
            assert store.count(schemas, SEEN, whole == 2**53 + number) == 1
            assert store.count(schemas, SEEN, whole > 2**53 + 2 * group) == (1 if both else number % 2)
            assert store.count(schemas, SEEN, (real >= 1.0) & (real < 1.5)) == expected * (
                1 + (number in (4, 5))
            )
            assert store.count(schemas, SEEN, truth == True) == expected  # noqa: E712 - makes a filter
            assert store.count(schemas, SEEN, text.exists()) == 2 * expected
            rows = store.rows(schemas, SEEN, text == f"w{number}")
            assert [(row["type"], row["place"], row[f"f{group}_2"]) for row in rows] == [
                (f"{name}.1", 1, number / 4)
            ]


@pytest.mark.feature(11)
def test_the_fields_of_thousands_of_types_have_facets(store: Store, types: dict[str, type[Record]]) -> None:
    for number in (0, 998):
        name, neighbour = f"Type{number}", f"Type{number + 1}"
        counts = Counter({"v0": 2, f"w{number}": 1, f"w{number + 1}": 1})
        found = store.facet([name, neighbour], f"f{number // 2}_0", SEEN)
        assert found == sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        assert store.facet(name, f"f{number // 2}_3", SEEN) == [(False, 1), (True, 1)]
    assert store.facet(list(types), "label", SEEN, limit=2) == [("bus", TYPES), ("car", TYPES)]
    assert store.facet(list(types), "label", SEEN, Exists(field="f7_0"), limit=9) == [("bus", 2), ("car", 2)]
    assert store.count(list(types), SEEN) == TYPES * ROWS
