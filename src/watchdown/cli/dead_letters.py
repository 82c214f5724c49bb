"""`watchdown dead-letters`: rows that the store refused, shown with the reason, mended and written again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from watchdown.cli.exit_codes import ExitCode
from watchdown.cli.options import DEFAULT_LIBRARY, JsonOption, LibraryOption
from watchdown.cli.output import notice, print_json, table
from watchdown_schemas.errors import printable

app = typer.Typer(
    help="Rows that the store refused: list them, show --out FILE, mend the file, replay --from FILE.",
    no_args_is_help=True,
)
RunArgument = Annotated[int, typer.Argument(help="Number of the run.")]
TypeOption = Annotated[
    str | None, typer.Option("--type", metavar="TYPE", help="Only rows of this schema type.")
]


@app.command("list")
def list_letters(*, library: LibraryOption = DEFAULT_LIBRARY, as_json: JsonOption = False) -> None:
    """List the runs of which the store refused rows, each with the reason it gave most often."""
    import watchdown

    with watchdown.open(library) as opened:
        found = opened.dead_letters.list()
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
    elif not found:
        typer.echo("The store has refused nothing.")
    else:
        rows = (
            [
                str(one.run),
                one.schema_type,
                str(one.rows),
                one.title_name,
                one.algorithm,
                one.state,
                one.reason,
            ]
            for one in found
        )
        columns = ["run", "type", "rows", "title", "algorithm", "state", "remarks"]
        table(columns, rows, right=["run", "rows"])


@app.command("show")
def show(
    run: RunArgument,
    *,
    schema_type: TypeOption = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the rows as JSONL, to mend and replay them.")
    ] = None,
    library: LibraryOption = DEFAULT_LIBRARY,
    as_json: JsonOption = False,
) -> None:
    """Show the rows of a run that the store refused, with reasons; with --json as JSONL, a row a line."""
    import watchdown

    with watchdown.open(library) as opened:
        if out is not None:
            count = opened.dead_letters.save(run, out, schema_type)
            remedy = f"watchdown dead-letters replay {run} --from {out}"
            typer.echo(f"{count} row{'s' * (count != 1)} in {out}. Mend them, then: {remedy}")
            return
        rows = opened.dead_letters.rows(run, schema_type)
    if as_json:
        for row in rows:
            typer.echo(json.dumps(row))
    else:
        cells = ([str(row["type"]), str(row["id"]), str(row["_reason"])] for row in rows)
        table(["type", "id", "remarks"], cells)


@app.command("replay")
def replay(
    run: RunArgument,
    *,
    file: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="FILE",
            help="The mended rows: JSONL, one object per line, or Parquet; without it, all as they are.",
        ),
    ] = None,
    library: LibraryOption = DEFAULT_LIBRARY,
    as_json: JsonOption = False,
) -> int:
    """Write rows that the store refused again, with the others of their run, and publish them."""
    import watchdown

    with watchdown.open(library) as opened:
        done = opened.dead_letters.replay(run, file)
    if as_json:
        print_json(done.model_dump(mode="json"))
    elif done.error is None:
        typer.echo(f"run {done.run}: {done.replayed} row{'s' * (done.replayed != 1)} more are seen")
    if done.error is not None:
        notice("error", f"run {done.run}: {printable(done.error)}", "bold red")
        return ExitCode.FAILED
    return ExitCode.OK
