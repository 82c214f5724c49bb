"""The schema types that a command knows: those installed here, and those of a library where there is one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from watchdown.cli.options import DEFAULT_LIBRARY
from watchdown.folder import Folder

if TYPE_CHECKING:
    from watchdown_schemas.registry import Registry

OwnLibraryOption = Annotated[
    Path | None,
    typer.Option(
        "--library",
        envvar="WATCHDOWN_LIBRARY",
        help="A library whose own types count too; watchdown-library, if there is one.",
    ),
]


@contextmanager
def known(library: Path | None) -> Iterator[Registry]:
    """Give the types that are known here, with those of a library where there is one."""
    if library is None and not Folder(DEFAULT_LIBRARY).database.exists():
        from watchdown_schemas.registry import discover

        yield discover()
        return
    import watchdown

    with watchdown.open(library or DEFAULT_LIBRARY) as opened:
        yield opened.schemas.registry
