"""`watchdown quarantine`: rows that validation refused, shown with their faults, mended and written again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from watchdown.cli.exit_codes import ExitCode
from watchdown.cli.options import DEFAULT_LIBRARY, JsonOption, LibraryOption
from watchdown.cli.output import notice, print_json, table
from watchdown_schemas.errors import printable

app = typer.Typer(
    help="Rows that validation refused: list them, show --out FILE, mend the file, replay it.",
    no_args_is_help=True,
)
RunArgument = Annotated[int, typer.Argument(help="Number of the run.")]
TypeArgument = Annotated[str, typer.Argument(metavar="TYPE", help="The schema type.")]


@app.command("list")
def list_refused(*, library: LibraryOption = DEFAULT_LIBRARY, as_json: JsonOption = False) -> None:
    """List the runs that have refused rows."""
    import watchdown

    with watchdown.open(library) as opened:
        found = opened.quarantine.list()
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
    elif not found:
        typer.echo("Nothing is in quarantine.")
    else:
        rows = (
            [
                str(one.run),
                one.schema_type,
                str(one.rows),
                str(one.held),
                one.title_name,
                one.algorithm,
                one.state,
            ]
            for one in found
        )
        table(
            ["run", "type", "refused", "held", "title", "algorithm", "state"],
            rows,
            right=["run", "refused", "held"],
        )


@app.command("show")
def show(
    run: RunArgument,
    schema_type: TypeArgument,
    *,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the rows as JSONL, to mend and replay them.")
    ] = None,
    library: LibraryOption = DEFAULT_LIBRARY,
    as_json: JsonOption = False,
) -> None:
    """Show refused rows with their faults."""
    import watchdown

    with watchdown.open(library) as opened:
        if out is not None:
            count = opened.quarantine.save(run, schema_type, out)
            remedy = f"watchdown quarantine replay {run} {schema_type} {out}"
            typer.echo(f"{count} row{'s' * (count != 1)} in {out}. Mend them, then: {remedy}")
            return
        rows = opened.quarantine.rows(run, schema_type)
    if as_json:
        print_json(rows)
    else:
        cells = (
            [str(row["row"]), fault["field"], fault["rule"], fault["value"]]
            for row in rows
            for fault in row["_faults"]
        )
        table(["row", "field", "rule", "value"], cells, right=["row"])


@app.command("replay")
def replay(
    run: RunArgument,
    schema_type: TypeArgument,
    file: Annotated[
        Path | None,
        typer.Argument(
            help="The mended rows: JSONL, one object per line, or Parquet; without it, only good ones."
        ),
    ] = None,
    *,
    library: LibraryOption = DEFAULT_LIBRARY,
    as_json: JsonOption = False,
) -> int:
    """Write mended rows with the good ones of their run, and publish them."""
    import watchdown

    with watchdown.open(library) as opened:
        written = opened.quarantine.replay(run, schema_type, file or ())
    if as_json:
        print_json(written.model_dump(mode="json"))
    elif written.error is None:
        typer.echo(f"run {written.run}: {written.written} {written.schema_type} records are seen")
    if written.error is not None:
        notice("error", f"run {written.run}: {printable(written.error)}", "bold red")
        return ExitCode.FAILED
    return ExitCode.OK
