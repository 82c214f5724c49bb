"""`watchdown backfills`: those that go on and those that have ended, from any terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from watchdown.cli.backfill import OnlyOption
from watchdown.cli.batches import waiting
from watchdown.cli.exit_codes import ExitCode
from watchdown.cli.options import DEFAULT_LIBRARY, JsonOption, LibraryOption
from watchdown.cli.output import notice, print_json, table
from watchdown_schemas.errors import printable

if TYPE_CHECKING:
    from watchdown.client.results_backfills import BackfillStatus, BackfillSummary

app = typer.Typer(
    name="backfills", help="Look at backfills, pause, resume and cancel them.", no_args_is_help=True
)
NumberArgument = Annotated[int, typer.Argument(metavar="F", help="The backfill's number.")]


@app.command("list")
def list_(
    *,
    going_on: Annotated[bool, typer.Option("--going-on", help="Only those that have not ended.")] = False,
    library: LibraryOption = DEFAULT_LIBRARY,
    as_json: JsonOption = False,
) -> None:
    """List backfills, newest first."""
    import watchdown

    with watchdown.open(library) as opened:
        found = opened.backfills.list(going_on=going_on)
    if as_json:
        print_json([one.model_dump() for one in found])
        return
    if not found:
        typer.echo("There are no backfills.")
        return
    columns = ["backfill", "algorithm", "titles", "state", "published", "failed", "since"]
    rows = (
        [
            str(one.backfill),
            f"{one.algorithm} {one.version}",
            ", ".join(one.titles) or "all",
            stands(one),
            f"{one.published} of {one.runs}",
            str(one.failed),
            one.created_at[:16].replace("T", " "),
        ]
        for one in found
    )
    table(columns, rows, right=["backfill", "published", "failed"])


@app.command("status")
def status(
    number: NumberArgument, *, library: LibraryOption = DEFAULT_LIBRARY, as_json: JsonOption = False
) -> None:
    """Show how far a backfill is, batch by batch, and each title that failed, why, and what to do."""
    from watchdown.client import backfills_known
    from watchdown.client.opening import opened

    with opened(library) as services:
        found = backfills_known.status(services, number, library=str(library))
    if as_json:
        print_json(found.model_dump())
    else:
        _show(found)


def _show(found: BackfillStatus) -> None:
    typer.echo(
        f"Backfill {found.backfill}: {found.algorithm} {found.version} is {stands(found)}, "
        f"{found.published} of {found.runs} runs published, {found.failed} failed."
    )
    rows = (
        [
            one.batch,
            str(one.titles),
            ", ".join(one.algorithms),
            ", ".join(f"{count} {state}" for state, count in one.states.items()),
            one.holder or "-",
        ]
        for one in found.batches
    )
    table(["batch", "titles", "algorithms", "runs", "worked by"], rows, right=["titles"])
    for failed in found.failures:
        what = f"{printable(failed.title_name)}: {failed.algorithm} (run {failed.run})"
        notice(failed.state, f"{what}: {printable(failed.error)}")
        if failed.log:
            notice("its log", failed.log)
        notice("try again", failed.command)
    if _is_left(found):
        notice("go on with", found.command)


@app.command("pause")
def pause(
    number: NumberArgument, *, library: LibraryOption = DEFAULT_LIBRARY, as_json: JsonOption = False
) -> None:
    """Begin no title of a backfill and load nothing of it, until it is resumed."""
    import watchdown

    with watchdown.open(library) as opened:
        _changed(opened.backfills.pause(number), as_json=as_json)


@app.command("resume")
def resume(
    number: NumberArgument, *, library: LibraryOption = DEFAULT_LIBRARY, as_json: JsonOption = False
) -> None:
    """Let a backfill go on that was paused."""
    import watchdown

    with watchdown.open(library) as opened:
        _changed(opened.backfills.resume(number), as_json=as_json)


@app.command("cancel")
def cancel(
    number: NumberArgument, *, library: LibraryOption = DEFAULT_LIBRARY, as_json: JsonOption = False
) -> None:
    """End a backfill: what is published stays, of the rest nothing is ever seen."""
    import watchdown

    with watchdown.open(library) as opened:
        _changed(opened.backfills.cancel(number), as_json=as_json)


@app.command("retry-failed")
def retry_failed(
    number: NumberArgument,
    *,
    only: OnlyOption = False,
    library: LibraryOption = DEFAULT_LIBRARY,
    as_json: JsonOption = False,
) -> int:
    """Work what failed of a backfill once more, in new batches of it."""
    from watchdown.cli.backfill import follow
    from watchdown.client import backfills
    from watchdown.client.opening import opened

    with opened(library, ask=True) as services:
        begun = backfills.retry_failed(services, number, waiting(), only=only)
        if not begun.planned.batches and not as_json:
            typer.echo(f"Nothing of backfill {number} is to be tried again.")
            backfills.settle(services, number, library=str(library))
            return ExitCode.OK
        return follow(services, begun, str(library), as_json=as_json)


def stands(found: BackfillSummary) -> str:
    """Return how a backfill stands, as people say it."""
    if _is_loaded(found):
        return "loaded"
    return "left" if _is_left(found) else found.state


def _is_left(found: BackfillSummary) -> bool:
    """Whether its process is gone; of what Airflow runs, pods may be at work that hold no lease."""
    here = found.state == "running" and found.via == "local" and not found.at_work
    return here and not _is_loaded(found)


def _is_loaded(found: BackfillSummary) -> bool:
    """Whether all of it is loaded, or has failed, and it waits for a person who promotes it."""
    ended = found.loaded + found.published + found.failed == found.runs
    return found.state == "running" and found.publish == "later" and found.loaded > 0 and ended


def _changed(found: BackfillSummary, *, as_json: bool) -> None:
    if as_json:
        print_json(found.model_dump())
        return
    told = f"Backfill {found.backfill} is {found.state}: {found.published} of {found.runs} runs published."
    typer.echo(told)
