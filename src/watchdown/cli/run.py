"""`watchdown run`: one algorithm over one title, now, ahead of any backfill."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from watchdown.cli.backfill import AlgorithmArgument
from watchdown.cli.batches import tell_bundle, tell_report, waiting
from watchdown.cli.exit_codes import ExitCode
from watchdown.cli.options import DEFAULT_LIBRARY, JsonOption, LibraryOption
from watchdown.cli.steps import steps
from watchdown_schemas.errors import RunError


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
        backfilling.executor_of(services, "local") as executor,
    ):
        title, batches = services.catalogue.title(on), list[str]()
        dependants = sorted(services.batching.dependants([algorithm]))
        with steps(quiet=as_json) as report:
            for names in filter(None, ([algorithm], dependants)):
                found = backfilling.plan(services, names, [title.id], apart=True, waiting=waiting())
                if found.waiting and algorithm in names:
                    remedy = "Mend that first, or choose another title"
                    raise RunError(title.name, found.waiting[0].why, remedy)
                wanted = Wanted(algorithm=algorithm, titles=[title.id], planned=found, size=1, urgent=True)
                for step in executor.watch(executor.run(wanted)):
                    report(step)
                batches += [one.batch for one in found.batches]
        judged = backfilling.report(services, batches, library=str(library))
        if out is None or not judged.passed:
            return tell_report(judged, as_json=as_json)
        made = bundling.results(services, [algorithm], [title.id])
        tell_bundle(map(str, bundling.write_bundle(services, made, out)), as_json=as_json)
        return ExitCode.OK
