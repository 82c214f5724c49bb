"""`watchdown status [TITLE...]`: what is ready, why the rest is not, and the commands that help."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from watchdown.cli.exit_codes import ExitCode
from watchdown.cli.options import DEFAULT_LIBRARY, JsonOption, LibraryOption
from watchdown.cli.output import table
from watchdown_schemas.errors import printable

if TYPE_CHECKING:
    from watchdown.client.results_status import SlotStatus, TitleStatus

STYLES = {"ready": "green", "not for it": "dim", "working": "cyan", "failed": "bold red", "held": "bold red"}


def status(
    titles: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TITLE]...", help="Titles by name, id, pattern or metadata; all without any."
        ),
    ] = None,
    *,
    not_ready: Annotated[
        bool, typer.Option("--not-ready", help="Only what something is to be done about.")
    ] = False,
    fail: Annotated[bool, typer.Option("--fail", help="Exit with 1 when something is not ready.")] = False,
    library: LibraryOption = DEFAULT_LIBRARY,
    as_json: JsonOption = False,
) -> int:
    """Say of each title what is ready, why the rest is not, and which commands help."""
    from watchdown.client import status as client
    from watchdown.client.opening import opened

    totals: dict[str, dict[str, int]] = {}
    waits = 0

    def counted(found: Iterable[TitleStatus]) -> Iterator[TitleStatus]:
        nonlocal waits
        for one in found:
            client.count(totals, one)
            waits += not one.ready
            if not (not_ready and one.ready):
                yield one

    with opened(library) as services:
        found = counted(client.titles(services, titles or (), library=str(library)))
        if as_json:
            _print_json(found, totals)
        else:
            for one in found:
                _print(one, only=not_ready)
            if not_ready and totals and not waits:
                typer.echo("Everything is ready.")
            _print_totals(totals)
    return ExitCode.FAILED if fail and waits else ExitCode.OK


def _print_json(found: Iterable[TitleStatus], totals: dict[str, Any]) -> None:
    """Print one document, title by title, so that a library of any size needs no more memory than one."""
    sys.stdout.write('{"titles": [')
    before = ""
    for one in found:
        sys.stdout.write(f"{before}\n{json.dumps(one.model_dump(mode='json'))}")
        before = ","
    sys.stdout.write(f'\n],\n"totals": {json.dumps(totals)}}}\n')


def _print(title: TitleStatus, *, only: bool) -> None:
    console = Console(highlight=False, soft_wrap=True)
    console.print(Text.assemble((printable(title.title_name), "bold"), f"  {title.title}"))
    for slot in title.slots:
        if not (only and slot.well):
            console.print(_told(slot))
            for command in slot.fix:
                console.print(Text(f"{'':14}{printable(command)}"))


def _told(slot: SlotStatus) -> Text:
    what = f"{slot.algorithm} {slot.version}" if slot.version else slot.algorithm
    why = f": {printable(slot.why)}" if slot.why else ""
    since = f" (since {slot.since[:16].replace('T', ' ')})" if slot.since and not slot.well else ""
    standing = (f"{slot.standing:12}", STYLES.get(slot.standing, "yellow"))
    return Text.assemble("  ", standing, f"{what}{why}{since}")


def _print_totals(totals: dict[str, dict[str, int]]) -> None:
    if not totals:
        typer.echo("No titles yet. Add one with: watchdown add FILE")
        return
    from watchdown.runs.standings import Standing

    shown = [one for one in Standing if any(one in of for of in totals.values())]
    typer.echo()
    rows = ([name, *(str(of.get(one, 0)) for one in shown)] for name, of in totals.items())
    table(["algorithm", *shown], rows, right=shown)
