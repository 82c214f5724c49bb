"""The titles that a file means, found by id or name."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, select

from watchdown.catalogue.imports.faults import ImportFault, fault
from watchdown.catalogue.imports.models import Entry
from watchdown.catalogue.tables import titles
from watchdown_schemas.folding import fold


@dataclass(frozen=True, slots=True)
class Matched:
    """What a file says of a title, and the id and name of that title."""

    entry: Entry
    id: str
    name: str


def match(
    connection: Connection, entries: Iterable[Entry], report: Callable[[ImportFault], None]
) -> list[Matched]:
    """Return the entries with their titles; unknown and ambiguous ones, and a title's second, are faults."""
    known: dict[str, list[tuple[str, str]]] = {}
    spelt: dict[str, str] = {}
    for key, stored in connection.execute(select(titles.c.id, titles.c.name)):
        # File systems may decompose the letters of a name; a file to import is read composed.
        name = unicodedata.normalize("NFC", stored).strip()
        for said in {key, name}:
            known.setdefault(said, []).append((key, stored))
        spelt[fold(name)] = name
    matched: dict[str, Matched] = {}
    for entry in entries:
        found = known.get(entry.title, [])
        rule = _misses(found, spelt.get(fold(entry.title)))
        if len(found) == 1:
            one = Matched(entry, *found[0])
            first = matched.setdefault(one.id, one)
            rule = f"is the title of row {first.entry.row}, too" if first is not one else None
        if rule:
            report(fault(rule, row=entry.row, column="title", value=entry.title))
    return list(matched.values())


def _misses(found: list[tuple[str, str]], near: str | None) -> str | None:
    """Return why a name does not tell one title, if so."""
    if len(found) > 1:
        ids = ", ".join(sorted(key for key, _ in found))
        return f"is the name of {len(found)} titles: write an id ({ids})"
    if found:
        return None
    return f"is no title here: there is {near}" if near else "is no title here: see watchdown titles"
