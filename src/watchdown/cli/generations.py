"""`watchdown generations`: a new model beside the old, compared, promoted by one flip, taken back by one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from watchdown.cli.options import DEFAULT_LIBRARY, JsonOption, LibraryOption
from watchdown.cli.output import notice, print_json, table
from watchdown_schemas.errors import printable

if TYPE_CHECKING:
    from watchdown.client.results_generations import Comparison, Generation, Place

SHOWN: Final = 20  # queries on a page
NAMED: Final = 2  # hits by name

app = typer.Typer(no_args_is_help=True, help="A new model's results beside the old: compare and promote.")
NumberArgument = Annotated[int, typer.Argument(metavar="F", help="The backfill's number.")]


@app.command("list")
def list_generations(*, library: LibraryOption = DEFAULT_LIBRARY, as_json: JsonOption = False) -> None:
    """List backfills whose results are shown at one moment, newest first."""
    import watchdown

    with watchdown.open(library) as opened:
        found = opened.generations.list()
    if as_json:
        print_json([one.model_dump() for one in found])
    elif found:
        columns = ["backfill", "algorithm", "version", "model", "seen now", "stands", "loaded", "failed"]
        rows = (
            [
                str(one.backfill),
                one.algorithm,
                one.version,
                ", ".join(one.models) or "-",
                ", ".join(one.seen) or "-",
                _stands(one),
                f"{one.loaded + one.published} of {one.runs}",
                str(one.failed),
            ]
            for one in found
        )
        table(columns, rows, right=["backfill", "loaded", "failed"])
    else:
        typer.echo("There are no generations. Begin one with: watchdown backfill ALGO --publish later")


@app.command("compare")
def compare(
    number: NumberArgument,
    *,
    queries: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A description on each line, or a query as JSON; without it, those that the library "
            "remembers.",
        ),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many hits of each.")] = 10,
    library: LibraryOption = DEFAULT_LIBRARY,
    as_json: JsonOption = False,
) -> None:
    """Answer queries as readers are answered now, and as they would be after: watchdown generations promote.

    Nothing is changed, and nobody sees it. The queries that differ most come first.
    """
    import watchdown

    with watchdown.open(library) as opened:
        found = opened.generations.compare(number, queries, limit=limit)
    if as_json:
        print_json(found.model_dump())
    else:
        _show(found)


def _show(found: Comparison) -> None:
    rows = (
        [
            one.query,
            f"{one.overlap:.0%}",
            _number(one.rank_correlation),
            _number(one.score_shift),
            _places(one.gone),
            _places(one.came),
        ]
        for one in found.queries[:SHOWN]
    )
    columns = ["query", "the same", "order", "score", "no longer found", "found instead"]
    table(columns, rows, right=["the same", "order", "score"])
    if len(found.queries) > SHOWN:
        typer.echo(f"and {len(found.queries) - SHOWN:,} more; --json has all")
    typer.echo(
        f"Of the first {found.limit} hits, {found.overlap:.0%} are the same with {found.algorithm} "
        f"{found.version} (backfill {found.backfill}); their order {_number(found.rank_correlation)}, "
        f"their mean score {_number(found.score_shift)}."
    )
    for note in found.notes:
        notice("note", note)


@app.command("promote")
def promote(
    number: NumberArgument, *, library: LibraryOption = DEFAULT_LIBRARY, as_json: JsonOption = False
) -> None:
    """Show all that a generation has loaded, at one moment."""
    import watchdown

    with watchdown.open(library) as opened:
        found = opened.generations.promote(number)
    if as_json:
        print_json(found.model_dump())
        return
    what = f"{found.runs} run{'' if found.runs == 1 else 's'} of {found.algorithm} {found.version}"
    typer.echo(f"{what} are seen from epoch {found.epoch} on.")
    for note in found.notes:
        notice("note", note)
    notice("take it back with", f"watchdown generations rollback {number}")


@app.command("rollback")
def rollback(
    number: NumberArgument, *, library: LibraryOption = DEFAULT_LIBRARY, as_json: JsonOption = False
) -> None:
    """Show again what was seen before a generation was promoted, at one moment."""
    import watchdown
    from watchdown.cli.rollback import tell

    with watchdown.open(library) as opened:
        found = opened.generations.rollback(number)
    if as_json:
        print_json(found.model_dump())
    else:
        tell(found, undo_with=f"watchdown rollback {found.algorithm} --backfill {number} --undo")


def _stands(found: Generation) -> str:
    if found.state == "running":
        return "ready" if found.ready else "being loaded"
    return "seen" if found.published else found.state


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:+.2f}"


def _places(found: tuple[Place, ...]) -> str:
    named = ", ".join(f"{printable(one.title_name)} {one.timecode}" for one in found[:NAMED])
    return f"{named} and {len(found) - NAMED} more" if len(found) > NAMED else named or "-"
