"""`watchdown run`: one algorithm over one title, now, ahead of any backfill."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from watchdown.cli.backfill import AlgorithmArgument
from watchdown.cli.batches import tell_bundle, tell_report, waiting
from watchdown.cli.exit_codes import ExitCode
from watchdown.cli.options import DEFAULT_LIBRARY, JsonOption, LibraryOption
from watchdown.cli.steps import steps
from watchdown_schemas.errors import QueryError, RunError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from watchdown.catalogue.model import Title
    from watchdown.client.services import Services
    from watchdown.runs.parameters import Parameter


def run(
    algorithm: AlgorithmArgument,
    *,
    on: Annotated[str, typer.Option("--on", metavar="TITLE", help="The title, by name or id.")],
    param: Annotated[
        list[str] | None,
        typer.Option("--param", metavar="NAME=VALUE", help="A parameter of this run; may be repeated."),
    ] = None,
    publish: Annotated[
        bool,
        typer.Option(help="Show the result to readers; or only write it to --out, and leave all as it is."),
    ] = True,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Write the result there, as Parquet, JSON, CSV, WebVTT and pictures."
        ),
    ] = None,
    library: LibraryOption = DEFAULT_LIBRARY,
    as_json: JsonOption = False,
) -> int:
    """Run an algorithm over one title now, then those that read what it made, and publish the result.

    With --no-publish the algorithm alone is run, its rows are checked and written to --out, and nothing is
    kept in the library.
    """
    from watchdown.client import backfilling, bundling, trying
    from watchdown.client.opening import opened
    from watchdown.runs.parameters import read_parameters

    if out is None and not publish:
        raise QueryError("--no-publish", "leaves a result nowhere", "Name a folder for it with: --out DIR")
    with opened(library, ask=True) as services:
        parameters = read_parameters(services.algorithms[algorithm].manifest, param or ())
        title = services.catalogue.title(on)
        if out is not None and not publish:
            files = trying.tried_on(services, algorithm, title, parameters, out)
            tell_bundle(map(str, files), as_json=as_json)
            return ExitCode.OK
        batches = _worked(services, algorithm, title, parameters, quiet=as_json)
        judged = backfilling.report(services, batches, library=str(library))
        if out is None or not judged.passed:
            return tell_report(judged, as_json=as_json)
        made = bundling.results(services, [algorithm], [title.id])
        tell_bundle(map(str, bundling.write_bundle(services, made, out)), as_json=as_json)
        return ExitCode.OK


def _worked(
    services: Services,
    algorithm: str,
    title: Title,
    parameters: Mapping[str, Parameter],
    *,
    quiet: bool,
) -> list[str]:
    """Run an algorithm, then those that read what it made; return the batches that this took."""
    from watchdown.client import backfilling
    from watchdown.executors.protocol import Wanted
    from watchdown.runs.batching import ON_DEMAND

    batches = list[str]()
    dependants = sorted(services.batching.dependants([algorithm]))
    with (
        backfilling.executor_of(services, "local") as executor,
        steps(quiet=quiet) as report,
    ):
        for names in filter(None, ([algorithm], dependants)):
            found = backfilling.plan(
                services,
                names,
                [title.id],
                apart=True,
                priority=ON_DEMAND,
                parameters={algorithm: parameters},
                again=algorithm in names,
                waiting=waiting(),
            )
            if found.waiting and algorithm in names:
                remedy = "Mend that first, or choose another title"
                raise RunError(title.name, found.waiting[0].why, remedy)
            wanted = Wanted(algorithm=algorithm, titles=[title.id], planned=found, size=1, urgent=True)
            for step in executor.watch(executor.run(wanted)):
                report(step)
            batches += [one.batch for one in found.batches]
    return batches
