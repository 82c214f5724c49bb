"""The index of titles: found by name, metadata, cast and rights, and given back whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any, Final

import orjson

from watchdown.catalogue.model import CastMember, Entry, Person, Timeline, Title, folded_name
from watchdown_schemas.derived.opensearch import KEPT, KEYWORD, TOKENS
from watchdown_schemas.text import analyse

LABELLED: Final = {
    "type": "nested",
    "dynamic": "strict",
    "properties": {
        "name": KEYWORD,
        "text": KEYWORD,
        "number": {"type": "double"},
        "flag": {"type": "boolean"},
    },
}
MAPPING: Final[Mapping[str, Any]] = {
    "dynamic": "strict",
    "properties": {
        "id": KEYWORD,
        "name": KEYWORD,
        "name_words": TOKENS,
        "added_at": {"type": "date"},
        "languages": KEYWORD,
        "metadata": LABELLED,
        "people": KEYWORD,
        "called": KEYWORD,  # every name of everybody in the cast, as `folded_name` has it
        "rights": KEYWORD,
        "payload": KEPT,
    },
}


def document(entry: Entry) -> dict[str, Any]:
    """Return the document of a title."""
    names = {folded_name(name) for member in entry.cast for name in _names(member.person)}
    return {
        "id": entry.title.id,
        "name": entry.title.name,
        "name_words": " ".join(analyse(entry.title.name).words),
        "added_at": entry.title.added_at,
        "languages": list(entry.languages),
        "metadata": [one for name, value in entry.metadata.items() for one in _labelled(name, value)],
        "people": sorted({member.person.id for member in entry.cast}),
        "called": sorted(names - {""}),
        "rights": sorted(entry.rights),
        "payload": orjson.dumps(_payload(entry)).decode(),
    }


def _names(person: Person) -> tuple[str, ...]:
    return (person.name, *person.aliases)


def _labelled(name: str, value: Any) -> Iterable[dict[str, Any]]:
    for one in value if isinstance(value, tuple) else (value,):
        if isinstance(one, bool):
            yield {"name": name, "flag": one}
        else:
            yield {"name": name, "text" if isinstance(one, str) else "number": one}


def _payload(entry: Entry) -> dict[str, Any]:
    return {
        "timelines": [
            {
                "id": cut.id,
                "duration_ns": cut.duration_ns,
                "rate": [cut.rate.numerator, cut.rate.denominator],
                "start_frame": cut.start_frame,
                "drop_frame": cut.drop_frame,
            }
            for cut in entry.timelines
        ],
        "metadata": {name: {"value": value} for name, value in entry.metadata.items()},
        "cast": [
            {
                "person": member.person.id,
                "name": member.person.name,
                "person_aliases": member.person.aliases,
                "character": member.character,
                "aliases": member.aliases,
            }
            for member in entry.cast
        ],
    }


def entry(document: Mapping[str, Any]) -> Entry:
    """Return the entry of a document."""
    held, title = orjson.loads(document["payload"]), document["id"]
    metadata = {name: one["value"] for name, one in held["metadata"].items()}
    return Entry(
        title=Title(id=title, name=document["name"], added_at=document["added_at"]),
        timelines=tuple(_timeline(title, cut) for cut in held["timelines"]),
        languages=tuple(document["languages"]),
        metadata={name: tuple(one) if isinstance(one, list) else one for name, one in metadata.items()},
        cast=tuple(_member(one) for one in held["cast"]),
        rights=frozenset(document["rights"]),
    )


def _timeline(title: str, cut: Mapping[str, Any]) -> Timeline:
    return Timeline(
        id=cut["id"],
        title=title,
        duration_ns=cut["duration_ns"],
        rate=Fraction(*cut["rate"]),
        start_frame=cut["start_frame"],
        drop_frame=cut["drop_frame"],
    )


def _member(one: Mapping[str, Any]) -> CastMember:
    person = Person(id=one["person"], name=one["name"], aliases=tuple(one["person_aliases"]))
    return CastMember(person=person, character=one["character"], aliases=tuple(one["aliases"]))
