"""The standard schema types, by name."""

from __future__ import annotations

from watchdown_schemas.errors import RecordInvalid
from watchdown_schemas.record import Record
from watchdown_schemas.types.dialogue_line import DialogueLine
from watchdown_schemas.types.embedding import Embedding
from watchdown_schemas.types.keyframe import Keyframe
from watchdown_schemas.types.label import Label
from watchdown_schemas.types.shot import Shot

__all__ = ["STANDARD_TYPES", "DialogueLine", "Embedding", "Keyframe", "Label", "Shot", "schema_type"]

STANDARD_TYPES: dict[str, type[Record]] = {
    cls.__name__: cls for cls in (DialogueLine, Embedding, Keyframe, Label, Shot)
}


def schema_type(name: str) -> type[Record]:
    """Return the schema type of that name; RecordInvalid when there is none."""
    try:
        return STANDARD_TYPES[name]
    except KeyError:
        known = ", ".join(sorted(STANDARD_TYPES))
        raise RecordInvalid(name, "is no known schema type", f"Known types: {known}.") from None
