"""The memo key: everything that a run's result depends on, so that the same key never computes twice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from watchdown.catalogue.model import Asset
from watchdown_algos.manifest import Manifest
from watchdown_schemas.ids import short_hash
from watchdown_schemas.types import schema_type


def inputs_of(manifest: Manifest, assets: Iterable[Asset]) -> list[Asset]:
    """Return the assets that an algorithm consumes: the sound of a video counts as audio."""
    kinds = set(manifest.consumes)
    return [asset for asset in assets if asset.kind in kinds or (asset.kind == "video" and "audio" in kinds)]


def memo_key(
    manifest: Manifest,
    parameters: Mapping[str, Any],
    *,
    model: str | None,
    assets: Iterable[Asset],
    upstream: Mapping[str, str | None],
) -> str:
    """Return the key of a run: `upstream` has the content hash of each schema type that it reads."""
    return short_hash(
        manifest.name,
        manifest.version,
        model,
        *(f"{name}={value!r}" for name, value in sorted(parameters.items())),
        *(schema_type(name).schema_label() for name in manifest.produces),
        *sorted(f"{asset.fingerprint} {asset.language} {asset.offset_ns}" for asset in assets),
        *(f"{schema} {content}" for schema, content in sorted(upstream.items())),
    )
