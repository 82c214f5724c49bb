"""`watchdown collect`: remove what was superseded or left, and keep the store compact."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from watchdown.cli.options import DEFAULT_LIBRARY, JsonOption, LibraryOption
from watchdown.cli.output import NOTICES, notice, print_json, table
from watchdown_schemas.errors import QueryError, printable

if TYPE_CHECKING:
    from watchdown.client.results_collection import CollectionReport
    from watchdown.runs.collect import Step

KILO = 1000


def collect(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be removed.")] = False,
    grace: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="For how long runs are left after they were superseded or failed, such as 24h; by default "
            "that of the settings. Less than an hour ends pages of results that somebody reads.",
        ),
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Wait where another process collects, or leave it to it.")
    ] = True,
    library: LibraryOption = DEFAULT_LIBRARY,
    as_json: JsonOption = False,
) -> None:
    """Remove superseded and failed runs with their files, and keep the store compact.

    People may search and algorithms run meanwhile. What was interrupted goes on with the next call.
    """
    import watchdown

    allowed = None if grace is None else _duration(grace)
    with watchdown.open(library) as opened:
        found = opened.collection.run(
            grace=allowed, dry_run=dry_run, wait=wait, report=progress(quiet=as_json)
        )
    if as_json:
        print_json(found.model_dump())
    else:
        _print(found)


def _duration(text: str) -> timedelta:
    from watchdown.settings.durations import REMEDY, duration

    try:
        return duration(text)
    except ValueError as error:
        raise QueryError(f"--grace {text}", str(error), REMEDY) from None


def progress(*, quiet: bool) -> Callable[[Step], None]:
    """Return what says on stderr what is being done, each thing once."""
    said: set[str] = set()

    def report(step: Step) -> None:
        share = f" {step.done:,} of {step.total:,}" if step.total else ""
        if not quiet and f"{step.doing}{share}" not in said:
            said.add(f"{step.doing}{share}")
            NOTICES.print(Text(f"{printable(step.doing)}{share}", style="dim"))

    return report


def _print(found: CollectionReport) -> None:
    for note in found.notes:
        notice("note", printable(note))
    if found.nothing:
        typer.echo("There is nothing to collect.")
        return
    rows = [
        [one.kind, f"{one.count:,}" if one.count else "-", size(one.bytes)]
        for one in found.removed
        if one.count or one.bytes
    ]
    table(
        ["would be removed" if found.dry_run else "removed", "count", "bytes"], rows, right=["count", "bytes"]
    )
    if found.dry_run:
        typer.echo("Nothing was removed. Leave out --dry-run to remove it.")


def size(count: float) -> str:
    """Return bytes for people: `1.5 MB`, `-` where nobody knows them."""
    if not count:
        return "-"
    for unit in ("B", "kB", "MB", "GB"):
        if count < KILO:
            return f"{count:.3g} {unit}"
        count /= KILO
    return f"{count:,.3g} TB"
