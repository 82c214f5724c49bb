"""Where classes of schema types come from: the standard ones and those of installed packages."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Final

from watchdown_schemas.declaration import Declaration
from watchdown_schemas.declaring import declare, read_declaration
from watchdown_schemas.errors import SchemaInvalid, SchemaNotFound
from watchdown_schemas.record import Record
from watchdown_schemas.types import STANDARD_TYPES

GROUP: Final = "watchdown.schema_types"
VERSIONS: Final = Path(__file__).parent / "versions"
STANDARD: Final = "Watchdown itself"


def _no_earlier(_version: int) -> Declaration | None:
    return None


@dataclass(frozen=True, slots=True)
class Entry:
    """A type that is known but not loaded: its name, where it comes from, and how to get it.

    `earlier` returns the declaration of a version as it was published, None where it is not known;
    `loaded` says that `load` imports nothing.
    """

    name: str
    origin: str
    load: Callable[[], type[Record]]
    earlier: Callable[[int], Declaration | None] = _no_earlier
    loaded: bool = False


def standard() -> Iterator[Entry]:
    """Yield the standard types."""
    for name, schema in STANDARD_TYPES.items():
        yield Entry(name, STANDARD, partial(_itself, schema), partial(golden, name), loaded=True)


def _itself(schema: type[Record]) -> type[Record]:
    return schema


def golden(name: str, version: int) -> Declaration | None:
    """Return the declaration of a version of a standard type as it was published; None if it never was."""
    path = VERSIONS / f"{name}.{version}.json"
    return read_declaration(json.loads(path.read_text("utf-8")), path.name) if path.exists() else None


def installed(points: Iterable[EntryPoint] | None = None) -> Iterator[Entry]:
    """Yield the types of other installed packages; nothing of them is imported."""
    for point in sorted(entry_points(group=GROUP) if points is None else points):
        package = f"the package {point.dist.name} {point.dist.version}" if point.dist else point.value
        yield Entry(point.name, package, partial(_load, point, package))


def _load(point: EntryPoint, package: str) -> type[Record]:
    """Import the class of an entry point."""
    try:
        module = import_module(point.module)
    except ImportError as error:
        cause = f"cannot be loaded from {package} ({error})"
        raise SchemaNotFound(point.name, cause, "Install it anew") from error
    found = getattr(module, point.attr, None)
    if not (isinstance(found, type) and issubclass(found, Record) and found.__name__ == point.name):
        cause = f"is not the class that {point.value} of {package} holds"
        raise SchemaInvalid(point.name, cause, "Name the entry point as its class, a subclass of Record")
    declare(found)
    return found
