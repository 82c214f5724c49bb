"""The memo key: everything that a run's result depends on, so that the same key never computes twice.

It has two or three parts, joined by points: what was computed from what; the schema types it is written
in; and, where people corrected the result, their corrections.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from watchdown.catalogue.model import Asset, Correction
from watchdown_algos.manifest import Manifest
from watchdown_schemas.ids import short_hash
from watchdown_schemas.record import Record

MENDED: Final = "+"
Types = Mapping[str, type[Record]]


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
    types: Types,
) -> str:
    """Return the key of a run: `upstream` has the content hash of each schema type that it reads."""
    computed = short_hash(
        manifest.name,
        manifest.version,
        model,
        *(f"{name}={value!r}" for name, value in sorted(parameters.items())),
        *sorted(f"{asset.fingerprint} {asset.language} {asset.offset_ns}" for asset in assets),
        *(f"{schema} {content}" for schema, content in sorted(upstream.items())),
    )
    return in_versions(computed, manifest.produces, types)


def mended(key: str, content: str) -> str:
    """Return the key of a run whose refused rows were mended by hand; for planning it is as good as `key`."""
    return f"{key.partition(MENDED)[0]}{MENDED}{short_hash(content)}"


def in_versions(key: str, schemas: Iterable[str], types: Types) -> str:
    """Return a key as it is once the rows are in the newest versions of their schema types."""
    key, mark, by_hand = key.partition(MENDED)
    computed, *parts = key.split(".")
    written = short_hash(*(types[name].schema_label() for name in sorted(schemas)))
    return ".".join([computed, written, *parts[1:]]) + mark + by_hand


def corrected(key: str, corrections: Sequence[Correction]) -> str:
    """Return a key as it is once these corrections are made; without any, the key of the bare result."""
    key, mark, by_hand = key.partition(MENDED)
    parts = key.split(".")[:2]
    made = [short_hash(*(correction.id for correction in corrections))] if corrections else []
    return ".".join([*parts, *made]) + mark + by_hand
