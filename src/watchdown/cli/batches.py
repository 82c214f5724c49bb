"""The steps of a backfill, one command each: what Airflow's tasks run, and people by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from watchdown.cli.exit_codes import ExitCode
from watchdown.cli.options import DEFAULT_LIBRARY, JsonOption, LibraryOption
from watchdown.cli.output import notice, print_json, table
from watchdown.runs.batch import LARGEST, SIZE
from watchdown_schemas.errors import QueryError, printable
from watchdown_schemas.ids import short_hash

if TYPE_CHECKING:
    from watchdown.runs.batching import Planned
    from watchdown.runs.ledger import Run
    from watchdown.runs.reporting import BackfillReport

BatchOption = Annotated[str, typer.Option("--batch", metavar="B", help="The batch's name.")]
BatchesOption = Annotated[
    list[str] | None, typer.Option("--batch", metavar="B", help="A batch; may be repeated.")
]
TitlesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--titles",
        metavar="T",
        help="A title's name or id, a pattern ('Night*') or metadata (season:2); may be repeated. "
        "All titles without it.",
    ),
]
SizeOption = Annotated[int, typer.Option(min=1, max=LARGEST, metavar="N", help="Titles in a batch at most.")]
ViaOption = Annotated[
    Literal["local", "airflow"],
    typer.Option(help="Work here, or have Airflow run it as Kubernetes jobs and follow it."),
]
RateOption = Annotated[
    float | None,
    typer.Option(min=0.001, metavar="N", help="Documents in a second, below the library's budget."),
]
ToleranceOption = Annotated[
    float, typer.Option(min=0, max=1, metavar="SHARE", help="The share of titles that may fail.")
]
WRITING = "another process writes to the library"
AT_WORK = "another process works this batch, or its backfill is paused"
UNJUDGED = "the results were not judged as a whole: pip install 'watchdown[quality]'"


def waiting(why: str = WRITING) -> Callable[[], None]:
    """Return what says once why one waits: for another process, unless told; Ctrl-C ends the wait."""
    said = False

    def say() -> None:
        nonlocal said
        if not said:
            notice("waiting", why)
        said = True

    return say


def batch(
    algorithms: Annotated[
        list[str] | None, typer.Argument(metavar="ALGO...", help="Algorithms; all without any.")
    ] = None,
    *,
    titles: TitlesOption = None,
    size: SizeOption = SIZE,
    over: Annotated[
        Literal["media", "records"] | None, typer.Option(help="Only algorithms over these.")
    ] = None,
    readers: Annotated[
        bool, typer.Option("--readers", help="Instead of ALGO, those that read what it makes.")
    ] = False,
    apart: Annotated[
        bool, typer.Option("--apart", help="Take these titles out of open batches that hold others.")
    ] = False,
    library: LibraryOption = DEFAULT_LIBRARY,
    as_json: JsonOption = False,
) -> int:
    """Plan what titles lack, in batches. To plan twice is no fault: a batch that is open is told again."""
    from watchdown.client import backfilling
    from watchdown.client.opening import opened

    with opened(library, ask=True) as services:
        found = backfilling.plan(
            services,
            algorithms or (),
            titles or (),
            over=over,
            readers=readers,
            size=size,
            apart=apart,
            waiting=waiting(),
        )
    tell_plan(found, as_json=as_json)
    return ExitCode.OK


def tell_plan(found: Planned, *, as_json: bool) -> None:
    """Say what is to be done."""
    if as_json:
        print_json(
            {
                "plan": found.plan,
                "batches": [asdict(one) for one in found.batches],
                "up_to_date": found.up_to_date,
                "again": list(found.again),
                "blocked": found.blocked,
                "waiting": [asdict(one) for one in found.waiting],
            }
        )
        tell_waiting(found)
        return
    rows = ([one.batch, str(one.titles), ", ".join(one.algorithms), one.image] for one in found.batches)
    if found.batches:
        table(["batch", "titles", "algorithms", "image"], rows, right=["titles"])
    else:
        typer.echo("Nothing is to be done.")
    tell_waiting(found)


def tell_waiting(found: Planned) -> None:
    """Say which titles cannot be run now, and which have nothing for it."""
    if found.again:
        single = len(found.again) == 1
        several = "1 result" if single else f"{len(found.again):,} results"
        holds = "it holds" if single else "they hold"
        notice("shown again", f"{several} that readers have seen before: {holds} once more")
    for one in found.waiting:
        kind, what = ("warning", "cannot be run now") if one.blocked else ("note", "is not for it")
        what = "is not run again" if one.taken_back else what
        notice(kind, f"{printable(one.title)}: {one.algorithm} {what}: {printable(one.why)}")


def record(
    *,
    batch: BatchOption,
    lost: Annotated[
        list[str] | None,
        typer.Option(metavar="INDEX=CAUSE", help="Why there is nothing of a title; may be repeated."),
    ] = None,
    library: LibraryOption = DEFAULT_LIBRARY,
    as_json: JsonOption = False,
) -> int:
    """Enter what workers have left into the ledger, once none of them is at work; the rest is lost."""
    from watchdown.client import backfilling
    from watchdown.client.opening import opened

    causes = dict(map(_cause, lost or ()))
    with opened(library) as services, backfilling.at_batch(services, batch, waiting(AT_WORK)):
        return _told(batch, services.batches.record(batch, causes), as_json=as_json)


def _cause(given: str) -> tuple[int, str]:
    index, equals, cause = given.partition("=")
    if not (equals and index.isdecimal() and cause.strip()):
        raise QueryError(given, "is no index with a cause", "Write it as --lost 7='out of memory'")
    return int(index), cause.strip()


def validate(
    *, batch: BatchOption, library: LibraryOption = DEFAULT_LIBRARY, as_json: JsonOption = False
) -> int:
    """Judge the recorded runs, each by its refused rows and all together, with a report."""
    from watchdown.client import backfilling
    from watchdown.client.opening import opened
    from watchdown.storage import keys
    from watchdown.validation.judge import FIRST_PAGE

    with opened(library) as services, backfilling.at_batch(services, batch, waiting(AT_WORK)):
        runs = services.batches.validate(batch)
        page = keys.report(batch) + FIRST_PAGE
        there = services.storage.exists(page)
        place = services.storage.place(page)
    if there:
        notice("report", place)
    else:
        notice("note", UNJUDGED)
    return _told(batch, runs, as_json=as_json, report=page if there else None)


def load(
    *,
    batch: BatchOption,
    rate: RateOption = None,
    library: LibraryOption = DEFAULT_LIBRARY,
    as_json: JsonOption = False,
) -> int:
    """Load the runs that passed into the store, within the budget; readers do not see them yet."""
    from watchdown.client import backfilling
    from watchdown.client.opening import opened

    with opened(library) as services, backfilling.at_batch(services, batch, waiting(AT_WORK)) as control:
        claim = backfilling.claim_of(services, batch, rate)
        return _told(batch, services.batches.load(batch, claim, control.gate), as_json=as_json)


def publish(
    *, batch: BatchOption, library: LibraryOption = DEFAULT_LIBRARY, as_json: JsonOption = False
) -> int:
    """Show what is loaded to readers, all at one moment."""
    from watchdown.client import backfilling, backfills
    from watchdown.client.opening import opened

    with opened(library) as services, backfilling.at_batch(services, batch, waiting(AT_WORK)):
        return _told(batch, backfills.publish(services, batch), as_json=as_json)


def _told(batch: str, runs: Sequence[Run], *, as_json: bool, **more: Any) -> int:
    from watchdown.runs.batches import counted

    states = counted(runs)
    failed = [run for run in runs if run.error]
    for run in failed:
        notice(run.state, f"{run.title} {run.algorithm} (run {run.number}): {printable(run.error or '')}")
    told = f"{batch}: " + ", ".join(f"{count} {state}" for state, count in states.items())
    if as_json:
        notice("batch", told)
        errors = [{"title": run.title, "run": run.number, "error": run.error} for run in failed]
        print_json({"batch": batch, "states": states, "failed": errors, **more})
    else:
        typer.echo(told)
    return ExitCode.OK


def report(
    *,
    batch: BatchesOption = None,
    tolerance: ToleranceOption = 0.0,
    blocked: Annotated[
        int, typer.Option(min=0, metavar="N", help="Titles that could not be planned; they count as failed.")
    ] = 0,
    via: ViaOption = "local",
    library: LibraryOption = DEFAULT_LIBRARY,
    as_json: JsonOption = False,
) -> int:
    """Judge what became of batches: each title that failed, why, and how to try again."""
    from watchdown.client import backfilling, backfills
    from watchdown.client.opening import opened

    with opened(library) as services:
        found = backfilling.report(
            services, batch or (), tolerance=tolerance, library=str(library), via=via, blocked=blocked
        )
        for one in {one.number for name in batch or () for one in services.backfills.of_batch(name)}:
            backfills.settle(services, one, blocked=blocked)
    return tell_report(found, as_json=as_json)


def tell_report(found: BackfillReport, *, as_json: bool, indent: int | None = 1) -> int:
    """Say what became of a backfill, failures on stderr; the exit code is its verdict."""
    for one in found.failed:
        what = f"{printable(one.title_name)}: {one.algorithm} (run {one.run})"
        notice("failed", f"{what}: {printable(one.error)}")
        if one.log:
            notice("its log", one.log)
        notice("try again", one.command)
    if as_json:
        print_json({**asdict(found), "passed": found.passed}, indent=indent)
    else:
        blocked = f", {found.blocked} could not be planned" if found.blocked else ""
        later = f", {found.waiting} are loaded and wait to be promoted" if found.waiting else ""
        told = f"{found.published} of {found.runs} runs are published, {len(found.failed)} failed"
        typer.echo(f"{told}{blocked}{later}.")
    return ExitCode.OK if found.passed else ExitCode.FAILED


def bundle(
    algorithms: Annotated[
        list[str] | None, typer.Argument(metavar="ALGO...", help="Of --titles, only their results.")
    ] = None,
    *,
    batch: Annotated[str | None, typer.Option("--batch", metavar="B", help="What that batch made.")] = None,
    titles: TitlesOption = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Write the files there instead.")] = None,
    library: LibraryOption = DEFAULT_LIBRARY,
    as_json: JsonOption = False,
) -> int:
    """Pack what a batch made, or what is seen of titles, as Parquet and JSON, to be taken away."""
    from watchdown.client import bundling
    from watchdown.client.opening import opened

    if (batch is None) == (titles is None) or (batch and algorithms):
        remedy = "Give --batch B; or --titles T, and algorithms where not all are wanted"
        raise QueryError("bundle", "wants either a batch or titles", remedy)
    with opened(library) as services:
        if batch:
            name, runs = batch, services.batches.runs(batch)
        else:
            runs = bundling.results(services, algorithms or (), titles or ())
            name = short_hash("bundle", *(run.number for run in runs))
        if out is None:
            key = bundling.bundle(services, runs, name)
            tell_bundle([services.storage.place(key)], as_json=as_json, key=key)
        else:
            tell_bundle(map(str, bundling.write_bundle(services, runs, out)), as_json=as_json)
    return ExitCode.OK


def tell_bundle(files: Iterable[str], *, as_json: bool, key: str | None = None) -> None:
    """Say where a bundle lies."""
    if as_json:
        print_json({"bundle": key, "files": list(files)})
    else:
        for file in files:
            typer.echo(printable(file))
