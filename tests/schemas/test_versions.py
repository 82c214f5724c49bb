"""Published versions of the standard types stay as they are, and each follows the one before."""

from __future__ import annotations

import json
import re
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from derived_files import GOLDEN, published, refuse_another, version_files
from watchdown_schemas.declaration import Declaration
from watchdown_schemas.declaring import declare
from watchdown_schemas.errors import SchemaIncompatible
from watchdown_schemas.evolution import diff
from watchdown_schemas.record import Record
from watchdown_schemas.sources import VERSIONS
from watchdown_schemas.types import STANDARD_TYPES, Label, Shot
from watchdown_schemas.upgrade import upgraded

PUBLISHED = {path.stem: published(path) for path in sorted(VERSIONS.glob("*.json"))}
PAIRS = [
    (old, new)
    for old, new in combinations(PUBLISHED.values(), 2)
    if old.name == new.name and old.version < new.version
]


def test_each_version_from_the_first_to_the_current_is_published() -> None:
    expected = {f"{n}.{v}" for n, s in STANDARD_TYPES.items() for v in range(1, s.schema_version + 1)}
    assert set(PUBLISHED) == expected
    assert [label for label, declaration in PUBLISHED.items() if declaration.label != label] == []


@pytest.mark.parametrize("schema", STANDARD_TYPES.values(), ids=STANDARD_TYPES)
def test_the_current_version_is_as_it_was_published(schema: type[Record]) -> None:
    assert declare(schema) == PUBLISHED[schema.schema_label()], "run: make schemas"


@pytest.mark.feature(2)
@pytest.mark.parametrize(("old", "new"), PAIRS, ids=lambda one: one.label)
def test_a_version_breaks_no_reader_of_an_earlier_one(old: Declaration, new: Declaration) -> None:
    difference = diff(old, new)
    assert difference.compatible, difference.changes


@pytest.mark.feature(2)
@pytest.mark.parametrize("label", PUBLISHED)
def test_a_record_of_any_version_is_read_in_the_newest(label: str) -> None:
    schema = STANDARD_TYPES[PUBLISHED[label].name]
    row: dict[str, Any] = json.loads((GOLDEN / f"{label}.json").read_text("utf-8"))
    assert set(row) == {field.name for field in PUBLISHED[label].fields}
    record = schema(**upgraded(row, schema))
    assert record.type == schema.schema_label()
    again = record.model_dump(mode="json")
    assert {name: again[name] for name in row if name != "type"} == {n: row[n] for n in row if n != "type"}


def test_no_golden_row_is_of_a_version_that_never_was() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == set(PUBLISHED)


def test_a_published_version_cannot_be_declared_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "Shot.2.json"
    fields = [field for field in declare(Shot).fields if field.name != "frame_width"]
    path.write_text(declare(Shot).model_copy(update={"fields": tuple(fields)}).model_dump_json())
    told = re.escape(
        "Shot.2: was published otherwise, and what was published stays. Raise its schema_version to 3."
    )
    with pytest.raises(SchemaIncompatible, match=told):
        dict(version_files(tmp_path))


def test_the_words_of_a_published_version_may_be_mended() -> None:
    declaration = declare(Label)
    worded = declaration.model_copy(update={"doc": "Better words.", "example": {}})
    refuse_another(worded, declaration)
