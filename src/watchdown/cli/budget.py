"""`watchdown budget`: what all loads together may write in a second, and who loads now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from watchdown.cli.options import DEFAULT_LIBRARY, JsonOption, LibraryOption
from watchdown.cli.output import print_json, table
from watchdown_schemas.errors import QueryError

if TYPE_CHECKING:
    from watchdown.client.results import LoadBudget

MEGA = 1e6


def budget(
    *,
    rate: Annotated[
        float | None, typer.Option(metavar="N", help="Documents in a second; 0 pauses all loads.")
    ] = None,
    size: Annotated[float | None, typer.Option("--bytes", metavar="N", help="Bytes in a second.")] = None,
    unlimited: Annotated[bool, typer.Option("--unlimited", help="Lift both limits.")] = False,
    library: LibraryOption = DEFAULT_LIBRARY,
    as_json: JsonOption = False,
) -> None:
    """Show or change what all loads together may write. Loads that go on keep to it within two seconds."""
    import watchdown

    limits = {kind: limit for kind, limit in (("documents", rate), ("bytes", size)) if limit is not None}
    if unlimited and limits:
        raise QueryError("--unlimited", "is given beside a limit", "Give one or the other")
    with watchdown.open(library) as opened:
        if unlimited:
            found = opened.budget.set(documents=None, bytes=None)
        else:
            found = opened.budget.set(**limits) if limits else opened.budget.show()
    if as_json:
        print_json(found.model_dump())
    else:
        _print(found)


def _print(found: LoadBudget) -> None:
    limits = []
    if found.documents_per_s is not None:
        limits.append(f"{found.documents_per_s:,.0f} documents/s")
    if found.bytes_per_s is not None:
        limits.append(f"{found.bytes_per_s / MEGA:,.2f} MB/s")
    typer.echo(f"All loads together: {' and '.join(limits) or 'unlimited'}.")
    if not found.loaders:
        typer.echo("Nobody loads now.")
        return
    rows = (
        [
            one.name,
            one.since[11:19],
            f"{one.documents:,}",
            f"{one.documents_per_s:,.0f}",
            _share(one.documents_share, 1),
            f"{one.bytes_per_s / MEGA:,.2f}",
            _share(one.bytes_share, MEGA),
        ]
        for one in found.loaders
    )
    columns = ["loader", "since", "documents", "documents/s", "of", "MB/s", "of"]
    table(columns, rows, right=columns[2:])


def _share(share: float | None, unit: float) -> str:
    return "-" if share is None else f"{share / unit:,.{0 if unit == 1 else 2}f}"
