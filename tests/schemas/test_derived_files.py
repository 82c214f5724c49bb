"""What is derived from the schema types and committed is current; each stale file is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from derived_files import DERIVED, ROOT, derived, version_files

WANTED = dict([*derived(), *version_files()])


def here(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", WANTED, ids=here)
def test_a_derived_file_is_current(path: Path) -> None:
    assert path.exists(), f"{here(path)} is missing; run: make schemas"
    assert path.read_text("utf-8") == WANTED[path], f"{here(path)} is stale; run: make schemas"


def test_nothing_is_left_of_types_that_are_gone() -> None:
    there = {path for path in DERIVED.rglob("*") if path.is_file()}
    assert sorted(map(here, there - set(WANTED))) == []


def test_each_type_has_every_form() -> None:
    forms = {path.name for path in DERIVED.iterdir()}
    assert forms == {"arrow", "expectations", "jsonschema", "opensearch", "schema-types.ts", "schema.graphql"}
    assert "Custom.json" in {path.name for path in (DERIVED / "opensearch").iterdir()}
