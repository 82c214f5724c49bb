"""`watchdown models`: which model stands behind which algorithm, and the repository that Triton serves."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer

from watchdown.cli.options import DEFAULT_LIBRARY, JsonOption, LibraryOption
from watchdown.cli.output import print_json, table
from watchdown_schemas.errors import printable

group = typer.Typer(help="List the models of algorithms, and export them for Triton.", no_args_is_help=True)


@dataclass(frozen=True, slots=True)
class Listed:
    """A model as it is listed."""

    algorithm: str
    model: str
    graphs: tuple[str, ...]
    fingerprint: str
    dimension: int
    where: str


@group.command("list")
def list_models(*, library: LibraryOption = DEFAULT_LIBRARY, as_json: JsonOption = False) -> None:
    """List the models: of which algorithm, with which fingerprint, and where the library runs them."""
    from watchdown.client.drivers import models_of
    from watchdown.settings import Settings
    from watchdown_algos.discovery import discover

    models = models_of(Settings.read(library))
    found = [
        Listed(
            known.manifest.name,
            spec.name,
            tuple(spec.graphs),
            model.fingerprint,
            model.dimension,
            known.models.where,
        )
        for known in discover(models=models).values()
        if (spec := known.manifest.model) and (model := known.load_model())
    ]
    if as_json:
        print_json([asdict(one) for one in found])
        return
    rows = (
        [one.algorithm, one.model, ", ".join(one.graphs), one.fingerprint, str(one.dimension), one.where]
        for one in found
    )
    table(["algorithm", "model", "graphs", "fingerprint", "dimension", "where"], rows, right=["dimension"])


@group.command()
def export(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="The repository; made where it is missing.")
    ],
    *,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove what was exported for earlier versions of the models.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Write the model repository that a Triton server serves, for all algorithms that have a model.

    What is there already is not touched; models of earlier versions stay for those who still ask for them.
    """
    from watchdown.models.export import export as write
    from watchdown_algos.discovery import discover

    done = write(discover().values(), directory, prune=prune)
    if as_json:
        print_json([asdict(one) for one in done])
        return
    table(["", "model"], ([one.state, one.model] for one in done))
    typer.echo(f"\nServe it with: tritonserver --model-repository={printable(str(directory.absolute()))}")
