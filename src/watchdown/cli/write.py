"""`watchdown write`: runs that other programs write, from a shell script as well."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from watchdown.cli.exit_codes import ExitCode
from watchdown.cli.options import DEFAULT_LIBRARY, JsonOption, LibraryOption
from watchdown.cli.output import notice, print_json, table
from watchdown.cli.write_view import progress
from watchdown_schemas.errors import QueryError, printable

if TYPE_CHECKING:
    from watchdown.client.part_writes import Progress
    from watchdown.client.results_writes import Appended, WrittenRun

app = typer.Typer(
    help="Write records from your own program: start a run, append files to it, finish it.",
    no_args_is_help=True,
)
STDIN: Final = "-"
FIRST: Final = "1.0.0"
RunArgument = Annotated[int, typer.Argument(metavar="RUN", help="Number of the run.")]
SlotArgument = Annotated[str, typer.Argument(metavar="ALGO[@VERSION]", help="Who writes, known here or not.")]
TitleOption = Annotated[str, typer.Option("--title", metavar="TITLE", help="A title's name or id.")]
ModelOption = Annotated[
    str | None, typer.Option("--model", metavar="NAME", help="The model that made the vectors, if there are.")
]
ToleranceOption = Annotated[
    float,
    typer.Option("--tolerance", metavar="SHARE", help="The share of the rows that may be bad."),
]
TypeOption = Annotated[str, typer.Option("--type", metavar="TYPE", help="The rows' schema type.")]
FileArgument = Annotated[
    str,
    typer.Argument(
        metavar="FILE",
        help="Parquet or JSON Lines, here or at s3://BUCKET/KEY; - for lines on standard input.",
    ),
]


@app.command("start")
def start(
    slot: SlotArgument,
    *,
    title: TitleOption,
    schema_types: Annotated[
        list[str] | None,
        typer.Option("--type", metavar="TYPE", help="A type that counts as written even without a row."),
    ] = None,
    model: ModelOption = None,
    tolerance: ToleranceOption = 0.0,
    library: LibraryOption = DEFAULT_LIBRARY,
    as_json: JsonOption = False,
) -> None:
    """Start a run of a title; nothing of it is seen before it is finished and published."""
    import watchdown

    algorithm, version = _slot(slot)
    _check_share(tolerance)
    with watchdown.open(library) as opened:
        run = opened.writes.start(
            algorithm, title, version=version, types=schema_types or (), model=model, tolerance=tolerance
        )
    if as_json:
        print_json({"run": run}, indent=None)
    else:
        typer.echo(f"Run {run} takes rows: watchdown write append {run} FILE --type TYPE")


@app.command("append")
def append(
    run: RunArgument,
    file: FileArgument,
    *,
    schema_type: TypeOption,
    part: Annotated[
        str | None,
        typer.Option(
            "--part", metavar="NAME", help="A name for these rows: a repeated call changes nothing."
        ),
    ] = None,
    library: LibraryOption = DEFAULT_LIBRARY,
    as_json: JsonOption = False,
) -> None:
    """Append the rows of a file to a run, all of them or none; many may append at once."""
    import watchdown

    with watchdown.open(library) as opened, _reporting(quiet=as_json) as report:
        found = opened.writes.append(run, schema_type, _rows(file), part=part, report=report)
    if as_json:
        print_json(found.model_dump())
    else:
        _print_appended(found)


@app.command("finish")
def finish(
    run: RunArgument,
    *,
    publish: Annotated[bool, typer.Option("--publish", help="Show it to readers, too.")] = False,
    library: LibraryOption = DEFAULT_LIBRARY,
    as_json: JsonOption = False,
) -> int:
    """Take no more rows for a run, check and load it; with --publish readers see it, all at one moment."""
    import watchdown

    with watchdown.open(library) as opened, _reporting(quiet=as_json) as report:
        found = opened.writes.finish(run, publish=publish, report=report)
    return _print_finished(found, as_json=as_json)


@app.command("publish")
def publish(
    run: RunArgument, *, library: LibraryOption = DEFAULT_LIBRARY, as_json: JsonOption = False
) -> int:
    """Show a run to readers; the same as finish --publish."""
    return finish(run, publish=True, library=library, as_json=as_json)


@app.command("cancel")
def cancel(
    run: RunArgument, *, library: LibraryOption = DEFAULT_LIBRARY, as_json: JsonOption = False
) -> None:
    """End a run that is not seen yet, and remove all of it; what was seen before stays."""
    import watchdown

    with watchdown.open(library) as opened:
        found = opened.writes.cancel(run)
    if as_json:
        print_json(found.model_dump())
    else:
        typer.echo(f"Run {run} is cancelled; nothing of it is left.")


@app.command("ingest")
def ingest(
    file: FileArgument,
    *,
    slot: Annotated[
        str, typer.Option("--algorithm", metavar="ALGO[@VERSION]", help="Who writes, known here or not.")
    ],
    title: TitleOption,
    schema_type: TypeOption,
    model: ModelOption = None,
    tolerance: ToleranceOption = 0.0,
    publish: Annotated[
        bool, typer.Option("--publish/--no-publish", help="Show it to readers, or leave it hidden.")
    ] = True,
    library: LibraryOption = DEFAULT_LIBRARY,
    as_json: JsonOption = False,
) -> int:
    """Write a file whole as a run: start, append and finish in one."""
    import watchdown

    algorithm, version = _slot(slot)
    _check_share(tolerance)
    with watchdown.open(library) as opened, _reporting(quiet=as_json) as report:
        found = opened.writes.ingest(
            _rows(file),
            algorithm=algorithm,
            title=title,
            schema_type=schema_type,
            version=version,
            model=model,
            tolerance=tolerance,
            publish=publish,
            report=report,
        )
    return _print_finished(found, as_json=as_json)


@app.command("list")
def list_(*, library: LibraryOption = DEFAULT_LIBRARY, as_json: JsonOption = False) -> None:
    """List the runs that were started and are not seen yet, oldest first."""
    import watchdown

    with watchdown.open(library) as opened:
        found = opened.writes.list()
    if as_json:
        print_json([one.model_dump() for one in found])
        return
    if not found:
        typer.echo("No run is open.")
        return
    rows = (
        [
            str(one.run),
            f"{one.algorithm} {one.version}",
            one.title_name,
            one.state,
            _counted(one.counts),
            str(sum(one.refused.values())),
            _since(one.idle_since),
        ]
        for one in found
    )
    table(
        ["run", "algorithm", "title", "state", "records", "refused", "idle for"],
        rows,
        right=["run", "refused"],
    )


def _slot(given: str) -> tuple[str, str]:
    """Return the algorithm and version of `ALGO@VERSION`."""
    from watchdown.client.writing import NAME

    algorithm, at, version = given.partition("@")
    if not algorithm or (at and not version):
        raise QueryError(given, "names no algorithm and version", "Write it as ALGO or ALGO@1.0.0")
    if not (NAME.fullmatch(algorithm) and NAME.fullmatch(version or FIRST)):
        remedy = "Write it as ALGO@1.0.0, each of up to 100 letters, digits, points, hyphens and underscores"
        raise QueryError(given, "names no algorithm and version", remedy)
    return algorithm, version or FIRST


def _check_share(tolerance: float) -> None:
    if not 0 <= tolerance <= 1:
        raise QueryError(f"--tolerance {tolerance:g}", "is no share of the rows", "Give a number from 0 to 1")


def _rows(file: str) -> Any:
    return sys.stdin.buffer if file == STDIN else file


@contextmanager
def _reporting(*, quiet: bool) -> Iterator[Progress]:
    with progress(quiet=quiet) as report:
        yield lambda doing, rows: report((doing, rows))


def _print_appended(found: Appended) -> None:
    name = found.schema_type.partition(".")[0]
    if found.repeated:
        typer.echo(f"Run {found.run} has the part {found.part} already: {found.rows:,} {name} rows.")
    else:
        typer.echo(f"{found.rows:,} {name} rows appended to run {found.run} as part {found.part}.")
    if found.refused:
        more = found.refused - len(found.faults)
        told = [*found.faults, f"and {more:,} more"] if more > 0 else found.faults
        rows = "1 row was" if found.refused == 1 else f"{found.refused:,} rows were"
        notice("warning", printable(f"{rows} refused: {'; '.join(told)}"), "yellow")


def _print_finished(found: WrittenRun, *, as_json: bool) -> int:
    if as_json:
        print_json(found.model_dump())
    elif found.error is None:
        name = printable(found.title_name)
        seen = {
            "active": f"are seen in {name}",
            "loaded": f"are loaded and hidden; show them with: watchdown write publish {found.run}",
        }
        stands = seen.get(found.state, f"were seen in {name}; a later run has taken their place")
        typer.echo(f"Run {found.run}: {_counted(found.counts) or 'no'} records {stands}.")
    for warning in found.warnings:
        notice("warning", printable(warning), "yellow")
    if found.error is not None:
        notice("error", f"run {found.run}: {printable(found.error)}", "bold red")
        if found.state == "quarantined":
            notice("see what was refused", "watchdown quarantine list")
        return ExitCode.FAILED
    return ExitCode.OK


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in sorted(counts.items()))


def _since(moment: str) -> str:
    """Return how long ago a moment was, in its largest unit."""
    seconds = max(0, int((datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds()))
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
