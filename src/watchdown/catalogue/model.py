"""What the catalogue holds: titles with all that they are known by, timelines and assets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal, TypeAlias

from watchdown_schemas import time as exact
from watchdown_schemas.folding import fold, separate

AssetKind = Literal["video", "audio", "text", "image"]
Scalar: TypeAlias = str | bool | int | float
Value: TypeAlias = Scalar | tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Title:
    """What people know by name, with a unique id."""

    id: str
    name: str
    added_at: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Timeline:
    """One cut of a title on which times are counted; zero is the primary video's first presented frame."""

    id: str
    title: str
    duration_ns: int
    rate: Fraction
    start_frame: int = 0
    drop_frame: bool | None = None

    def timecode(self, ns: int) -> str:
        """Return the SMPTE time code at `ns`, counted from the source's own start."""
        return exact.timecode(ns, self.rate, start_frame=self.start_frame, drop_frame=self.drop_frame)


@dataclass(frozen=True, kw_only=True, slots=True)
class Asset:
    """One file of a title, or one text track inside its video file (`facts["stream"]`)."""

    id: str
    title: str
    timeline: str
    kind: AssetKind
    path: str
    fingerprint: str
    copied: bool = False
    language: str | None = None
    offset_ns: int = 0
    facts: Mapping[str, Any] = field(default_factory=dict)


def folded_name(name: str) -> str:
    """Return what is the same for all spellings of a name: "Zoë  SALDAÑA" becomes "zoe saldana"."""
    return " ".join(fold(separate(name)).split())


def person_id(name: str) -> str:
    """Return the id that a person of that name has unless told otherwise: `zoe-saldana`."""
    return folded_name(name).replace(" ", "-")


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Somebody by name; `aliases` are other names of the same person."""

    id: str
    name: str
    aliases: tuple[str, ...] = ()

    @property
    def entity(self) -> str:
        """The person as records name one among their entities."""
        return f"person:{self.id}"


@dataclass(frozen=True, kw_only=True, slots=True)
class CastMember:
    """A person in a title, and the character played there; `aliases` are other names of the character."""

    person: Person
    character: str | None = None
    aliases: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All names by which the person is credited or heard in the title, each spelling once."""
        names = [self.person.name, *self.person.aliases, self.character, *self.aliases]
        return tuple(dict.fromkeys(name for name in names if name))


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A title with all that readers may know of it: its timelines, languages, metadata, cast and rights.

    `rights` are the groups that may see it; empty is everyone.
    """

    title: Title
    timelines: tuple[Timeline, ...]
    languages: tuple[str, ...] = ()
    metadata: Mapping[str, Value] = field(default_factory=dict)
    cast: tuple[CastMember, ...] = ()
    rights: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Correction:
    """One correction of the records of a slot.

    `target` tells which record is meant, `changes` its new values by field; None removes the record.
    """

    id: int
    title: str
    algorithm: str
    schema_type: str
    target: Mapping[str, Any]
    changes: Mapping[str, Any] | None
    author: str
    made_at: str
    withdrawn_at: str | None = None
