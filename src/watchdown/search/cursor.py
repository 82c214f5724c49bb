"""The cursor: the place after the last hit, with the view and the snapshot that its page was read from."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Final, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from watchdown_schemas.errors import QueryError

LONGEST_PIN: Final = 4_096  # letters; a point in time grows with the shards that it holds


class Depth(NamedTuple):
    """How many rows a look went down; what `above` rows found already comes before it."""

    rows: Annotated[int, Field(gt=0, le=1 << 18)]  # no query looks deeper
    above: Annotated[int, Field(ge=0, le=1 << 18)]


class Cursor(BaseModel):
    """`rank` is the place of the last hit shown: its score, negated, and the id of its row."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    digest: str
    epoch: int
    snapshot: dict[
        str, Annotated[int, Field(ge=0, lt=1 << 63)] | Annotated[str, Field(max_length=LONGEST_PIN)]
    ]
    depth: Depth
    rank: tuple[FiniteFloat, str]

    def encode(self) -> str:
        """Return the cursor as an opaque word."""
        return base64.urlsafe_b64encode(self.model_dump_json().encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, word: str, digest: str) -> Cursor:
        """Return the cursor of a word; QueryError when it is none, or another query's."""
        try:
            data = base64.urlsafe_b64decode(word + "=" * (-len(word) % 4))
            cursor = cls.model_validate_json(data)
        except (binascii.Error, ValidationError, ValueError) as error:
            raise QueryError(word[:24], "is no cursor", "Use the cursor of a page as it is.") from error
        if cursor.digest != digest:
            raise QueryError(
                word[:24], "belongs to another query", "Repeat that query, or leave the cursor out."
            )
        return cursor
