"""`watchdown check` and `watchdown rebuild`: whether a library is whole, and how it becomes so again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from watchdown.cli.exit_codes import ExitCode
from watchdown.cli.options import DEFAULT_LIBRARY, JsonOption, LibraryOption
from watchdown.cli.output import NOTICES, notice, print_json, table
from watchdown_schemas.errors import printable

if TYPE_CHECKING:
    from watchdown.client.results_check import CheckReport, FaultFound, RebuildReport
    from watchdown.runs.checking import Progress

MOST = 100  # faults in a table for people; --json has all


def check(
    *,
    title: Annotated[
        str | None, typer.Option("--in", metavar="TITLE", help="Only this title, by name or id.")
    ] = None,
    deep: Annotated[
        bool, typer.Option("--deep", help="Read every row and look at every picture, rather than count.")
    ] = False,
    repair: Annotated[bool, typer.Option("--repair", help="Mend what is wrong.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what --repair would mend.")] = False,
    library: LibraryOption = DEFAULT_LIBRARY,
    as_json: JsonOption = False,
) -> int:
    """Compare the ledger, the system of record and the store; exit with 1 where something is wrong.

    People may search and algorithms run meanwhile. The servers themselves are asked by: watchdown doctor.
    """
    import watchdown

    with watchdown.open(library) as opened:
        found = opened.repair.check(
            title=title,
            deep=deep,
            repair=repair or dry_run,
            dry_run=dry_run,
            report=progress(quiet=as_json),
        )
    if as_json:
        print_json({"sound": found.sound, **found.model_dump(mode="json")})
    else:
        _print(found)
    return ExitCode.OK if found.sound else ExitCode.FAILED


def rebuild(
    tables: Annotated[
        list[str] | None, typer.Argument(metavar="[TABLE]...", help="Only these, as check names them.")
    ] = None,
    *,
    library: LibraryOption = DEFAULT_LIBRARY,
    as_json: JsonOption = False,
) -> int:
    """Build the store anew from the system of record, beside what people search meanwhile.

    On servers, indices are filled from staged files and take the others' place at one moment; in a folder,
    whose tables are themselves the system of record, the indices of the tables are made anew.
    """
    import watchdown

    with watchdown.open(library) as opened:
        made = opened.repair.rebuild(tables or (), report=progress(quiet=as_json))
    if as_json:
        print_json({"whole": made.whole, **made.model_dump(mode="json")})
    else:
        _print_rebuilt(made)
    return ExitCode.OK if made.whole else ExitCode.FAILED


def progress(*, quiet: bool) -> Callable[[Progress], None]:
    """Return what says on stderr what is being looked at, each thing once."""
    said = ""

    def report(step: Progress) -> None:
        nonlocal said
        share = f", {step.rows:,} rows" if step.rows else ""
        if not quiet and said != (said := f"{step.doing}{share}"):
            NOTICES.print(Text(printable(said), style="dim"))

    return report


def _print(found: CheckReport) -> None:
    for kind in dict.fromkeys(fault.kind for fault in found.faults):
        of_kind = [fault for fault in found.faults if fault.kind == kind]
        rows = [[_state(fault, found), fault.subject, fault.cause, fault.remedy or ""] for fault in of_kind]
        table([kind, "what", "found", "remedy"], rows[:MOST])
        if len(rows) > MOST:
            typer.echo(f"and {len(rows) - MOST:,} more: see them with --json")
    looked = (
        f"{_count(found.runs, 'run')}, {_count(found.rows, 'row')} in {_count(len(found.tables), 'table')}"
    )
    wrong = sum(fault.harms for fault in found.faults)
    if not wrong:
        mended = sum(fault.mended is True for fault in found.faults)
        typer.echo(f"All is well: {looked}" + (f"; {_count(mended, 'fault')} mended." if mended else "."))
        return
    notice("wrong", f"{_count(wrong, 'fault')}: {looked}", "bold red")
    if found.dry_run:
        notice("nothing was changed", "leave out --dry-run to mend what can be")
    elif not found.repair:
        notice("mend them", "watchdown check --repair" + " --deep" * found.deep)


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"


def _state(fault: FaultFound, found: CheckReport) -> str:
    if fault.mended is None:
        return "wrong" if fault.harms else "note"
    if not fault.mended:
        return "cannot be mended"
    return "would be mended" if found.dry_run else "mended"


def _print_rebuilt(made: RebuildReport) -> None:
    rows = [[one.table, f"{one.runs:,}", f"{one.rows:,}"] for one in made.tables]
    table(["rebuilt", "runs", "rows"], rows, right=["runs", "rows"])
    if made.titles:
        typer.echo(f"Readers were told of {made.titles:,} titles.")
    for one in made.tables:
        if one.lost:
            runs = ", ".join(map(str, one.lost[:MOST]))
            notice("lost", f"{one.table}: nothing has all rows of {runs}; see: watchdown check --deep")
