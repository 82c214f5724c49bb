"""`watchdown backfill` and `watchdown run`: one algorithm over many titles, or over one, now."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from watchdown.cli.batches import (
    RateOption,
    SizeOption,
    TitlesOption,
    ToleranceOption,
    ViaOption,
    tell_bundle,
    tell_plan,
    tell_report,
    tell_waiting,
    waiting,
)
from watchdown.cli.exit_codes import ExitCode
from watchdown.cli.options import DEFAULT_LIBRARY, JsonOption, LibraryOption
from watchdown.cli.steps import steps
from watchdown.runs.batch import SIZE
from watchdown_schemas.errors import RunError

if TYPE_CHECKING:
    from watchdown.client.services import Services
    from watchdown.runs.batching import Planned

AlgorithmArgument = Annotated[str, typer.Argument(metavar="ALGO", help="The algorithm's name.")]


def backfill(
    algorithm: AlgorithmArgument,
    *,
    titles: TitlesOption = None,
    rate: RateOption = None,
    tolerance: ToleranceOption = 0.0,
    size: SizeOption = SIZE,
    via: ViaOption = "local",
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
            return _nothing_to_do(services, found, tolerance, as_json=as_json)
        if as_json:
            tell_waiting(found)
        else:
            tell_plan(found, as_json=False)
        wanted = Wanted(
            algorithm=algorithm,
            titles=titles or (),
            planned=found,
            size=size,
            rate=rate,
            tolerance=tolerance,
        )
        with steps(quiet=as_json) as report:
            for step in executor.watch(executor.run(wanted)):
                report(step)
        judged = backfilling.report(
            services,
            [one.batch for one in found.batches],
            tolerance=tolerance,
            library=str(library),
            via=via,
            blocked=found.blocked,
        )
        return tell_report(judged, as_json=as_json)


def _nothing_to_do(services: Services, found: Planned, tolerance: float, *, as_json: bool) -> int:
    """Say so; titles that something keeps from being planned are no success."""
    from watchdown.client import backfilling

    tell_waiting(found)
    if as_json or found.blocked:
        judged = backfilling.report(services, (), tolerance=tolerance, blocked=found.blocked)
        return tell_report(judged, as_json=as_json)
    typer.echo(f"Nothing is to be done: {found.up_to_date} titles have the result already.")
    return ExitCode.OK


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
    from watchdown.client import backfilling, bundling
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
                found = backfilling.plan(services, names, [title.id], apart=True, waiting=waiting())
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
        made = bundling.results(services, [algorithm], [title.id])
        tell_bundle(map(str, bundling.write_bundle(services, made, out)), as_json=as_json)
        return ExitCode.OK
