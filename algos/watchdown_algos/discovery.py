"""Find algorithms: the built-in ones, those of installed packages, and folders that a person names.

A package offers its algorithms under the entry point group `watchdown.algorithms`, each value being the
dotted name of a package that holds an `algo.toml`. Nothing of them is imported to list them.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterable, Iterator
from importlib.machinery import ModuleSpec
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Final

from watchdown_algos.catalogue import AlgorithmCatalogue, Known
from watchdown_algos.manifest import FILE, read_manifest
from watchdown_algos.models import Models
from watchdown_schemas.errors import ManifestInvalid

GROUP: Final = "watchdown.algorithms"
FOLDER_PACKAGE: Final = "watchdown_algorithm_folder_"


def built_in() -> Iterator[Known]:
    """Yield the algorithms of this package."""
    for manifest in sorted(Path(__file__).parent.glob(f"*/{FILE}")):
        folder = manifest.parent
        yield Known(read_manifest(folder), f"{__package__}.{folder.name}", folder)


def installed(points: Iterable[EntryPoint] | None = None) -> Iterator[Known]:
    """Yield the algorithms of other installed packages."""
    for point in sorted(entry_points(group=GROUP) if points is None else points):
        root, _, rest = point.value.partition(".")
        spec = importlib.util.find_spec(root)  # a dotted name would import its parents
        homes = list(spec.submodule_search_locations or []) if spec else []
        folders = [Path(home, *rest.split(".")) if rest else Path(home) for home in homes]
        folder = next((folder for folder in folders if (folder / FILE).is_file()), None)
        if folder is None:
            raise ManifestInvalid(point.value, f"holds no {FILE}", f"Mend the entry point {point.name}.")
        yield Known(read_manifest(folder), point.value, folder)


def in_folder(folder: Path) -> Known:
    """Return the algorithm of a loose folder, made importable under a name of its own."""
    folder = folder.resolve()
    manifest = read_manifest(folder)
    package = FOLDER_PACKAGE + manifest.name.replace("-", "_")
    if package not in sys.modules:
        spec = ModuleSpec(package, None, is_package=True)
        spec.submodule_search_locations = [str(folder)]
        sys.modules[package] = importlib.util.module_from_spec(spec)
    return Known(manifest, package, folder)


def discover(folders: Iterable[Path] = (), models: Models | None = None) -> AlgorithmCatalogue:
    """Return every algorithm known here; their models run in this process unless `models` is given."""
    return AlgorithmCatalogue([*built_in(), *installed(), *map(in_folder, folders)], models)
