"""The algorithm catalogue: which algorithms are known. Reading it imports no algorithm."""

from __future__ import annotations

import importlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from watchdown_algos.contract import Algorithm, Context, Model
from watchdown_algos.manifest import FILE, Manifest
from watchdown_algos.models import IN_PROCESS, Models
from watchdown_schemas.errors import AlgorithmNotFound, ManifestInvalid


@dataclass(frozen=True, slots=True)
class Known:
    """An algorithm that is known but not imported: its manifest, package, folder and where models run."""

    manifest: Manifest
    package: str
    folder: Path
    models: Models = IN_PROCESS

    def algorithm_class(self) -> type[Algorithm[Any]]:
        """Import and return the class that the manifest names."""
        module, name = self.manifest.entry.split(":")
        found = getattr(importlib.import_module(f"{self.package}.{module}"), name, None)
        if not (isinstance(found, type) and issubclass(found, Algorithm)):
            raise ManifestInvalid(
                self.manifest.name, f"class {self.manifest.entry} is no Algorithm", "Mend it."
            )
        return found

    def make(self, context: Context) -> Algorithm[Any]:
        """Return a new object of the class, for one title."""
        return self.algorithm_class()(context)

    def load_model(self) -> Model | None:
        """Return the model of the manifest; None when it declares none."""
        spec = self.manifest.model
        return self.models.model(self.manifest.name, self.folder, spec) if spec else None


class AlgorithmCatalogue(Mapping[str, Known]):
    """Algorithms by name, in an order in which records are produced before they are consumed.

    Their models run in this process unless `models` is given.
    """

    def __init__(self, known: Iterable[Known], models: Models | None = None) -> None:
        by_name: dict[str, Known] = {}
        for item in known:
            name = item.manifest.name
            if name in by_name:
                raise ManifestInvalid(
                    name, f"stands in {by_name[name].folder} and {item.folder}", "Rename one."
                )
            by_name[name] = replace(item, models=models) if models else item
        self._known = {name: by_name[name] for name in _ordered(by_name)}

    def __getitem__(self, name: str) -> Known:
        try:
            return self._known[name]
        except KeyError:
            raise AlgorithmNotFound(
                name, "is no known algorithm", f"Known: {', '.join(self._known)}."
            ) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)

    def __contains__(self, name: object) -> bool:
        return name in self._known

    def check_types(self, known: Collection[str]) -> None:
        """Check that every schema type that an algorithm names is known; else ManifestInvalid names it."""
        for name, item in self._known.items():
            if unknown := sorted(item.manifest.schema_types - set(known)):
                raise ManifestInvalid(
                    str(item.folder / FILE),
                    f"{name} names the schema type {', '.join(unknown)}, which is not known",
                    f"Known: {', '.join(sorted(known))}. Install its package, or register it first",
                )

    def producers(self, schema: str) -> list[Known]:
        """Return the algorithms that produce a schema type."""
        return [known for known in self._known.values() if schema in known.manifest.produces]


def _ordered(by_name: Mapping[str, Known]) -> list[str]:
    """Sort so that each algorithm comes after those whose records it consumes."""
    from graphlib import CycleError, TopologicalSorter

    graph = {
        name: {
            other
            for other, producer in by_name.items()
            if set(producer.manifest.produces) & set(known.manifest.consumes)
        }
        for name, known in sorted(by_name.items())
    }
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        raise ManifestInvalid(circle, "consume each other's records", "Break the circle.") from error
