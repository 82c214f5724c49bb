"""`watchdown schema`: what it prints for people and scripts, what it refuses, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import watchdown
from e2e.conftest import Call
from watchdown.cli.exit_codes import ExitCode
from watchdown_schemas.derived.export import EXPORTS
from watchdown_schemas.types import STANDARD_TYPES

COMMANDS = ("list", "show", "diff", "register", "upgrade", "export", "docs")
KISSES = '''
from __future__ import annotations

from typing import Annotated

from watchdown_schemas.record import AlgorithmOutput, TemporalSpatial
from watchdown_schemas.roles import Keyword


class Affection(TemporalSpatial, AlgorithmOutput):
    """Two people are close. A tagger writes it."""


class Kiss(Affection):
    """A kiss. A tagger writes it."""

    sort: Annotated[str | None, Keyword()] = None
    """What sort of kiss."""
'''


def hug(
    version: int, *fields: dict[str, Any], name: str = "Hug", base: str = "TemporalSpatial"
) -> dict[str, Any]:
    return {"name": name, "version": version, "bases": [base], "fields": list(fields)}


ARMS = {"name": "arms", "kind": "integer"}


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder, so that no library is found by chance."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """Give an empty library."""
    path = tmp_path / "library"
    watchdown.open(path, create=True).close()
    return path


def written(path: Path, content: Any) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return path


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_explains_itself(call: Call, command: str) -> None:
    said = call("schema", command, "--help")
    assert said.code == ExitCode.OK
    assert f"schema {command} [OPTIONS]" in said.out
    assert "--library" in said.out


def test_the_types_are_listed_without_a_library(call: Call) -> None:
    said = call("schema", "list")
    assert said.code == ExitCode.OK
    assert all(schema.schema_label() in said.out for schema in STANDARD_TYPES.values())
    listed = json.loads(call("schema", "list", "--json").out)
    assert [one["name"] for one in listed] == sorted(STANDARD_TYPES)
    assert {one["origin"] for one in listed} == {"Watchdown itself"}
    assert all(one["version"] and one["doc"] for one in listed)


def test_a_type_is_shown_with_its_card_fields_and_versions(call: Call) -> None:
    said = call("schema", "show", "Shot")
    assert said.out.startswith(
        "Shot.2  from Watchdown itself\n\nA continuous take, from one cut to the next."
    )
    assert "versions:   Shot.1, Shot.2\n" in said.out
    assert "End of the last frame, where the next shot begins." in said.out
    old = json.loads(call("schema", "show", "Shot.1", "--json").out)
    assert (old["version"], old["versions"]) == (1, ["Shot.1", "Shot.2"])
    assert "entities" not in {field["name"] for field in old["fields"]}


@pytest.mark.parametrize("name", ["Shoot", "Shot.9", "shot"])
def test_what_is_not_known_is_said_with_what_is(call: Call, name: str) -> None:
    for arguments in (
        ["show", name],
        ["diff", name, "Shot"],
        ["docs", name],
        ["export", name, "--to", "arrow"],
    ):
        if arguments[0] in {"docs", "export"} and "." in name:
            continue
        said = call("schema", *arguments)
        assert said.code == ExitCode.NOT_FOUND
        assert said.out == ""
        assert said.errors[0].startswith(f"{name}: is no known ")
        assert "Shot" in said.errors[0]


def test_two_versions_are_compared(call: Call) -> None:
    said = call("schema", "diff", "Shot.1", "Shot")
    assert said.code == ExitCode.OK
    assert said.out.startswith("Shot.1 to Shot.2: compatible\n")
    assert "  fits    field type (string keyword stamped) was added\n" in said.out
    same = json.loads(call("schema", "diff", "Shot.2", "Shot", "--json").out)
    assert same == {"old": "Shot.2", "new": "Shot.2", "changes": [], "compatible": True}


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        (hug(1, ARMS), hug(2, {**ARMS, "kind": "number"}), "field arms was retyped from integer to number"),
        (hug(1, ARMS), hug(2), "field arms, which is mandatory, was removed"),
        (hug(1), hug(2, ARMS), "field arms (integer) was added as mandatory"),
    ],
    ids=["retyped", "removed while mandatory", "newly mandatory"],
)
def test_a_change_that_would_break_readers_has_an_exit_code_of_its_own(
    call: Call, place: Path, old: dict[str, Any], new: dict[str, Any], what: str
) -> None:
    files = written(place / "old.json", old), written(place / "new.json", new)
    said = call("schema", "diff", *files)
    assert said.code == ExitCode.FAILED
    assert said.out.startswith("Hug.1 to Hug.2: not compatible\n")
    assert f"  breaks  {what}" in said.out
    assert json.loads(call("schema", "diff", *files, "--json").out)["compatible"] is False
    assert call("schema", "diff", files[0], files[0]).code == ExitCode.OK


def test_a_python_file_is_compared_by_the_name_of_the_other_side(
    call: Call, place: Path, library: Path
) -> None:
    kisses = written(place / "kisses.py", KISSES)
    call("schema", "register", kisses, "--library", library)
    more = written(place / "more.py", KISSES.replace("    sort:", "    length: float = 0.0\n    sort:"))
    said = call("schema", "diff", "Kiss", more, "--library", library)
    assert said.code == ExitCode.OK
    assert "  fits    field length (number) was added\n" in said.out
    unclear = call("schema", "diff", more, kisses, "--library", library)
    assert unclear.code == ExitCode.USAGE
    assert "has several types: Affection.1, Kiss.1" in unclear.errors[0]


def test_the_types_of_a_python_file_are_registered_and_known_from_then_on(
    call: Call, place: Path, library: Path
) -> None:
    kisses = written(place / "kisses.py", KISSES)
    with watchdown.open(library) as opened:
        assert "Kiss" not in opened.schemas.registry
        said = call("schema", "register", kisses, "--library", library)
        assert (said.code, said.err) == (ExitCode.OK, "")
        assert said.out == "Affection.1: registered\nKiss.1: registered\n"
        assert opened.schemas.registry["Kiss"].schema_label() == "Kiss.1"
    assert "Kiss.1" in call("schema", "list", "--library", library).out
    assert "Kiss" not in call("schema", "list").out
    shown = call("schema", "show", "Kiss", "--library", library)
    assert shown.out.startswith("Kiss.1  from this library\n\nA kiss. A tagger writes it.")
    assert "What sort of kiss." in shown.out
    again = call("schema", "register", kisses, "--library", library)
    assert again.out == "Affection.1: known already\nKiss.1: known already\n"
    assert not (place / "__pycache__").exists()


def test_a_library_in_its_usual_place_counts_unasked(call: Call, place: Path, library: Path) -> None:
    library.rename(place / "watchdown-library")
    assert call("schema", "register", written(place / "kisses.py", KISSES)).code == ExitCode.OK
    assert "Kiss.1" in call("schema", "list").out


def test_declarations_are_registered_in_the_order_that_they_need(
    call: Call, place: Path, library: Path
) -> None:
    both = [hug(1, name="Bear", base="Hug"), hug(2, {**ARMS, "mandatory": False, "default": 2}), hug(1)]
    said = call("schema", "register", written(place / "hugs.json", both), "--library", library, "--json")
    assert said.code == ExitCode.OK
    done = json.loads(said.out)
    assert [one["label"] for one in done] == ["Hug.1", "Hug.2", "Bear.1"]
    assert [len(one["changes"]) for one in done] == [0, 1, 0]
    shown = json.loads(call("schema", "show", "Bear", "--json", "--library", library).out)
    assert "arms" in {field["name"] for field in shown["fields"]}


@pytest.mark.parametrize(
    ("name", "content", "code", "cause"),
    [
        ("a.json", [hug(1, name="A", base="B"), hug(1, name="B", base="A")], 1, "inherit from each other"),
        ("a.json", hug(1, name="Shot"), 1, "Shot.1: is the name of a type that Watchdown itself declares"),
        ("a.json", hug(1, {**ARMS, "kind": "date"}), 1, "declaration 1: fields.0.kind: Input should be"),
        ("a.json", hug(1, base="Love"), 3, "Love: is no known schema type"),
        ("a.json", "{", 1, "is no JSON"),
        ("a.json", "[" * 100_000, 1, "is no JSON"),
        ("a.json", [], 1, "declares no schema type"),
        ("a.json", "\x00\x01", 1, "is no JSON"),
        ("a.py", "1 / 0", 1, "does not run (ZeroDivisionError: division by zero)"),
        ("a.py", "def (", 1, "does not run (SyntaxError"),
        ("a.py", "raise SystemExit(0)", 1, "does not run (SystemExit"),
        ("a.py", "import no_such_module", 1, "does not run (ModuleNotFoundError"),
        ("a.py", "from watchdown_schemas.types import Shot", 1, "defines no schema type"),
        ("a.py", KISSES.replace("str | None", "list[str]"), 1, "has the type list[str]"),
        ("a.py", KISSES.replace("class Kiss", "class Shot"), 1, "Shot.1: is the name of a type that"),
        ("a.txt", "", 2, "is neither Python nor JSON"),
    ],
    ids=lambda value: value if isinstance(value, str) and value.isascii() and 0 < len(value) < 60 else "",
)
def test_a_file_that_cannot_be_registered_is_refused_with_its_reason(
    *, call: Call, place: Path, library: Path, name: str, content: Any, code: int, cause: str
) -> None:
    said = call("schema", "register", written(place / name, content), "--library", library)
    assert said.code == code
    (error,) = said.errors
    assert cause in error


def test_a_file_that_is_not_there_is_refused(call: Call, place: Path, library: Path) -> None:
    for missing in ("a.py", "a.json"):
        said = call("schema", "register", place / missing, "--library", library)
        assert said.code == ExitCode.USAGE
        assert "cannot be read (No such file or directory)" in said.errors[0]


def test_registering_needs_a_library_and_an_asked_for_one_must_be_there(call: Call, place: Path) -> None:
    kisses = written(place / "kisses.py", KISSES)
    for arguments in (
        ["register", kisses],
        ["register", kisses, "--library", "no"],
        ["list", "--library", "no"],
    ):
        said = call("schema", *arguments)
        assert said.code == ExitCode.NOT_FOUND
        assert "is no Watchdown library" in said.errors[0]


def test_steps_and_quality_stay_in_the_file_and_that_is_said(call: Call, place: Path, library: Path) -> None:
    text = KISSES + "    upgrades = {}\n"
    said = call("schema", "register", written(place / "kisses.py", text), "--library", library)
    assert said.code == ExitCode.OK
    assert "warning: Kiss.1: upgrades and quality are code, which only a package keeps." in said.err


@pytest.mark.parametrize("form", EXPORTS)
def test_a_type_is_exported_to_each_form(call: Call, place: Path, form: str) -> None:
    said = call("schema", "export", "--to", form, "Shot", "Label")
    assert (said.code, said.err) == (ExitCode.OK, "")
    if form in {"graphql", "typescript"}:
        assert "Shot" in said.out
        assert "Embedding" not in said.out
    else:
        assert {"Label", "Shot"} <= json.loads(said.out).keys() <= {"Label", "Shot", "Custom"}
    told = call("schema", "export", "--to", form, "--out", place / "made").out.splitlines()
    made = {path.relative_to(place).as_posix() for path in (place / "made").iterdir()}
    assert {Path(line).relative_to(place).as_posix() for line in told} == made
    assert len(made) in {1, len(STANDARD_TYPES), len(STANDARD_TYPES) + 1}


def test_one_type_is_exported_as_its_own_document(call: Call) -> None:
    said = json.loads(call("schema", "export", "--to", "jsonschema", "Shot").out)
    assert said["title"] == "Shot.2"


def test_an_unknown_form_is_refused_with_those_that_are_known(call: Call) -> None:
    said = call("schema", "export", "--to", "xml")
    assert said.code == ExitCode.USAGE
    assert all(form in said.errors[0] for form in EXPORTS)


def test_the_reference_page_is_that_of_the_documentation(call: Call) -> None:
    page = Path(__file__).parents[2] / "docs/reference/schema-types.md"
    assert call("schema", "docs").out == page.read_text("utf-8")
    one = call("schema", "docs", "Shot").out
    assert one.startswith("## Shot\n")
    assert one in page.read_text("utf-8")


def test_words_from_outside_cannot_forge_output(call: Call, place: Path, library: Path) -> None:
    forged = {**hug(1, {**ARMS, "doc": "two\nlines \x1b[31m"}), "doc": "red \x1b[31m | and\n\n## Shot"}
    call("schema", "register", written(place / "a.json", forged), "--library", library)
    for arguments in (["list"], ["show", "Hug"], ["docs", "Hug"], ["export", "--to", "typescript", "Hug"]):
        said = call("schema", *arguments, "--library", library)
        assert said.code == ExitCode.OK
        assert "\x1b" not in said.out
        assert "\n## Shot" not in said.out
