from __future__ import annotations

import re

import pytest
from hypothesis import given

from declarations import declarations
from watchdown_schemas.declaration import Declaration, FieldDeclaration
from watchdown_schemas.derived.typescript import HEAD, typescript
from watchdown_schemas.record import BASE_TYPES
from watchdown_schemas.registry import Registry
from watchdown_schemas.sources import standard
from watchdown_schemas.types import STANDARD_TYPES, Embedding, Note

LINE = re.compile(
    r"  readonly [a-z][a-z0-9_]*: [^;]+;|  /\*\* .* \*/|\}|export (interface|type) [A-Z]\w*.*|/\*\* .* \*/|"
)


def interface(text: str, name: str) -> str:
    """Return the text of one interface."""
    found = re.search(rf"export interface {name}\b.*?\n}}\n", text, re.DOTALL)
    assert found is not None
    return found.group()


def test_a_type_extends_its_base_types_and_adds_its_own_fields() -> None:
    text = typescript([Embedding])
    assert interface(text, "Embedding") == (
        "export interface Embedding extends TemporalSpatial, AlgorithmOutput {\n"
        '  readonly type: "Embedding.2";\n'
        "  /** Begin of what the vector stands for. */\n"
        "  readonly start_ns: Nanoseconds;\n"
        "  /** End of what the vector stands for. */\n"
        "  readonly end_ns: Nanoseconds;\n"
        "  /** What it is a vector of: a sampled frame, a whole shot, or a line of dialogue. */\n"
        '  readonly of: "frame" | "shot" | "line";\n'
        "  /** The numbers, as many as the model has dimensions. */\n"
        "  readonly vector: readonly number[];\n"
        "}\n"
    )
    base = interface(text, "BaseRecord")
    assert "  readonly entities: readonly string[];\n" in base
    assert "  readonly attributes: { readonly [name: string]: AttributeValue };\n" in base
    assert "export interface TemporalSpatial extends BaseRecord {" in text
    assert "  readonly start_ns: Nanoseconds | null;\n" in interface(text, "TemporalSpatial")


def test_records_are_told_apart_by_their_labels() -> None:
    text = typescript([Embedding, Note])
    assert 'export type SchemaLabel = "Embedding.2" | "Note.1";\n' in text
    assert "export type StandardRecord = Embedding | Note;\n" in text


def test_the_reader_is_told_how_far_a_number_is_exact() -> None:
    assert (2**53 - 1) // (24 * 3600 * 10**9) == 104
    assert "2^53 - 1 ns, which is 104 days" in HEAD


def test_every_standard_type_is_there() -> None:
    text = typescript(list(STANDARD_TYPES.values()))
    names = re.findall(r"^export interface (\w+)", text, re.MULTILINE)
    assert names == ["BaseRecord", *list(BASE_TYPES)[1:], *STANDARD_TYPES]


@given(declarations())
def test_any_type_makes_lines_of_known_form(declaration: Declaration) -> None:
    registry = Registry(standard())
    registry.register(declaration)
    text = typescript([registry["Thing"]]).removeprefix(HEAD)
    assert [line for line in text.split("\n") if not LINE.fullmatch(line)] == []
    own = interface(text, "Thing")
    assert all(own.count(f" {field.name}: ") <= 1 for field in declaration.fields)


@pytest.mark.parametrize("doc", ["ends */ early", "a\nb", "`x` \\ y"])
def test_words_cannot_end_their_comment(doc: str) -> None:
    registry = Registry(standard())
    field = FieldDeclaration(name="size", kind="integer", doc=doc)
    registry.register(Declaration(name="Thing", version=1, bases=("TemporalSpatial",), fields=(field,)))
    own = interface(typescript([registry["Thing"]]), "Thing")
    assert own.count("*/") == own.count("/**") == 1
