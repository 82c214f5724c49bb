"""The manifests of the algorithms that are installed here; none of them is imported."""

from __future__ import annotations

from collections.abc import Iterable

from watchdown_algos.discovery import built_in, installed
from watchdown_algos.manifest import Manifest, Resources
from watchdown_schemas.errors import AlgorithmNotFound


def manifests() -> dict[str, Manifest]:
    """Return the manifests of the built-in algorithms and of those of other packages, by name."""
    return {known.manifest.name: known.manifest for known in (*built_in(), *installed())}


def resources_of(algorithms: Iterable[str]) -> Resources:
    """Return what one pass of these algorithms over a title needs: of each resource the most.

    Raises:
        AlgorithmNotFound: one is not installed where Airflow is.
    """
    known = manifests()
    if unknown := sorted(set(algorithms) - set(known)):
        raise AlgorithmNotFound(
            ", ".join(unknown),
            "is not installed in Airflow's environment",
            f"Install its package there too; known: {', '.join(sorted(known))}",
        )
    return most(known[name].resources for name in algorithms)


def most(resources: Iterable[Resources]) -> Resources:
    """Return the most of each resource."""
    each = [one.model_dump() for one in resources]
    return Resources(**{name: max(one[name] for one in each) for name in Resources.model_fields})
