"""The query tree: immutable, the same in Python and JSON."""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat


class _Node(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_bytes="base64", val_json_bytes="base64")


class Dialogue(_Node):
    """Lines that have these words, half-remembered as they may be; `languages` empty is any."""

    kind: Literal["dialogue"] = "dialogue"
    text: str
    languages: tuple[str, ...] = ()


class Words(_Node):
    """Records of a schema type whose text is about these words."""

    kind: Literal["words"] = "words"
    text: str
    schema_type: str
    languages: tuple[str, ...] = ()


class Description(_Node):
    """Shots that look like a description."""

    kind: Literal["description"] = "description"
    text: str


class Picture(_Node):
    """Shots that look like a picture: the bytes of an image file, and what to call it."""

    kind: Literal["picture"] = "picture"
    image: bytes = Field(repr=False)
    name: str = "the image"


class SimilarTo(_Node):
    """Shots that look like a shot, the shot itself first."""

    kind: Literal["similar"] = "similar"
    shot: str


Leaf = Annotated[Dialogue | Words | Description | Picture | SimilarTo, Field(discriminator="kind")]


class Query(_Node):
    """One leaf and its scope: `titles` None is all titles; what scores less than `min_score` is no hit."""

    leaf: Leaf
    titles: tuple[str, ...] | None = None
    min_score: FiniteFloat | None = None

    def digest(self) -> str:
        """Identify the query, so that a cursor cannot be used with another one."""
        parts = repr(self.leaf) + repr(self.titles) + repr(self.min_score)
        image = self.leaf.image if isinstance(self.leaf, Picture) else b""
        return hashlib.blake2b(parts.encode() + image, digest_size=8).hexdigest()

    def describe(self) -> str:
        """Say in a few words what is sought."""
        leaf = self.leaf
        if isinstance(leaf, Dialogue | Words | Description):
            return leaf.text
        return f"shot {leaf.shot}" if isinstance(leaf, SimilarTo) else leaf.name
