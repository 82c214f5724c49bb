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
    """A value that is matched whole."""


@dataclass(frozen=True, slots=True)
class Language(Role):
    """A BCP-47 language tag; `und` when unknown."""


@dataclass(frozen=True, slots=True)
class Text(Role):
    """Words that people search; `language` names the field that holds their language."""

    language: str | None = None


@dataclass(frozen=True, slots=True)
class Vector(Role):
    """A float32 vector of unit length; its dimension belongs to the model that wrote it."""

    metric: Literal["cosine"] = "cosine"


@dataclass(frozen=True, slots=True)
class Time(Role):
    """Integer nanoseconds on the record's timeline."""


@dataclass(frozen=True, slots=True)
class Geometry(Role):
    """A WKT geometry in fractions of the frame, origin top left."""


@dataclass(frozen=True, slots=True)
class Confidence(Role):
    """How sure the algorithm is, in [0, 1]."""


@dataclass(frozen=True, slots=True)
class Blob(Role):
    """The opaque key of a stored file or picture, resolved by `library.media(key)`."""


@dataclass(frozen=True, slots=True)
class Stamped(Role):
    """Filled in by the runtime, never by the algorithm."""
