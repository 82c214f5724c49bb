"""`watchdown titles import FILE`: what titles are known by, from a CSV, JSON or JSON Lines file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from watchdown.cli.exit_codes import ExitCode
from watchdown.cli.options import DEFAULT_LIBRARY, JsonOption, LibraryOption
from watchdown.cli.output import notice, print_json, table
from watchdown_schemas.errors import printable

if TYPE_CHECKING:
    from watchdown.catalogue.imports import ImportInvalid
    from watchdown.client.results import Imported

TOLD = 50
LINES = 500
WIDTH = 60


def import_titles(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A .csv, .tsv, .json or .jsonl file.")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    library: LibraryOption = DEFAULT_LIBRARY,
    as_json: JsonOption = False,
) -> int:
    """Import metadata, casts and rights: the whole file, or nothing of it.

    The heading of a CSV file says what it holds. Titles stand by name or id.

    Metadata: title,country,year:number,live:boolean,genre:list
    A column is text, or of the kind behind its colon. Lists are parted by |.

    Casts: title,person,character,aliases
    The aliases are the character's. The columns person_aliases and person_id
    give other names of the person, and tell people of one name apart.

    Rights: title,group
    The groups that may see the title, for the gateway to enforce; none is everyone.

    What the file says takes the place of what was there; the rest is kept.
    An empty cell removes a value. A row that has the title alone removes its
    cast, or the limit on who may see it.

    Keep what --json prints: it is a file to import that puts things back.
    """
    import watchdown
    from watchdown.catalogue.imports import ImportInvalid

    try:
        with watchdown.open(library) as opened:
            imported = opened.import_titles(file, dry_run=dry_run)
    except ImportInvalid as error:
        _refused(error, as_json=as_json)
        return ExitCode.FAILED
    if as_json:
        print_json(imported.model_dump())
    else:
        _print(imported)
    return ExitCode.OK


def _refused(error: ImportInvalid, *, as_json: bool) -> None:
    if as_json:
        faults = [
            {"row": one.row, "column": one.column, "value": one.value, "rule": one.rule}
            for one in error.faults
        ]
        print_json({"file": error.subject, "faults": faults})
    for one in error.faults[:TOLD]:
        notice("error", printable(f"{error.subject}: {one}."), "bold red")
    more = len(error.faults) - TOLD
    rest = f"{more:,} more faults: see all with --json. " if more > 0 else ""
    notice("note", f"{rest}Nothing of the file was taken. Mend it and import it again.", "yellow")


def _print(imported: Imported) -> None:
    if not imported.changes:
        typer.echo("Nothing to change: the library says all of this already.")
        return
    table(
        ["title or person", "what", "before", "after"],
        (
            [one.of, one.name, _told(one.part, one.before), _told(one.part, one.after)]
            for one in imported.changes[:LINES]
        ),
    )
    if (more := len(imported.changes) - LINES) > 0:
        typer.echo(f"and {more:,} more: see all with --json.")
    titles = {one.id for one in imported.changes if one.part != "person"}
    would = "would change" if imported.dry_run else "changed"
    count = f"{len(imported.changes):,} values {would}"
    typer.echo(f"\n{count}, in {len(titles):,} of {imported.titles:,} titles.")


def _told(part: str, value: Any) -> str:
    """Return a value as people read it, short."""
    match part, value:
        case "rights", []:
            text = "everyone"
        case _, None | []:
            text = "-"
        case "cast", roles:
            text = ", ".join(played(role) for role in roles)
        case "person", person:
            text = " / ".join([person["name"], *person["aliases"]])
        case _:
            text = plain(value)
    return text if len(text) <= WIDTH else text[: WIDTH - 1] + "…"


def played(role: dict[str, Any]) -> str:
    """Return a line of a cast list as people read it."""
    return f"{role['person']} as {role['character']}" if role["character"] else str(role["person"])


def plain(value: Any) -> str:
    """Return a value of metadata as people read it, on one line."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) if isinstance(value, list) else " ".join(str(value).split())
