"""`watchdown forget`: a title leaves the library, and it is proved that nothing of it is left."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from watchdown.cli.collect import progress
from watchdown.cli.options import DEFAULT_LIBRARY, JsonOption, LibraryOption
from watchdown.cli.output import print_json, table
from watchdown_schemas.errors import QueryError, printable

if TYPE_CHECKING:
    from watchdown.client.results_collection import Forgotten


def forget(
    title: Annotated[str, typer.Argument(help="A title, by name or id.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    keep_media: Annotated[
        bool, typer.Option("--keep-media", help="Leave the media that were taken into the library.")
    ] = False,
    library: LibraryOption = DEFAULT_LIBRARY,
    as_json: JsonOption = False,
) -> None:
    """Remove a title for good: its runs, records, files and names, in all that the library keeps.

    Readers see it no more from the first moment. Then it is looked for in every place, and what is found is
    told: nothing. Files that lie elsewhere are not touched. Without --yes it shows what would go, and asks.
    """
    import watchdown

    with watchdown.open(library) as opened:
        if not yes:
            there = opened.collection.forget(title, keep_media=keep_media, dry_run=True)
            if as_json:
                print_json(there.model_dump())
            else:
                _print(there)
            if not sys.stdin.isatty():
                remedy = "Give --yes to remove it"
                raise QueryError(there.name, "is removed only when that is confirmed", remedy)
            typer.confirm(f"Remove {printable(there.name)} for good?", abort=True, err=True)
        found = opened.collection.forget(title, keep_media=keep_media, report=progress(quiet=as_json))
    if as_json:
        print_json(found.model_dump())
    else:
        _print(found)


def _print(found: Forgotten) -> None:
    if found.dry_run:
        typer.echo(f"{printable(found.name)} ({found.title}), {len(found.runs)} runs, is found here:")
    else:
        typer.echo(f"{printable(found.name)} ({found.title}) is forgotten. It was looked for, and found:")
    rows = [[place, f"{count:,}"] for place, count in found.left.items()]
    table(["where", "traces"], rows, right=["traces"])
    for place in found.untouched:
        typer.echo(f"Not touched: {printable(place)}")
