"""The standard schema types, by name."""

from __future__ import annotations

from watchdown_schemas.errors import RecordInvalid
from watchdown_schemas.record import Record
from watchdown_schemas.types.appearance import Appearance
from watchdown_schemas.types.audio_event import AudioEvent
from watchdown_schemas.types.caption import Caption
from watchdown_schemas.types.detection import Detection
from watchdown_schemas.types.dialogue_line import DialogueLine
from watchdown_schemas.types.embedding import Embedding
from watchdown_schemas.types.keyframe import Keyframe
from watchdown_schemas.types.label import Label
from watchdown_schemas.types.note import Note
from watchdown_schemas.types.on_screen_text import OnScreenText
from watchdown_schemas.types.scene import Scene
from watchdown_schemas.types.shot import Shot

__all__ = [
    "STANDARD_TYPES",
    "Appearance",
    "AudioEvent",
    "Caption",
    "Detection",
    "DialogueLine",
    "Embedding",
    "Keyframe",
    "Label",
    "Note",
    "OnScreenText",
    "Scene",
    "Shot",
    "schema_type",
]

STANDARD_TYPES: dict[str, type[Record]] = {
    cls.__name__: cls
    for cls in (
        Appearance,
        AudioEvent,
        Caption,
        Detection,
        DialogueLine,
        Embedding,
        Keyframe,
        Label,
        Note,
        OnScreenText,
        Scene,
        Shot,
    )
}


def schema_type(name: str) -> type[Record]:
    """Return the schema type of that name; RecordInvalid when there is none."""
    try:
        return STANDARD_TYPES[name]
    except KeyError:
        known = ", ".join(sorted(STANDARD_TYPES))
        raise RecordInvalid(name, "is no known schema type", f"Known types: {known}.") from None
