"""`watchdown settings`: what a library stands on, and the part of it that workers need."""

from __future__ import annotations

from typing import Annotated

import typer

from watchdown.cli.exit_codes import ExitCode
from watchdown.cli.options import DEFAULT_LIBRARY, JsonOption, LibraryOption
from watchdown.cli.output import print_json


def settings(
    *,
    worker: Annotated[
        bool,
        typer.Option(
            "--worker",
            help="Print what a worker needs, secrets included, as lines for: "
            "kubectl create secret generic NAME --from-env-file=/dev/stdin",
        ),
    ] = False,
    library: LibraryOption = DEFAULT_LIBRARY,
    as_json: JsonOption = False,
) -> int:
    """Show the settings of a library as variables of the environment; secrets are masked."""
    from watchdown.settings import Settings
    from watchdown.settings.variables import shown, worker_variables

    given = Settings.read(library)
    found = worker_variables(given) if worker else shown(given)
    if as_json:
        print_json(found)
    else:
        for name, value in found.items():
            typer.echo(f"{name}={value}")
    return ExitCode.OK
