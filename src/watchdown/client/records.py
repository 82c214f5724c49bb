"""Records by type: read, counted and told apart by value, of one schema type or all that inherit from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import pyarrow as pa

from watchdown.client.services import Services
from watchdown.stores.protocol import Facet, Snapshot, type_of
from watchdown.view import View
from watchdown.where import Where, read_where, where_from
from watchdown_schemas.errors import NotFound, QueryError
from watchdown_schemas.reading import to_record, to_rows
from watchdown_schemas.record import Record

Filter: TypeAlias = Where | Mapping[str, Any] | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """Which records: of a type or all that inherit from it, that answer a filter, in titles, of a person.

    `as_of` is an earlier epoch.
    """

    schema_type: str
    where: Filter = None
    titles: Sequence[str] | None = None
    entity: str | None = None
    person: str | None = None
    as_of: int | None = None


@dataclass(frozen=True, slots=True)
class _Reading:
    types: Mapping[str, type[Record]]
    view: View
    snapshot: Snapshot
    where: Where | None


def _read(services: Services, ask: Ask) -> _Reading:
    """Take the view and the snapshot once, and resolve what is asked for."""
    types = {name: services.registry[name] for name in services.registry.subtypes(ask.schema_type)}
    if ask.as_of is not None and type(ask.as_of) is not int:
        raise QueryError(str(ask.as_of), "is no epoch", "Give a whole number")
    if isinstance(ask.titles, str):
        raise QueryError(ask.titles, "is one title, not several", "Give a list: [title]")
    view = services.directory.view(ask.as_of)
    snapshot = services.searcher.snapshot(view)
    if ask.titles is not None:
        view = view.within(frozenset(services.directory.title(title).id for title in ask.titles))
    where = where_from(ask.where)
    person = None if ask.person is None else f"person:{_person(services, ask.person)}"
    for entity in (ask.entity, person):
        if entity is not None:
            named = read_where({"kind": "entity", "entity": entity})
            where = named if where is None else where & named
    return _Reading(types, view, snapshot, services.entities.resolve(where, types, view, snapshot))


def _person(services: Services, name: str) -> str:
    """Return the id of a person by name, alias or id."""
    found = {person.id for person in services.directory.people(name)}
    if not found:
        raise NotFound(name, "is nobody here", "Import casts with: watchdown titles import FILE.")
    if len(found) > 1:
        raise QueryError(
            name, f"is the name of {len(found)} people", f"Use an id: {', '.join(sorted(found))}"
        )
    return found.pop()


def scan(services: Services, ask: Ask) -> Iterator[pa.RecordBatch]:
    """Yield the records as Arrow batches, each of one type, in no order."""
    reading = _read(services, ask)
    yield from services.searcher.scan(
        list(reading.types), reading.view, snapshot=reading.snapshot, where=reading.where
    )


def records(services: Services, ask: Ask, limit: int | None = None) -> list[Record]:
    """Return the records in the order of title, time and id, each in the newest version of its type."""
    if limit is not None and limit < 1:
        raise QueryError(f"limit {limit}", "shows no record", "Ask for one or more")
    reading = _read(services, ask)
    batches = services.searcher.scan(
        list(reading.types), reading.view, snapshot=reading.snapshot, where=reading.where
    )
    found = []
    for batch in batches:
        schema = reading.types[type_of(batch)]
        found += [to_record(row, schema) for row in to_rows([batch], schema)]
    found.sort(key=lambda record: (record.title, getattr(record, "start_ns", None) or 0, record.id))
    return found[:limit]


def record(services: Services, schema_type: str, id: str) -> Record:  # noqa: A002 - the field's own name
    """Return the visible record of that id; NotFound when there is none."""
    found = records(services, Ask(schema_type=schema_type, where={"id": id}))
    if not found:
        raise NotFound(id, f"is no {schema_type} that is visible", "Take an id from library.records()")
    return found[0]


def count(services: Services, ask: Ask) -> int:
    """Return how many records there are."""
    reading = _read(services, ask)
    return services.searcher.count(
        list(reading.types), reading.view, snapshot=reading.snapshot, where=reading.where
    )


def facet(services: Services, ask: Ask, field: str, limit: int) -> Facet:
    """Return the most frequent values of a field or attribute, each with its number of records."""
    reading = _read(services, ask)
    return services.searcher.facet(
        list(reading.types),
        field,
        reading.view,
        snapshot=reading.snapshot,
        where=reading.where,
        limit=limit,
    )
