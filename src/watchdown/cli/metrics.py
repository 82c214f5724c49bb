"""`watchdown metrics`: figures of the whole library, as Prometheus reads them."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from watchdown.cli.exit_codes import ExitCode
from watchdown.cli.options import DEFAULT_LIBRARY, JsonOption, LibraryOption
from watchdown.cli.output import notice, print_json
from watchdown_schemas.errors import QueryError


def metrics(
    *,
    serve: Annotated[
        str | None,
        typer.Option(metavar="[HOST:]PORT", help="Give them at http://HOST:PORT/metrics until interrupted."),
    ] = None,
    library: LibraryOption = DEFAULT_LIBRARY,
    as_json: JsonOption = False,
) -> int:
    """Print figures of the whole library for Prometheus: queue, lag, failures per station, budget."""
    from watchdown.client import figures
    from watchdown.client.opening import opened

    if serve is not None and as_json:
        raise QueryError("--json", "is given beside --serve", "Give one or the other")
    at = figures.address_of(serve) if serve is not None else None
    with opened(library) as services:
        if at is not None:
            with figures.serving(lambda: figures.text(services), *at) as server:
                notice("serving", f"http://{at[0]}:{server.server_port}/metrics")
                try:
                    server.serve_forever()
                except KeyboardInterrupt:
                    return ExitCode.OK
        elif as_json:
            print_json(
                [
                    {"name": one.name, "labels": dict(one.labels), "value": one.value}
                    for one in figures.figures(services)
                ]
            )
        else:
            sys.stdout.write(figures.text(services))
    return ExitCode.OK
