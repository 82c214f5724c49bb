"""`watchdown demo`: six drawn films, added and searched, from nothing to hits with pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from watchdown.cli.exit_codes import ExitCode
from watchdown.cli.output import notice
from watchdown.cli.progress import progress
from watchdown.cli.search import print_page, write_sheet

if TYPE_CHECKING:
    from watchdown.client import Added, Library

DEFAULT = Path("demo-library")
SHEET = "red-race-car.png"


def demo(
    *, library: Annotated[Path, typer.Option("--library", help="Where the demo's library goes.")] = DEFAULT
) -> int:
    """Draw six short films, add them, and search them five ways."""
    import watchdown
    from watchdown.cli.demo_queries import HALF_A_LINE, IN_SPANISH, query_picture
    from watchdown_algos.drawn.library import draw_library

    films = library / "films"
    with watchdown.open(library, create=True) as opened:
        typer.echo("Drawing six short films (once) ...")
        truth = draw_library(films)
        names = list(dict.fromkeys(shot["title"] for shot in truth["shots"]))
        with progress() as report:
            added = opened.add(*(films / f"{name}.mp4" for name in names), report=report)
        _tell_added(added)
        if any(one.errors for one in added):
            return ExitCode.FAILED
        _write_truth(library / "truth.json", truth, added)
        picture = query_picture(library / "query.png")
        seen = _show(opened, "red race car", "watchdown search 'red race car'", {})
        write_sheet(opened, seen, library / SHEET)
        _show(opened, None, f"watchdown search --image {picture}", {"image": picture})
        shot = seen.hits[0].id
        _show(opened, None, f"watchdown search --shot {shot}", {"shot": shot})
        _show(opened, HALF_A_LINE, f"watchdown search --dialogue '{HALF_A_LINE}'", {"dialogue": True})
        _show(opened, IN_SPANISH, f"watchdown search --dialogue '{IN_SPANISH}'", {"dialogue": True})
    _tell_next(library, names[0])
    return ExitCode.OK


def _tell_added(added: list[Added]) -> None:
    for one in added:
        for error in one.errors:
            notice("error", error, "bold red")
        typer.echo(f"{one.outcome:9}  {one.title}  {one.title_name}")


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


def _show(library: Library, text: str | None, command: str, options: dict[str, Any]) -> Any:
    typer.echo(f"\n$ {command}")
    page = library.search(text, limit=4, **options)
    print_page(page)
    return page


def _tell_next(library: Path, name: str) -> None:
    typer.echo(f"\nThe pictures of the first search: {library / SHEET}")
    typer.echo(f"What was drawn, to compare:       {library / 'truth.json'}")
    notice(
        "note",
        "the demo's model knows only drawn pictures; real footage needs a real model (extra openclip, later)",
        "yellow",
    )
    program = ".venv/bin/watchdown"
    typer.echo("\nTry next:")
    typer.echo(f"  {program} search 'a dog in the snow' --library {library} --sheet dogs.png")
    typer.echo(f"  {program} show {name!r} --library {library}")
    typer.echo(f"  {program} add YOUR-FILM.mp4 --library my-library")
