"""`watchdown search`: hits as a table, as JSON, or as a sheet of pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from watchdown.cli.options import DEFAULT_LIBRARY, AsOfOption, JsonOption, LibraryOption
from watchdown.cli.output import notice, print_json, table
from watchdown.folder import storage_error
from watchdown_schemas.errors import NotFound, printable

if TYPE_CHECKING:
    from watchdown.client import Library
    from watchdown.search.hit import Page

COLUMNS = 4


def search(
    text: Annotated[str | None, typer.Argument(help="What is seen, or with --dialogue what is said.")] = None,
    *,
    image: Annotated[Path | None, typer.Option(help="Search by an image file.")] = None,
    shot: Annotated[str | None, typer.Option(metavar="ID", help="Search by a shot: more like this.")] = None,
    dialogue: Annotated[bool, typer.Option("--dialogue", help="Search what is said.")] = False,
    schema_type: Annotated[
        str | None, typer.Option("--type", metavar="TYPE", help="Search the text of records of this type.")
    ] = None,
    language: Annotated[
        list[str] | None,
        typer.Option(help="With --dialogue or --type, only lines in this language; may be repeated."),
    ] = None,
    within: Annotated[
        list[str] | None, typer.Option("--in", metavar="TITLE", help="Only in this title; may be repeated.")
    ] = None,
    min_score: Annotated[
        float | None, typer.Option(metavar="SCORE", help="Leave out hits that score less.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Hits on a page.")] = 10,
    after: Annotated[
        str | None, typer.Option(metavar="CURSOR", help="The cursor of the page before.")
    ] = None,
    as_of: AsOfOption = None,
    sheet: Annotated[Path | None, typer.Option(help="Write the hits as a contact sheet, a PNG.")] = None,
    library: LibraryOption = DEFAULT_LIBRARY,
    as_json: JsonOption = False,
) -> None:
    """Search the library. The first hit is the best."""
    import watchdown

    with watchdown.open(library) as opened:
        page = opened.search(
            text,
            image=image,
            shot=shot,
            dialogue=dialogue,
            schema_type=schema_type,
            languages=language or (),
            titles=within or None,
            min_score=min_score,
            limit=limit,
            after=after,
            as_of=as_of,
        )
        if as_json:
            print_json(page.model_dump(mode="json"))
        else:
            print_page(page)
        if page.cursor and not as_json:
            notice("more", "raise --limit, or page on: --json has the cursor that --after takes")
        if sheet is not None:
            write_sheet(opened, page, sheet)
            notice("sheet", printable(str(sheet)))


def print_page(page: Page) -> None:
    """Print a page of hits as a table."""
    if not page.hits:
        typer.echo(f"Nothing found for {printable(page.query)}.")
        return
    table(
        ["", "score", "time code", "title", "what", "id"],
        (
            [
                str(place),
                f"{hit.score:.3f}",
                hit.timecode,
                hit.title_name,
                hit.text or f"{hit.type.lower()}, {(hit.end_ns - hit.start_ns) / 1e9:.1f} s",
                hit.id,
            ]
            for place, hit in enumerate(page.hits, start=1)
        ),
        right=["", "score"],
    )


def write_sheet(library: Library, page: Page, path: Path) -> None:
    """Write the pictures of a page's hits into one PNG."""
    from watchdown.media.contact_sheet import contact_sheet

    pictures = []
    for hit in page.hits:
        if hit.thumbnail is not None:
            caption = f"{hit.title_name}  {hit.timecode}  {hit.text or f'{hit.score:.2f}'}"
            pictures.append((library.thumbnail(hit.thumbnail), printable(caption)))
    if not pictures:
        raise NotFound(
            page.query, "has no hit with a picture, so there is no sheet", "Search for something else."
        )
    image = contact_sheet(pictures, COLUMNS)
    try:
        path.write_bytes(image)
    except OSError as error:
        raise storage_error(path, error) from error
