"""Field roles: what a field of a schema type means, beyond its Python type.

Written as `Annotated[str, Text(language="language")]`; storage, indices and validation are derived from them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Role:
    """Base of all roles."""


@dataclass(frozen=True, slots=True)
class Keyword(Role):
    """A value that is matched whole; a field with a `Literal` type takes none but its values."""


@dataclass(frozen=True, slots=True)
class Language(Role):
    """A BCP-47 language tag; `und` when unknown."""


@dataclass(frozen=True, slots=True)
class Text(Role):
    """Words that people search; `language` names the field that holds their language."""

    language: str | None = None


@dataclass(frozen=True, slots=True)
class Vector(Role):
    """A float32 vector of unit length, compared by `metric`.

    Without a `dimension` of its own, the model that wrote it gives it one.
    """

    metric: Literal["cosine"] = "cosine"
    dimension: int | None = None


@dataclass(frozen=True, slots=True)
class Time(Role):
    """Integer nanoseconds on the timeline; with `start`, the end of the half-open range that begins there."""

    start: str | None = None


@dataclass(frozen=True, slots=True)
class Geometry(Role):
    """A WKT geometry in fractions of the frame, origin top left."""


@dataclass(frozen=True, slots=True)
class Confidence(Role):
    """How sure the algorithm is, in [0, 1]."""


@dataclass(frozen=True, slots=True)
class Entity(Role):
    """What a record belongs to beside its title: `kind:id`, or the bare id where the field has one `kind`."""

    kind: str | None = None


@dataclass(frozen=True, slots=True)
class Blob(Role):
    """The opaque key of a stored file or picture, resolved by `library.media(key)`."""


@dataclass(frozen=True, slots=True)
class Attributes(Role):
    """Named values beyond the type's own fields: text, numbers and points in time."""


@dataclass(frozen=True, slots=True)
class Stamped(Role):
    """Filled in by the runtime, never by the algorithm."""
