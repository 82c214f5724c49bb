"""Schema types out of a file that a person names: classes of a Python file, or declarations in JSON."""

from __future__ import annotations

import json
import runpy
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Final, TypeAlias

from watchdown_schemas.declaration import Declaration
from watchdown_schemas.declaring import read_declaration
from watchdown_schemas.errors import QueryError, SchemaInvalid, WatchdownError
from watchdown_schemas.evolution import in_order
from watchdown_schemas.ids import short_hash
from watchdown_schemas.record import Record

Given: TypeAlias = type[Record] | Declaration
SUFFIXES: Final = frozenset({".py", ".json"})


def read_file(path: Path) -> list[Given]:
    """Return the schema types of a file, each after those that it inherits from. A Python file is run.

    Raises QueryError where the file cannot be read or is of another kind, SchemaInvalid where it holds no
    type or a wrong one.
    """
    if path.suffix not in SUFFIXES:
        raise QueryError(str(path), "is neither Python nor JSON", "Name a .py or a .json file")
    try:
        path.open("rb").close()
        return _classes(path) if path.suffix == ".py" else [*_declarations(path)]
    except OSError as error:
        cause = f"cannot be read ({error.strerror or type(error).__name__})"
        raise QueryError(str(path), cause, "Name a file that you may read") from error


def _classes(path: Path) -> list[Given]:
    """Run a Python file, under a name of its own, and return the schema types that it defines."""
    name = f"watchdown_schema_file_{short_hash(str(path.resolve()))}"
    try:
        with redirect_stdout(sys.stderr):  # what the file prints is not what the command prints
            space = runpy.run_path(str(path), run_name=name)
    except (OSError, WatchdownError):
        raise
    except (Exception, SystemExit) as error:
        cause = f"does not run ({type(error).__name__}: {error})"
        raise SchemaInvalid(str(path), cause, "Mend the file") from error
    found = [
        value
        for value in dict.fromkeys(value for value in space.values() if isinstance(value, type))
        if issubclass(value, Record) and value.__module__ == name
    ]
    if not found:
        raise SchemaInvalid(str(path), "defines no schema type", "Write a subclass of Record in it")
    return [*found]


def _declarations(path: Path) -> list[Declaration]:
    try:
        data = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise SchemaInvalid(str(path), f"is no JSON ({error})", "Mend the file") from error
    given = data if isinstance(data, list) else [data]
    if not given:
        raise SchemaInvalid(str(path), "declares no schema type", "Write a declaration in it")
    found = [read_declaration(one, f"{path}, declaration {place}") for place, one in enumerate(given, 1)]
    return in_order(found)
