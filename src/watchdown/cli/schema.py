"""`watchdown schema`: the types that are known, what changed in them, and what is derived from them."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from watchdown.cli.options import JsonOption
from watchdown.cli.output import print_json, table
from watchdown.cli.schema_changes import diff, register, upgrade
from watchdown.cli.schema_known import OwnLibraryOption, known
from watchdown_schemas.errors import printable

if TYPE_CHECKING:
    from watchdown_schemas.declaration import Declaration, FieldDeclaration

group = typer.Typer(help="List, compare, register and export schema types.", no_args_is_help=True)
Names = Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Only these types.")]


class Form(StrEnum):
    """What a schema type can be exported to."""

    ARROW = "arrow"
    JSON_SCHEMA = "jsonschema"
    OPENSEARCH = "opensearch"
    GRAPHQL = "graphql"
    TYPESCRIPT = "typescript"
    EXPECTATIONS = "expectations"


@group.command("list")
def list_types(*, library: OwnLibraryOption = None, as_json: JsonOption = False) -> None:
    """List the types: each with its version, where it comes from and what it is.

    Packages are not loaded for it, so that of their types no more is told than what a library keeps.
    """
    from watchdown_schemas.derived.forms import first_sentence

    with known(library) as registry:
        found = [(name, registry.glance(name), registry.origin(name)) for name in registry]
    if as_json:
        print_json(
            [
                {
                    "name": name,
                    "version": seen.version if seen else None,
                    "origin": origin,
                    "doc": seen.doc if seen else None,
                }
                for name, seen, origin in found
            ]
        )
        return
    rows = (
        [seen.label if seen else name, origin, first_sentence(seen.doc) if seen else ""]
        for name, seen, origin in found
    )
    table(["type", "from", "what"], rows)


@group.command()
def show(
    name: Annotated[str, typer.Argument(help="A type, or a version of it: Shot, Shot.1.")],
    *,
    library: OwnLibraryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a type: its card, fields and versions."""
    with known(library) as registry:
        declaration = registry.declaration(name)
        origin = registry.origin(declaration.name)
        versions = [version.label for version in registry.versions(declaration.name)]
    if as_json:
        print_json({**declaration.model_dump(mode="json"), "origin": origin, "versions": versions})
    else:
        _print(declaration, origin, versions)


def _is_common(field: FieldDeclaration) -> bool:
    """Whether every type has the field as this one has it."""
    from watchdown_schemas.declaring import describe
    from watchdown_schemas.record import BASE_TYPES

    return any(describe(base).field(field.name) == field for base in BASE_TYPES.values())


def _print(declaration: Declaration, origin: str, versions: Sequence[str]) -> None:
    typer.echo(f"{declaration.label}  from {printable(origin)}\n")
    typer.echo(f"{printable(declaration.doc) or 'Nothing is said about this type.'}\n")
    typer.echo(f"inherits:   {', '.join(declaration.bases)}")
    typer.echo(f"told apart: {', '.join(declaration.key)}")
    typer.echo(f"versions:   {', '.join(versions)}\n")
    rows = (
        [
            field.name,
            field.told + (" or none" if field.optional else ""),
            "yes" if field.mandatory else "",
            field.doc,
        ]
        for field in sorted(declaration.fields, key=_is_common)  # the type's own first
    )
    table(["field", "kind", "mandatory", "what"], rows)


group.command()(diff)
group.command()(register)
group.command()(upgrade)


@group.command()
def export(
    names: Names = None,
    *,
    to: Annotated[
        Form,
        typer.Option(
            "--to",
            metavar="FORM",
            help="What to make of them: arrow, jsonschema, opensearch, graphql, typescript or expectations.",
        ),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Write files there, not to the terminal.")
    ] = None,
    library: OwnLibraryOption = None,
) -> None:
    """Print what is derived from types, or write it as files; all types unless some are named."""
    from watchdown_schemas.derived.export import EXPORTS, as_json

    with known(library) as registry:
        files = EXPORTS[to]([registry[name] for name in names or registry])
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (out / name).write_text(text, "utf-8")
            typer.echo(printable(str(out / name)))
        return
    if len(files) == 1:
        typer.echo(next(iter(files.values())), nl=False)
    else:
        import json

        texts = {name.partition(".")[0]: json.loads(text) for name, text in files.items()}
        typer.echo(as_json(texts), nl=False)


@group.command()
def docs(names: Names = None, *, library: OwnLibraryOption = None) -> None:
    """Print the reference page of types as Markdown; all types unless some are named."""
    from watchdown_schemas.derived.markdown import reference_page, type_section

    with known(library) as registry:
        histories = [registry.versions(name) for name in names or registry]
    page = "\n".join(map(type_section, histories)) if names else reference_page(histories)
    typer.echo(page, nl=False)
