"""`watchdown note`: people's marks on titles, added, changed and listed with their history."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Annotated

import typer

from watchdown.cli.options import DEFAULT_LIBRARY, JsonOption, LibraryOption
from watchdown.cli.output import print_json, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from watchdown.client import Library
    from watchdown_schemas.types import Note

app = typer.Typer(help="Marks that people make on titles; every save is kept.", no_args_is_help=True)
TitleArgument = Annotated[str, typer.Argument(help="A title's name or id.")]
POINT = "62.5, 1:02.5, a time code or a frame such as f1500."


@app.command("add")
def add(
    title: TitleArgument,
    text: Annotated[str | None, typer.Argument(help="What is to be noted.")] = None,
    *,
    at: Annotated[
        str | None, typer.Option(metavar="TIME", help=f"Begin, {POINT} Without it, the whole title.")
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="End; without it, one frame.")] = None,
    shape: Annotated[
        str | None, typer.Option(metavar="WKT", help="Place in the picture, in fractions of the frame.")
    ] = None,
    colour: Annotated[
        str | None, typer.Option(help="Colour of the mark: red, green, blue and so on.")
    ] = None,
    author: Annotated[str | None, typer.Option(help="Who notes it; without it, who is logged in.")] = None,
    note: Annotated[
        str | None, typer.Option(metavar="ID", help="Change this note; what is left out stays.")
    ] = None,
    library: LibraryOption = DEFAULT_LIBRARY,
    as_json: JsonOption = False,
) -> None:
    """Add a note to a title, or change one."""
    import watchdown

    with watchdown.open(library) as opened:
        start, end = opened.span(title, at, until) if at is not None else (None, None)
        saved = opened.notes.save(
            title,
            text,
            note=note,
            author=author or (None if note else getpass.getuser()),
            start_ns=start,
            end_ns=end,
            geometry=shape,
            colour=colour,
        )
        _tell(opened, title, [saved], as_json=as_json)


@app.command("list")
def list_notes(
    title: TitleArgument,
    *,
    history: Annotated[
        str | None, typer.Option(metavar="ID", help="All versions of this note, oldest first.")
    ] = None,
    library: LibraryOption = DEFAULT_LIBRARY,
    as_json: JsonOption = False,
) -> None:
    """List the notes of a title, or the versions of one."""
    import watchdown

    with watchdown.open(library) as opened:
        found = opened.notes.history(title, history) if history else opened.notes.list(title)
        _tell(opened, title, found, as_json=as_json)


@app.command("remove")
def remove(
    title: TitleArgument,
    note: Annotated[str, typer.Argument(help="The note's id, as `note list` shows it.")],
    *,
    library: LibraryOption = DEFAULT_LIBRARY,
) -> None:
    """Take a note off a title; its versions stay in the history."""
    import watchdown

    with watchdown.open(library) as opened:
        opened.notes.remove(title, note)
    typer.echo(f"Removed. Its versions: watchdown note list {title} --history {note}")


def _tell(library: Library, title: str, notes: Sequence[Note], *, as_json: bool) -> None:
    if as_json:
        print_json([note.model_dump(mode="json") for note in notes])
        return
    if not notes:
        typer.echo("No notes yet. Add one with: watchdown note add TITLE TEXT --at TIME")
        return
    rows = (
        [
            note.note,
            str(note.revision),
            library.timecode(title, note.start_ns),
            library.timecode(title, note.end_ns),
            note.author,
            note.text,
        ]
        for note in notes
    )
    table(["note", "version", "from", "to", "author", "what"], rows, right=["version"])
