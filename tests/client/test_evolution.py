from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar

import pytest

from client.libraries import SECOND, make
from watchdown.client import Library
from watchdown_schemas.errors import SchemaConflict, SchemaIncompatible
from watchdown_schemas.record import AlgorithmOutput, Record, TemporalSpatial
from watchdown_schemas.roles import Keyword
from watchdown_schemas.shelf import FRESH_SECONDS


def first() -> type[Record]:
    class Garment(TemporalSpatial, AlgorithmOutput):
        """A piece of clothing."""

        piece: Annotated[str, Keyword()]
        hue: Annotated[str | None, Keyword()] = None

    return Garment


def second() -> type[Record]:
    class Garment(TemporalSpatial, AlgorithmOutput):
        """A piece of clothing."""

        schema_version: ClassVar[int] = 2

        piece: Annotated[str, Keyword()]
        hue: Annotated[str | None, Keyword()] = None
        fabric: Annotated[str, Keyword()] = "unknown"

    return Garment


def row(at: int, piece: str, **more: Any) -> Mapping[str, Any]:
    return {"start_ns": at * SECOND, "end_ns": (at + 1) * SECOND, "piece": piece, **more}


@pytest.mark.feature(2)
def test_a_new_optional_field_is_taken_and_records_of_before_are_still_read(library: Library) -> None:
    library.schemas.register(first())
    library.write("Garment", [row(1, "coat")], "heat")
    difference = library.schemas.register(second())
    assert difference is not None
    assert [change.what for change in difference.changes] == ["field fabric (string keyword) was added"]
    library.write("Garment", [row(1, "hat", fabric="felt")], "rain")
    found = library.records("Garment")
    assert [(one.piece, one.fabric, one.type) for one in found] == [  # type: ignore[attr-defined] # of its type
        ("coat", "unknown", "Garment.2"),
        ("hat", "felt", "Garment.2"),
    ]
    assert library.records("Garment", where={"fabric": "felt"})[0].title == "rain"


@pytest.mark.feature(2)
@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"hue": float | None}, "hue was retyped"),
        ({"size": str}, "size .* mandatory"),
        ({"piece": None}, "piece, which is mandatory, was removed"),
    ],
)
def test_what_would_break_readers_is_refused_with_both_versions_named(
    library: Library, changed: Mapping[str, Any], told: str
) -> None:
    library.schemas.register(first())
    annotations = {"piece": Annotated[str, Keyword()], "hue": Annotated[str | None, Keyword()], **changed}
    body = {
        "__module__": __name__,
        "__annotations__": {"schema_version": ClassVar[int]}
        | {name: kind for name, kind in annotations.items() if kind is not None},
        "schema_version": 2,
        "hue": None,
    }
    breaking = type(Record)("Garment", (TemporalSpatial, AlgorithmOutput), body)
    with pytest.raises(SchemaIncompatible, match=rf"Garment\.2: cannot follow Garment\.1: .*{told}"):
        library.schemas.register(breaking)
    assert library.schemas.registry["Garment"].schema_version == 1


def test_upgrading_writes_runs_anew_and_computes_nothing_twice(library: Library) -> None:
    library.schemas.register(first())
    library.write("Garment", [row(1, "coat")], "heat")
    library.write("Garment", [row(1, "hat")], "rain")
    assert library.schemas.upgrade("Garment") == []
    library.schemas.register(second())
    upgraded = library.schemas.upgrade("Garment")
    assert [(run.title, run.state, run.counts) for run in upgraded] == [
        ("heat", "active", {"Garment": 1}),
        ("rain", "active", {"Garment": 1}),
    ]
    assert [one.piece for one in library.records("Garment", where={"fabric": "unknown"})] == ["coat", "hat"]  # type: ignore[attr-defined] # of its type
    assert library.schemas.upgrade("Garment") == []


def test_a_type_cannot_shadow_a_standard_one(library: Library) -> None:
    class Label(TemporalSpatial, AlgorithmOutput):
        """Not the real one."""

    with pytest.raises(
        SchemaConflict, match=r"Label\.1: is the name of a type that Watchdown itself declares"
    ):
        library.schemas.register(Label)


@pytest.mark.feature(4)
def test_another_process_knows_a_new_type_within_a_second(tmp_path: Path) -> None:
    reader = """
import sys, time, watchdown
library = watchdown.open(sys.argv[1])
print(len(library.schemas.registry), flush=True)
sys.stdin.readline()
until = time.monotonic() + 30
while "Garment" not in library.schemas.registry and time.monotonic() < until:
    time.sleep(0.05)
print(library.schemas.registry["Garment"].schema_label(), library.count("Garment"), flush=True)
sys.stdin.readline()
while library.schemas.registry["Garment"].schema_version < 2 and time.monotonic() < until:
    time.sleep(0.05)
print(library.schemas.registry["Garment"].schema_label(), library.records("Garment")[0].fabric, flush=True)
"""
    with make(tmp_path / "library", "heat") as library:
        command = [sys.executable, "-c", reader, str(tmp_path / "library")]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
            assert other.stdin is not None
            assert other.stdout is not None
            known = int(other.stdout.readline())
            library.schemas.register(first())
            library.write("Garment", [row(1, "coat")], "heat")
            other.stdin.write("\n")
            other.stdin.flush()
            told = other.stdout.readline().strip()
            library.schemas.register(second())
            other.stdin.write("\n")
            other.stdin.flush()
            told_next = other.stdout.readline().strip()
    assert known == len(library.schemas.registry) - 1
    assert told == "Garment.1 1"
    assert told_next == "Garment.2 unknown"
    assert FRESH_SECONDS < 1
