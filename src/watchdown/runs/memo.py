"""The memo key: everything that a run's result depends on, so that the same key never computes twice.

It has two or three parts, joined by points: what was computed from what; the schema types it is written
in; and, where people corrected the result, their corrections.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Protocol, TypeVar

from watchdown.catalogue.model import Correction
from watchdown_algos.manifest import Manifest
from watchdown_schemas.ids import hash_of_list, json_list, short_hash
from watchdown_schemas.record import Record

MENDED: Final = "+"
Types = Mapping[str, type[Record]]


class Input(Protocol):
    """What a result depends on of an asset."""

    @property
    def kind(self) -> str:
        """Its kind: video, audio, text or image."""
        ...

    @property
    def fingerprint(self) -> str:
        """The hash of its content."""
        ...

    @property
    def language(self) -> str | None:
        """The language of a subtitle track."""
        ...

    @property
    def offset_ns(self) -> int:
        """How far it is moved on the timeline."""
        ...


Given = TypeVar("Given", bound=Input)


def inputs_of(manifest: Manifest, assets: Iterable[Given]) -> list[Given]:
    """Return the assets that an algorithm consumes: the sound of a video counts as audio."""
    kinds = set(manifest.consumes)
    return [asset for asset in assets if asset.kind in kinds or (asset.kind == "video" and "audio" in kinds)]


class Recipe:
    """What all keys of an algorithm have in common, written once however many titles there are."""

    def __init__(
        self, manifest: Manifest, parameters: Mapping[str, Any], *, model: str | None, types: Types
    ) -> None:
        """Take what an algorithm computes by, but for the title."""
        self._begun = json_list(
            manifest.name,
            manifest.version,
            model,
            *(f"{name}={value!r}" for name, value in sorted(parameters.items())),
        )[:-1]
        self._written = _versions(manifest.produces, types)

    def key(self, inputs: str) -> str:
        """Return the key of a run over what `described` has told of."""
        return f"{hash_of_list(self._begun + inputs)}.{self._written}"


def described(assets: Iterable[Input], upstream: Mapping[str, str | None]) -> str:
    """Return what a run reads, as its key is made of it: assets, and the content hash of each schema type."""
    own = [
        *sorted(f"{asset.fingerprint} {asset.language} {asset.offset_ns}" for asset in assets),
        *(f"{schema} {content}" for schema, content in sorted(upstream.items())),
    ]
    return f",{json_list(*own)[1:]}" if own else "]"


def memo_key(
    manifest: Manifest,
    parameters: Mapping[str, Any],
    *,
    model: str | None,
    assets: Iterable[Input],
    upstream: Mapping[str, str | None],
    types: Types,
) -> str:
    """Return the key of a run: `upstream` has the content hash of each schema type that it reads."""
    return Recipe(manifest, parameters, model=model, types=types).key(described(assets, upstream))


def mended(key: str, content: str) -> str:
    """Return the key of a run whose refused rows were mended by hand; for planning it is as good as `key`."""
    return f"{key.partition(MENDED)[0]}{MENDED}{short_hash(content)}"


def in_versions(key: str, schemas: Iterable[str], types: Types) -> str:
    """Return a key as it is once the rows are in the newest versions of their schema types."""
    key, mark, by_hand = key.partition(MENDED)
    computed, *parts = key.split(".")
    return ".".join([computed, _versions(schemas, types), *parts[1:]]) + mark + by_hand


def corrected(key: str, corrections: Sequence[Correction]) -> str:
    """Return a key as it is once these corrections are made; without any, the key of the bare result."""
    key, mark, by_hand = key.partition(MENDED)
    parts = key.split(".")[:2]
    made = [short_hash(*(correction.id for correction in corrections))] if corrections else []
    return ".".join([*parts, *made]) + mark + by_hand


def _versions(schemas: Iterable[str], types: Types) -> str:
    return short_hash(*(types[name].schema_label() for name in sorted(schemas)))
