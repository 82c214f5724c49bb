"""`watchdown titles` and `watchdown runs`: what is in the library."""

from __future__ import annotations

from typing import Annotated

import typer

from watchdown.cli.options import DEFAULT_LIBRARY, JsonOption, LibraryOption
from watchdown.cli.output import print_json, table
from watchdown.cli.titles_import import import_titles
from watchdown_schemas.errors import QueryError

group = typer.Typer(invoke_without_command=True)
group.command("import")(import_titles)


@group.callback()
def titles(
    context: typer.Context, *, library: LibraryOption = DEFAULT_LIBRARY, as_json: JsonOption = False
) -> None:
    """List the titles by name; with a command, say more of them."""
    if command := context.invoked_subcommand:
        for option in context.command.params:
            source = context.get_parameter_source(option.name or "")
            if source is not None and source.name == "COMMANDLINE":  # it would be lost
                raise QueryError(option.opts[0], f"stands before {command}", "Write it behind")
        return
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
