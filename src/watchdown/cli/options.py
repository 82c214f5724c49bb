"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

LibraryOption = Annotated[
    Path,
    typer.Option(
        "--library",
        envvar="WATCHDOWN_LIBRARY",
        help="The library's folder, the file of its settings, such as watchdown.toml, or env: for the "
        "environment alone.",
        show_default=True,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
AsOfOption = Annotated[
    int | None,
    typer.Option("--as-of", metavar="EPOCH", help="As it was seen at an epoch of: watchdown history."),
]
DEFAULT_LIBRARY = Path("watchdown-library")
