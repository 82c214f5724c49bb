"""`watchdown titles` and `watchdown runs`: what is in the library."""

from __future__ import annotations

from typing import Annotated

import typer

from watchdown.cli.options import DEFAULT_LIBRARY, JsonOption, LibraryOption
from watchdown.cli.output import print_json, table


def titles(*, library: LibraryOption = DEFAULT_LIBRARY, as_json: JsonOption = False) -> None:
    """List the titles by name."""
    import watchdown

    with watchdown.open(library) as opened:
        found = opened.titles()
    if as_json:
        print_json([{"id": one.id, "name": one.name, "added_at": one.added_at} for one in found])
    elif found:
        table(["id", "name", "added"], ([one.id, one.name, one.added_at[:16]] for one in found))
    else:
        typer.echo("No titles yet. Add one with: watchdown add FILE")


def runs(
    title: Annotated[
        str | None, typer.Option("--in", metavar="TITLE", help="Only this title, by name or id.")
    ] = None,
    *,
    library: LibraryOption = DEFAULT_LIBRARY,
    as_json: JsonOption = False,
) -> None:
    """List the runs: which algorithm made what, and what readers see."""
    import watchdown

    with watchdown.open(library) as opened:
        found = opened.runs(title)
    if as_json:
        print_json([one.model_dump() for one in found])
        return
    rows = (
        [
            str(one.number),
            one.title_name,
            f"{one.algorithm} {one.version}",
            one.state,
            ", ".join(f"{count} {name}" for name, count in one.counts.items()),
            one.error or "; ".join(one.warnings),
        ]
        for one in found
    )
    table(["run", "title", "algorithm", "state", "records", "remarks"], rows, right=["run"])
