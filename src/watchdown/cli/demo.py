"""`watchdown demo`: six drawn films, added and searched, from nothing to hits with pictures."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from watchdown.cli.add import tell
from watchdown.cli.exit_codes import ExitCode
from watchdown.cli.output import notice
from watchdown.cli.progress import progress
from watchdown.cli.search import print_page, write_sheet

if TYPE_CHECKING:
    from watchdown.client import Added, Library
    from watchdown.search.hit import Page

DEFAULT = Path("demo-library")
SHEET = "red-race-car.png"
PROGRAM = ".venv/bin/watchdown"
HITS = 4


def demo(
    *,
    library: Annotated[
        Path, typer.Option("--library", help="Its folder, or its file of settings.")
    ] = DEFAULT,
) -> int:
    """Draw six short films, add them, and search them five ways."""
    import watchdown
    from watchdown.cli.demo_queries import HALF_A_LINE, IN_SPANISH, query_picture
    from watchdown.settings.reading import is_file_of_settings
    from watchdown_algos.drawn.library import draw_library

    home = library.parent if is_file_of_settings(library) else library
    films = home / "films"
    with watchdown.open(library, create=True) as opened:
        if not films.exists():
            typer.echo("Drawing six short films (once) ...")
        truth = draw_library(films)
        names = list(dict.fromkeys(shot["title"] for shot in truth["shots"]))
        with progress() as report:
            added = opened.add(*(films / f"{name}.mp4" for name in names), report=report)
        for one in added:
            tell(one)
        if any(one.errors for one in added):
            return ExitCode.FAILED
        _write_truth(home / "truth.json", truth, added)
        picture = query_picture(home / "query.png")
        show = partial(_show, opened, library)
        seen = show("'red race car'", "red race car")
        write_sheet(opened, seen, home / SHEET)
        show(f"--image {picture}", image=picture)
        show(f"--shot {seen.hits[0].id}", shot=seen.hits[0].id)
        show(f"--dialogue '{HALF_A_LINE}'", HALF_A_LINE, dialogue=True)
        show(f"--dialogue '{IN_SPANISH}'", IN_SPANISH, dialogue=True)
    _tell_next(library, home, names[0])
    return ExitCode.OK


def _write_truth(path: Path, truth: dict[str, Any], added: list[Added]) -> None:
    """Write what was drawn, with the titles' ids as the library gave them."""
    from watchdown.folder import write_json

    ids = {one.title_name: one.title for one in added}
    named = {
        part: [{**row, "title": ids[row["title"]], "title_name": row["title"]} for row in rows]
        for part, rows in truth.items()
    }
    if not path.exists() or json.loads(path.read_text("utf-8")) != named:
        write_json(path, named)


def _show(opened: Library, library: Path, words: str, text: str | None = None, **options: Any) -> Page:
    """Search, and print the command that would give the same."""
    typer.echo(f"\n$ {PROGRAM} search {words} --library {library} --limit {HITS}")
    page = opened.search(text, limit=HITS, **options)
    print_page(page)
    return page


def _tell_next(library: Path, home: Path, name: str) -> None:
    typer.echo(f"\nThe pictures of the first search: {home / SHEET}")
    typer.echo(f"What was drawn, to compare:       {home / 'truth.json'}")
    notice(
        "note",
        "the demo's model knows only drawn pictures; real footage needs a real model (extra openclip, later)",
        "yellow",
    )
    typer.echo("\nTry next:")
    typer.echo(f"  {PROGRAM} search 'a runner in the snow' --library {library} --sheet runner.png")
    typer.echo(f"  {PROGRAM} show {name!r} --library {library}")
    typer.echo(f"  {PROGRAM} add YOUR-FILM.mp4 --library my-library")
