"""`watchdown backfill`: one algorithm over many titles."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from watchdown.cli.backfill_view import viewed
from watchdown.cli.batches import (
    RateOption,
    SizeOption,
    TitlesOption,
    ToleranceOption,
    ViaOption,
    tell_plan,
    tell_report,
    tell_waiting,
    waiting,
)
from watchdown.cli.exit_codes import ExitCode
from watchdown.cli.options import DEFAULT_LIBRARY, JsonOption, LibraryOption
from watchdown.cli.output import notice, print_json
from watchdown.runs.batch import LARGEST, SIZE
from watchdown.runs.states import State
from watchdown_schemas.errors import BackfillCancelled

if TYPE_CHECKING:
    from watchdown.client.backfills import Begun
    from watchdown.client.services import Services

UNSHOWN = "more has failed than is tolerated: mend it, then: watchdown backfills retry-failed {}"
ConcurrencyOption = Annotated[
    int | None, typer.Option(min=1, max=LARGEST, metavar="N", help="Titles that are worked at once.")
]
PublishOption = Annotated[
    Literal["batch", "all", "later"] | None,
    typer.Option(
        help="Show each batch as soon as it is done, or all at one moment, as where the model is new; or "
        "nothing until: watchdown generations promote."
    ),
]
OnlyOption = Annotated[
    bool, typer.Option("--only", help="Do not go on to the algorithms that read its records.")
]
AgainOption = Annotated[bool, typer.Option("--again", help="Show once more what was taken back.")]
PriorityOption = Annotated[
    int, typer.Option(min=0, max=99, metavar="N", help="Among batches, the higher is worked first.")
]
AlgorithmArgument = Annotated[str, typer.Argument(metavar="ALGO", help="The algorithm's name.")]


def backfill(
    algorithm: AlgorithmArgument,
    *,
    titles: TitlesOption = None,
    rate: RateOption = None,
    concurrency: ConcurrencyOption = None,
    publish: PublishOption = None,
    tolerance: ToleranceOption = 0.0,
    size: SizeOption = SIZE,
    only: OnlyOption = False,
    again: AgainOption = False,
    priority: PriorityOption = 0,
    via: ViaOption = "local",
    library: LibraryOption = DEFAULT_LIBRARY,
    as_json: JsonOption = False,
) -> int:
    """Run an algorithm over all titles that lack its result. Whatever ended it, the next call goes on.

    From another terminal it is looked at, paused and cancelled: watchdown backfills.
    """
    from watchdown.client import backfills
    from watchdown.client.opening import opened

    wish = backfills.Wish(
        algorithm=algorithm,
        titles=titles or (),
        size=size,
        rate=rate,
        concurrency=concurrency,
        publish=publish,
        via=via,
        tolerance=tolerance,
        only=only,
        again=again,
        priority=priority,
    )
    with opened(library, ask=True) as services:
        services.algorithms[algorithm]  # raises, naming those that are known
        backfills.check_executor(services, via)
        begun = backfills.begin(services, wish, waiting())
        return follow(services, begun, str(library), as_json=as_json)


def follow(services: Services, begun: Begun, library: str, *, as_json: bool) -> int:
    """Work a backfill to its end and say what became of it; the exit code is the verdict."""
    from watchdown.client import backfills

    found, number = begun.planned, begun.backfill.number
    if as_json:
        print_json({"backfill": number}, indent=None)
        tell_waiting(found)
    elif found.batches:
        typer.echo(f"Backfill {number}:")
        tell_plan(found, as_json=False)
    else:
        tell_waiting(found)
    try:
        with viewed(quiet=as_json, load=lambda: backfills.load_of(services, number)) as report:
            for step in backfills.work(services, begun, waiting()):
                report(step)
    except BackfillCancelled as error:
        notice("cancelled", str(error))
        judged = backfills.settle(services, number, library=library, blocked=found.blocked)
        tell_report(judged, as_json=as_json, indent=None)
        return ExitCode.FAILED
    judged = backfills.settle(services, number, library=library, blocked=found.blocked)
    if not (as_json or judged.runs or found.blocked):
        if found.again:
            return ExitCode.OK
        already = f": {found.up_to_date} titles have the result already" if found.up_to_date else ""
        typer.echo(f"Nothing is to be done{already}.")
        return ExitCode.OK
    code = tell_report(judged, as_json=as_json, indent=None)
    if any(one.state == State.LOADED for one in judged.failed):
        notice("not shown", UNSHOWN.format(number))
    if judged.waiting:
        notice("show it with", f"watchdown generations promote {number} --library {shlex.quote(library)}")
    if any(one.state == State.FAILED for one in judged.failed):
        notice(
            "try them again", f"watchdown backfills retry-failed {number} --library {shlex.quote(library)}"
        )
    return code
