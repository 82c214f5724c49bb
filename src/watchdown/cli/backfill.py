"""`watchdown backfill` and `watchdown run`: one algorithm over many titles, or over one, now."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from watchdown.cli.batches import (
    SIZE,
    RateOption,
    SizeOption,
    TitlesOption,
    ToleranceOption,
    tell_bundle,
    tell_plan,
    tell_report,
    waiting,
)
from watchdown.cli.exit_codes import ExitCode
from watchdown.cli.options import DEFAULT_LIBRARY, JsonOption, LibraryOption
from watchdown.cli.output import notice, print_json
from watchdown.cli.steps import steps
from watchdown_schemas.errors import RunError, printable

if TYPE_CHECKING:
    from watchdown.client.services import Services
    from watchdown.runs.batching import Planned
    from watchdown.runs.reporting import BackfillReport

AlgorithmArgument = Annotated[str, typer.Argument(metavar="ALGO", help="The algorithm's name.")]


def backfill(
    algorithm: AlgorithmArgument,
    *,
    titles: TitlesOption = None,
    rate: RateOption = None,
    tolerance: ToleranceOption = 0.0,
    size: SizeOption = SIZE,
    via: Annotated[
        Literal["local", "airflow"],
        typer.Option(help="Work here, or have Airflow run it as Kubernetes jobs and follow it."),
    ] = "local",
    library: LibraryOption = DEFAULT_LIBRARY,
    as_json: JsonOption = False,
) -> int:
    """Run an algorithm over all titles that lack its result. Whatever ended it, the next call goes on."""
    from watchdown.client import backfilling
    from watchdown.client.opening import opened
    from watchdown.executors.protocol import Wanted

    with (
        opened(library, ask=True) as services,
        backfilling.executor_of(services, via, waiting()) as executor,
    ):
        found = backfilling.plan(services, [algorithm], titles or (), size=size, waiting=waiting())
        if not found.batches:
            _nothing_to_do(found, as_json=as_json)
            return ExitCode.OK
        if not as_json:
            tell_plan(found, as_json=False)
        wanted = Wanted(
            algorithm=algorithm,
            titles=titles or (),
            planned=found,
            size=size,
            rate=rate,
            tolerance=tolerance,
        )
        name = executor.run(wanted)
        with steps(quiet=as_json) as report:
            for step in executor.watch(name):
                report(step)
        return tell_report(_report(services, found, tolerance, library), as_json=as_json)


def _nothing_to_do(found: Planned, *, as_json: bool) -> None:
    for one in found.waiting:
        notice("note", f"{printable(one.title)}: {one.algorithm} cannot be run now: {printable(one.why)}")
    if as_json:
        print_json({"batches": [], "runs": 0, "published": 0, "failed": [], "passed": True})
    else:
        typer.echo(f"Nothing is to be done: {found.up_to_date} titles have the result already.")


def _report(services: Services, found: Planned, tolerance: float, library: Path) -> BackfillReport:
    from watchdown.client import backfilling

    names = [one.batch for one in found.batches]
    return backfilling.report(services, names, tolerance=tolerance, library=str(library))


def run(
    algorithm: AlgorithmArgument,
    *,
    on: Annotated[str, typer.Option("--on", metavar="TITLE", help="The title, by name or id.")],
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write the result there, as Parquet and JSON.")
    ] = None,
    library: LibraryOption = DEFAULT_LIBRARY,
    as_json: JsonOption = False,
) -> int:
    """Run an algorithm over one title now, then those that read what it made, and publish the result."""
    from watchdown.client import backfilling
    from watchdown.client.bundling import write_bundle
    from watchdown.client.opening import opened
    from watchdown.executors.protocol import Wanted

    with (
        opened(library, ask=True) as services,
        backfilling.executor_of(services, "local", waiting()) as executor,
    ):
        title, batches = services.catalogue.title(on), list[str]()
        dependants = sorted(services.batching.dependants([algorithm]))
        with steps(quiet=as_json) as report:
            for names in filter(None, ([algorithm], dependants)):
                found = backfilling.plan(services, names, [title.id], waiting=waiting())
                if found.waiting and algorithm in names:
                    remedy = "Mend that first, or choose another title"
                    raise RunError(title.name, found.waiting[0].why, remedy)
                wanted = Wanted(algorithm=algorithm, titles=[title.id], planned=found, size=1)
                for step in executor.watch(executor.run(wanted)):
                    report(step)
                batches += [one.batch for one in found.batches]
        judged = backfilling.report(services, batches, library=str(library))
        if out is None or not judged.passed:
            return tell_report(judged, as_json=as_json)
        made = (services.ledger.active(title.id, name) for name in (algorithm, *dependants))
        tell_bundle(map(str, write_bundle(services, [one for one in made if one], out)), as_json=as_json)
        return ExitCode.OK
