"""`watchdown rollback ALGO`: readers see again what they saw before, at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from watchdown.cli.options import DEFAULT_LIBRARY, JsonOption, LibraryOption
from watchdown.cli.output import notice, print_json, table

if TYPE_CHECKING:
    from watchdown.client.results_publication import RolledBack

SHOWN = 20  # titles on a page


def rollback(
    algorithm: Annotated[str, typer.Argument(help="The algorithm whose results are taken back.")],
    *,
    within: Annotated[
        list[str] | None,
        typer.Option("--in", metavar="TITLE", help="Only of this title, or of a pattern; may be repeated."),
    ] = None,
    batch: Annotated[str | None, typer.Option(metavar="BATCH", help="Only what a batch published.")] = None,
    backfill: Annotated[int | None, typer.Option(metavar="F", help="Only what a backfill published.")] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Show again what was taken back last.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    library: LibraryOption = DEFAULT_LIBRARY,
    as_json: JsonOption = False,
) -> None:
    """Take results of an algorithm back: each title's readers see what they saw before, all at one moment.

    Where they saw nothing before, they see nothing again. What others have published since is left alone.
    """
    import watchdown

    with watchdown.open(library) as opened:
        found = opened.publication.rollback(
            algorithm, within or (), batch=batch, backfill=backfill, undo=undo, dry_run=dry_run
        )
    if as_json:
        print_json(found.model_dump())
    else:
        tell(found, undo=undo, dry_run=dry_run)


def tell(
    found: RolledBack,
    *,
    undo: bool = False,
    dry_run: bool = False,
    undo_with: str = "the same command and --undo",
) -> None:
    """Say what was taken back."""
    rows = (
        [one.title_name, _run(one.hidden, one.hidden_version), _run(one.shown, one.shown_version)]
        for one in sorted(found.changes, key=lambda one: one.title_name)[:SHOWN]
    )
    if found.changes:
        table(["title", "no longer seen", "seen instead"], rows)
        _more(len(found.changes))
    for one in found.left[:SHOWN]:
        notice("left alone", f"{one.title_name}: {'' if one.run is None else f'run {one.run}: '}{one.why}")
    _more(len(found.left))
    count = f"{len(found.changes)} title{'' if len(found.changes) == 1 else 's'}"
    what = "shown again" if undo else "taken back"
    if not found.changes:
        typer.echo(f"Nothing of {found.algorithm} is to be {what}.")
    elif dry_run:
        typer.echo(f"{found.algorithm} would be {what} in {count}; nothing was changed.")
    else:
        typer.echo(f"{found.algorithm} was {what} in {count}, at epoch {found.epoch}.")
    for note in found.notes:
        notice("note", note)
    if found.epoch is not None and not undo:
        notice("undo it with", undo_with)


def _more(count: int) -> None:
    if count > SHOWN:
        typer.echo(f"and {count - SHOWN:,} more; --json has all")


def _run(number: int | None, version: str | None) -> str:
    return "nothing" if number is None else f"run {number} ({version})"
