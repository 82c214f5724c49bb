"""`watchdown queries`: what people searched for, where the settings let the library remember it."""

from __future__ import annotations

from typing import Annotated

import typer

from watchdown.cli.options import DEFAULT_LIBRARY, JsonOption, LibraryOption
from watchdown.cli.output import print_json, table

app = typer.Typer(no_args_is_help=True, help="What people searched for, where the settings allow a log.")


@app.command("list")
def list_queries(
    *,
    limit: Annotated[int, typer.Option(min=1, help="How many, the newest first.")] = 50,
    library: LibraryOption = DEFAULT_LIBRARY,
    as_json: JsonOption = False,
) -> None:
    """List what was searched for, newest first; a library remembers it where its settings say so."""
    import watchdown

    with watchdown.open(library) as opened:
        found = opened.queries.list(limit)
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
    elif found:
        rows = ([one.at[:19].replace("T", " "), one.query.leaf.kind, one.text] for one in found)
        table(["when", "kind", "query"], rows)
    else:
        typer.echo("No query is remembered. Let the library do so with log = true in [search].")


@app.command("clear")
def clear(*, library: LibraryOption = DEFAULT_LIBRARY, as_json: JsonOption = False) -> None:
    """Forget every query that was remembered."""
    import watchdown

    with watchdown.open(library) as opened:
        count = opened.queries.clear()
    if as_json:
        print_json({"forgotten": count})
    else:
        typer.echo(f"{count:,} {'query was' if count == 1 else 'queries were'} forgotten.")
