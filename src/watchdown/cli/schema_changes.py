"""`watchdown schema diff`, `register` and `upgrade`: from one version of a type to the next."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from watchdown.cli.exit_codes import ExitCode
from watchdown.cli.options import DEFAULT_LIBRARY, JsonOption, LibraryOption
from watchdown.cli.output import notice, print_json, table
from watchdown.cli.schema_known import OwnLibraryOption, known
from watchdown_schemas.errors import QueryError, printable

if TYPE_CHECKING:
    from watchdown_schemas.declaration import Declaration
    from watchdown_schemas.evolution import Difference
    from watchdown_schemas.registry import Registry


def diff(
    old: Annotated[str, typer.Argument(help="A type, a version of it, or a file: Shot, Shot.1, types.py.")],
    new: Annotated[str, typer.Argument(help="The same for the other side.")],
    *,
    library: OwnLibraryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what changed from one version to another, and whether readers of the old one live on.

    A .py file is run. The exit code is 1 where the change would break readers.
    """
    from watchdown_schemas import evolution

    with known(library) as registry:
        sides = [_side(registry, old, new), _side(registry, new, old)]
    difference = evolution.diff(*sides)
    if as_json:
        print_json(_as_json(difference))
    else:
        judged = "compatible" if difference.compatible else "not compatible"
        changes = "" if difference.changes else ", nothing changed"
        typer.echo(f"{difference.old} to {difference.new}: {judged}{changes}")
        for one in difference.changes:
            typer.echo(f"  {'fits  ' if one.compatible else 'breaks'}  {printable(one.what)}")
    if not difference.compatible:
        raise typer.Exit(ExitCode.FAILED)


def _side(registry: Registry, given: str, other: str) -> Declaration:
    """Return one side of a comparison; of a file with several types, that of the other side's name."""
    from watchdown.cli.schema_files import SUFFIXES, read_file
    from watchdown_schemas.declaration import Declaration
    from watchdown_schemas.declaring import declare

    if Path(given).suffix not in SUFFIXES:
        return registry.declaration(given)
    found = [
        registry.complete(one) if isinstance(one, Declaration) else declare(one)
        for one in read_file(Path(given))
    ]
    wanted = Path(other).suffix not in SUFFIXES and other.partition(".")[0]
    chosen = [one for one in found if one.name == wanted] or found
    if len(chosen) > 1:
        cause = f"has several types: {', '.join(one.label for one in chosen)}"
        raise QueryError(given, cause, "Compare with a type by its name, or give a file of one type")
    return chosen[0]


def _as_json(difference: Difference) -> dict[str, Any]:
    return {**dataclasses.asdict(difference), "compatible": difference.compatible}


def register(
    file: Annotated[
        Path,
        typer.Argument(help="A .py file, which is run: every Record subclass in it. Or .json: declarations."),
    ],
    *,
    library: LibraryOption = DEFAULT_LIBRARY,
    as_json: JsonOption = False,
) -> None:
    """Keep types with a library, or their next versions; refused where that would break readers.

    Everybody who has the library open knows them within a second.
    """
    import watchdown
    from watchdown.cli.schema_files import read_file
    from watchdown_schemas.declaration import Declaration
    from watchdown_schemas.declaring import declare

    given = read_file(file)
    with watchdown.open(library) as opened:
        done = []
        for one in given:
            label = one.label if isinstance(one, Declaration) else declare(one).label
            difference = opened.schemas.register(one)
            changes = _as_json(difference)["changes"] if difference else []
            done.append({"label": label, "registered": difference is not None, "changes": changes})
            if isinstance(one, type) and {"upgrades", "quality"} & vars(one).keys():
                notice("warning", f"{label}: upgrades and quality are code, which only a package keeps.")
            if not as_json:
                typer.echo(f"{label}: {'registered' if difference else 'known already'}")
    if as_json:
        print_json(done)


def upgrade(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The schema type.")],
    *,
    library: LibraryOption = DEFAULT_LIBRARY,
    as_json: JsonOption = False,
) -> int:
    """Write stored records of older versions anew in the newest one, run by run; the old runs stay.

    Readers see each title as it was or as it is, never half of it. Interrupted, it goes on when called again.
    """
    import watchdown
    from watchdown.cli.progress import progress

    with watchdown.open(library) as opened, progress(quiet=as_json) as report:
        runs = opened.schemas.upgrade(name, report)
    if as_json:
        print_json([run.model_dump() for run in runs])
    elif runs:
        rows = ([str(run.number), run.title_name, run.algorithm, run.state, run.error or ""] for run in runs)
        table(["run", "title", "algorithm", "state", "remarks"], rows, right=["run"])
    else:
        typer.echo(f"All {name} records are in the newest version.")
    return ExitCode.FAILED if any(run.error for run in runs) else ExitCode.OK
