"""`watchdown plan ALGO`: what a backfill would do, what it would leave out, and what it would cost."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from watchdown.cli.backfill import AgainOption, AlgorithmArgument, ConcurrencyOption
from watchdown.cli.batches import SizeOption, TitlesOption
from watchdown.cli.exit_codes import ExitCode
from watchdown.cli.options import DEFAULT_LIBRARY, JsonOption, LibraryOption
from watchdown.cli.output import NOTICES, notice, print_json, table
from watchdown.runs.batch import SIZE
from watchdown_schemas.errors import printable

if TYPE_CHECKING:
    from watchdown.client.results_plan import BackfillPlan, Between, Expected

NO_PRICE = "no money is named: write the prices of processors and storage into the section [prices]"
MINUTE, HOUR = 60, 3600
CENT = 0.01


def plan(
    algorithm: AlgorithmArgument,
    *,
    titles: TitlesOption = None,
    size: SizeOption = SIZE,
    concurrency: ConcurrencyOption = None,
    again: AgainOption = False,
    probe: Annotated[
        bool, typer.Option("--probe", help="Try three titles where nothing like it was measured yet.")
    ] = False,
    library: LibraryOption = DEFAULT_LIBRARY,
    as_json: JsonOption = False,
) -> int:
    """Say what a backfill would do and cost. Nothing is entered, and nothing begins."""
    import watchdown

    with watchdown.open(library) as opened:

        def asked(*, probe: bool) -> BackfillPlan:
            return opened.plan(
                algorithm,
                titles or (),
                size=size,
                concurrency=concurrency,
                again=again,
                probe=probe,
                report=lambda title: notice("trying", printable(title)),
            )

        found = asked(probe=probe)
        unknown = found.to_do > 0 and found.expected is None
        if unknown and not as_json and sys.stdin.isatty() and NOTICES.is_terminal:
            question = "What it costs is not known: nothing like it was measured. Try three titles?"
            if typer.confirm(question, err=True):
                found = asked(probe=True)
    if as_json:
        print_json(found.model_dump())
    else:
        _tell(found)
    return ExitCode.OK


def _tell(found: BackfillPlan) -> None:
    over = "1 title" if found.titles == 1 else f"{found.titles:,} titles"
    typer.echo(f"{found.algorithm} {found.version}, over {over}:")
    several = "batch" if found.batches == 1 else "batches"
    batches = f", in {found.batches:,} {several}" if found.batches else ""
    counts = [(found.to_do, f"to do ({_time(found.media_s)} of media){batches}")]
    counts += [(found.in_progress, "of these are planned or at work already")]
    counts += [(found.up_to_date, "are up to date"), (found.again, "are only to be shown again")]
    for count, what in counts:
        if count or what.startswith("to do"):
            typer.echo(f"{count:>9,}  {what}")
    for one in found.skipped:
        more = f" and {one.titles - len(one.names):,} more" if one.titles > len(one.names) else ""
        names = printable(", ".join(one.names))
        typer.echo(f"{one.titles:>9,}  left out ({names}{more}): {printable(one.why)}")
    for dependant in found.dependants:
        typer.echo(f"{dependant.titles:>9,}  will be followed by {dependant.algorithm} {dependant.version}")
    if found.to_do or found.dependants:
        _tell_cost(found)


def _tell_cost(found: BackfillPlan) -> None:
    rows = [
        [name, *_row(expected)]
        for name, expected in [
            *([(found.algorithm, found.expected)] if found.to_do else []),
            *((one.algorithm, one.expected) for one in found.dependants),
            *([("in all", found.total)] if found.to_do and found.dependants else []),
        ]
    ]
    typer.echo()
    columns = ["expected of", "CPU", "GPU", "documents", "staged", "rests on"]
    table(columns, rows, right=columns[1:-1])
    if found.time_s:
        at_once = "1 title" if found.concurrency == 1 else f"{found.concurrency} titles"
        typer.echo(f"Time, {at_once} at once: {_between(found.time_s, _time)}")
    if found.money:
        _tell_money(found)
    elif found.total:
        notice("note", NO_PRICE)
    if found.to_do and found.expected is None:
        notice("unknown", "nothing like it was measured here yet; try three titles with: --probe")


def _tell_money(found: BackfillPlan) -> None:
    money = found.money
    if money and money.work:
        typer.echo(f"Money: {_between(money.work, _sum)} {money.currency}")
    if money and money.storage_month:
        typer.echo(f"Storage: {_between(money.storage_month, _sum)} {money.currency} a month")


def _row(expected: Expected | None) -> list[str]:
    if expected is None:
        return ["unknown"] * 4 + ["nothing measured"]
    basis = "a probe of" if expected.probed else f"version {expected.version},"
    return [
        _between(expected.cpu_s, _time),
        _between(expected.gpu_s, _time) if expected.gpu_s.high else "none",
        _between(expected.documents, lambda value: f"{value:,.0f}"),
        _between(expected.bytes, _size),
        f"{basis} {expected.runs} {'title' if expected.runs == 1 else 'titles'}",
    ]


def _between(found: Between, told: Callable[[float], str]) -> str:
    low, high = told(found.low), told(found.high)
    return low if low == high else f"{low} to {high}"


def _sum(value: float) -> str:
    return "under 0.01" if 0 < value < CENT else f"{value:,.2f}"


def _time(seconds: float) -> str:
    if seconds < MINUTE:
        return f"{seconds:.1f} s"
    return f"{seconds / MINUTE:.0f} min" if seconds < 2 * HOUR else f"{seconds / HOUR:,.1f} h"


def _size(size: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:  # noqa: PLR2004 - the step between units
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:,.1f} TB"
