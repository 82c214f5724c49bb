"""`watchdown budget`: what all loads together may write, how the store bears it, and who loads now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from watchdown.cli.options import DEFAULT_LIBRARY, JsonOption, LibraryOption
from watchdown.cli.output import print_json, table
from watchdown_schemas.errors import QueryError

if TYPE_CHECKING:
    from watchdown.client.results_budget import LoadBudget, Loader

MEGA = 1e6


def budget(
    *,
    rate: Annotated[
        float | None, typer.Option(metavar="N", help="Documents in a second; 0 pauses all loads.")
    ] = None,
    size: Annotated[float | None, typer.Option("--bytes", metavar="N", help="Bytes in a second.")] = None,
    unlimited: Annotated[bool, typer.Option("--unlimited", help="Lift both limits.")] = False,
    pause: Annotated[bool, typer.Option("--pause", help="Pause all loads; the limits stay set.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Let loads go on.")] = False,
    auto: Annotated[
        bool | None,
        typer.Option("--auto/--no-auto", help="Slow loads down when the store has too much to do."),
    ] = None,
    reserve: Annotated[
        float | None,
        typer.Option(metavar="SHARE", help="Kept for loads that somebody waits for, from 0 to 0.9."),
    ] = None,
    library: LibraryOption = DEFAULT_LIBRARY,
    as_json: JsonOption = False,
) -> None:
    """Show or change what all loads together may write. Loads that go on keep to it within two seconds."""
    import watchdown

    if unlimited and (rate is not None or size is not None):
        raise QueryError("--unlimited", "is given beside a limit", "Give one or the other")
    if pause and resume:
        raise QueryError("--pause", "is given beside --resume", "Give one or the other")
    given = {"documents": rate, "bytes": size, "auto": auto, "reserve": reserve}
    wanted: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if unlimited:
        wanted |= {"documents": None, "bytes": None}
    if pause or resume:
        wanted["paused"] = pause
    with watchdown.open(library) as opened:
        found = opened.budget.set(**wanted) if wanted else opened.budget.show()
    if as_json:
        print_json(found.model_dump())
    else:
        _print(found)


def _print(found: LoadBudget) -> None:
    limits = []
    if found.documents_per_s is not None:
        limits.append(f"{found.documents_per_s:,.0f} documents/s")
    if found.bytes_per_s is not None:
        limits.append(_bytes(found.bytes_per_s))
    paused = " Paused: go on with watchdown budget --resume." if found.paused else ""
    typer.echo(f"All loads together: {' and '.join(limits) or 'unlimited'}.{paused}")
    for line in _as_the_store_bears(found):
        typer.echo(line)
    if not found.loaders:
        typer.echo("Nobody loads now.")
        return
    rows = (
        [
            one.name,
            _for_whom(one),
            one.since[11:19],
            f"{one.documents:,}",
            f"{one.documents_per_s:,.0f}",
            _share(one.documents_share, 1),
            f"{one.bytes_per_s / MEGA:,.2f}",
            _share(one.bytes_share, MEGA),
        ]
        for one in found.loaders
    )
    columns = ["loader", "for", "since", "documents", "documents/s", "of", "MB/s", "of"]
    table(columns, rows, right=columns[3:])


def _as_the_store_bears(found: LoadBudget) -> list[str]:
    """Return what is known of how the store bears the load, a line each."""
    if not found.auto:
        return ["The store slows nobody down: --no-auto."]
    lines = []
    if found.governed_per_s is not None and found.lowered_at is not None:
        why = f"lowered at {found.lowered_at[11:16]}, {found.why}"
        lines.append(f"The store bears {found.governed_per_s:,.0f} documents/s: {why}.")
    if found.search_p95_ms is not None and found.idle_p95_ms is not None:
        rest = f"{found.idle_p95_ms:,.1f} ms at rest"
        lines.append(f"One search in twenty takes more than {found.search_p95_ms:,.1f} ms, {rest}.")
    return lines


def _bytes(rate: float) -> str:
    return f"{rate / MEGA:,.2f} MB/s" if rate >= MEGA / 100 or not rate else f"{rate:,.0f} bytes/s"


def _for_whom(one: Loader) -> str:
    if one.backfill is not None:
        return f"backfill {one.backfill}"
    return "somebody who waits" if one.urgent else "-"


def _share(share: float | None, unit: float) -> str:
    return "-" if share is None else f"{share / unit:,.{0 if unit == 1 else 2}f}"
