"""`watchdown add`: files into the library, every algorithm run over them."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from watchdown.cli.exit_codes import ExitCode
from watchdown.cli.options import DEFAULT_LIBRARY, JsonOption, LibraryOption
from watchdown.cli.output import notice, print_json
from watchdown.cli.progress import progress
from watchdown_schemas.errors import printable

if TYPE_CHECKING:
    from watchdown.client import Added

LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


def subtitle_and_language(given: str) -> str | Path | tuple[str | Path, str]:
    """Split FILE:lang; a colon in a file's own name stays."""
    name, _colon, language = given.rpartition(":")
    if name and not _exists(given) and (LANGUAGE.fullmatch(language) or _exists(name)):
        return _named(name), language
    return _named(given)


def _named(given: str) -> str | Path:
    return given if given.startswith("s3://") else Path(given)


def _exists(name: str) -> bool:
    return os.path.exists(name)  # noqa: PTH110 - a Path raises where a name is too long


def add(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...", help="Video or audio files, or their addresses: s3://bucket/film.mp4."
        ),
    ],
    *,
    title: Annotated[str | None, typer.Option(help="The title's name; the file's name without it.")] = None,
    subtitles: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE[:lang]",
            help="SRT or VTT, once per file; without it, those beside the video (film.es.srt).",
        ),
    ] = None,
    copy: Annotated[bool, typer.Option("--copy", help="Take the files into the library.")] = False,
    quality: Annotated[
        bool, typer.Option("--quality", help="Judge the results as a whole before they are seen.")
    ] = False,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="ALGO", help="Run only this algorithm; may be repeated. The rest: backfill."),
    ] = None,
    library: LibraryOption = DEFAULT_LIBRARY,
    as_json: JsonOption = False,
) -> int:
    """Add files and run every algorithm over them. A file that was added before costs nothing."""
    import watchdown

    pairs = [subtitle_and_language(given) for given in subtitles or []]
    with watchdown.open(library, create=True) as opened, progress(quiet=as_json) as report:
        added = opened.add(
            *files, title=title, subtitles=pairs, copy=copy, quality=quality, only=only, report=report
        )
    if as_json:
        print_json([one.model_dump() for one in added])
    for one in added:
        tell(one, only_errors=as_json)
    if not as_json:
        for model in dict.fromkeys(model for one in added for model in one.models):
            notice("note", printable(model), "yellow")
    return ExitCode.FAILED if any(one.errors for one in added) else ExitCode.OK


def tell(one: Added, *, only_errors: bool = False) -> None:
    """Say what became of a file: errors and notes on stderr, the outcome on stdout."""
    for error in one.errors:
        notice("error", error, "bold red")
    if only_errors:
        return
    for note in one.notes:
        notice("note", f"{printable(one.path)}: {printable(note)}", "yellow")
    if one.title is not None:
        typer.echo(f"{one.outcome:9}  {one.title}  {printable(one.title_name or '')}")
