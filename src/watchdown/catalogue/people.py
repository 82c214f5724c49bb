"""People and casts: who plays whom in a title, and under which names each is known."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from watchdown.catalogue.database import Database
from watchdown.catalogue.model import CastMember, Person, folded_name
from watchdown.catalogue.revision import touch
from watchdown.catalogue.tables import cast_members, people, person_names
from watchdown_schemas.errors import NotFound

ASKED_BY_ID: Final = 500  # a database takes only so many values in one statement


class People:
    """People and the casts of titles; every method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def person(self, id: str) -> Person:  # noqa: A002 - the field's own name
        """Return the person of that id; NotFound when there is none."""
        with self._database.reading() as connection:
            found = load_people(connection, [id])
        if not found:
            raise NotFound(id, "is nobody here", "Import casts with: watchdown titles import FILE.")
        return found[id]

    def find(self, name: str) -> list[Person]:
        """Return the people of that name or alias, however it is spelt, in the order of their ids."""
        same = select(person_names.c.person).where(person_names.c.folded == folded_name(name))
        with self._database.reading() as connection:
            return list(load_people(connection, connection.execute(same).scalars().all()).values())

    def put(self, *persons: Person) -> None:
        """Enter people, or replace the names of those known by their ids."""
        with self._database.writing() as connection:
            store_people(connection, persons)

    def titles(self, person: str) -> frozenset[str]:
        """Return the ids of the titles whose cast a person is in."""
        statement = select(cast_members.c.title).where(cast_members.c.person == person)
        with self._database.reading() as connection:
            return frozenset(connection.execute(statement).scalars())

    def cast(self, title: str) -> tuple[CastMember, ...]:
        """Return the cast of a title in the order of its credits."""
        with self._database.reading() as connection:
            return load_casts(connection, title).get(title, ())

    def set_cast(self, title: str, members: Sequence[CastMember]) -> None:
        """Replace the cast of a title; people who are new or named anew are entered, too."""
        with self._database.writing() as connection:
            store_people(connection, [member.person for member in members])
            store_casts(connection, {title: [(one.person.id, one.character, one.aliases) for one in members]})

    def called(self, title: str, name: str) -> list[CastMember]:
        """Return whom a name stands for in a title: the cast members with that name, however it is spelt."""
        wanted = folded_name(name)
        return [one for one in self.cast(title) if wanted and wanted in map(folded_name, one.names)]


def _person(row: Row[Any]) -> Person:
    return Person(id=row.id, name=row.name, aliases=tuple(row.aliases))


def load_people(connection: Connection, ids: Collection[str] | None = None) -> dict[str, Person]:
    """Return people by id, in its order: those of some ids, or all."""
    statement = select(people).order_by(people.c.id)
    if ids is not None and len(ids) <= ASKED_BY_ID:
        statement = statement.where(people.c.id.in_(ids))
    found = (_person(row) for row in connection.execute(statement))
    return {person.id: person for person in found if ids is None or person.id in ids}


def store_people(connection: Connection, persons: Iterable[Person]) -> None:
    """Enter people, or replace what is known of them."""
    wanted = {person.id: person for person in persons}
    known = load_people(connection, wanted)
    changed = [person for person in wanted.values() if known.get(person.id) != person]
    if not changed:
        return
    replaced, entered = _parted(changed, known)
    if replaced:
        touch(connection, _titles_of(connection, [one.id for one in replaced]))
        old = person_names.c.person == bindparam("of_person")
        connection.execute(delete(person_names).where(old), [{"of_person": one.id} for one in replaced])
        this = people.c.id == bindparam("of_person")
        values = [{"of_person": one.id, "name": one.name, "aliases": one.aliases} for one in replaced]
        connection.execute(update(people).where(this), values)
    if entered:
        values = [{"id": one.id, "name": one.name, "aliases": one.aliases} for one in entered]
        connection.execute(insert(people), values)
    names = [
        {"folded": folded, "person": person.id}
        for person in changed
        for folded in dict.fromkeys(map(folded_name, (person.name, *person.aliases)))
        if folded
    ]
    if names:
        connection.execute(insert(person_names), names)


def _titles_of(connection: Connection, persons: Sequence[str]) -> list[str]:
    """Return the titles whose cast any of these people is in."""
    found: set[str] = set()
    for start in range(0, len(persons), ASKED_BY_ID):
        some = cast_members.c.person.in_(persons[start : start + ASKED_BY_ID])
        found.update(connection.execute(select(cast_members.c.title).where(some)).scalars())
    return sorted(found)


def _parted(persons: Iterable[Person], known: Container[str]) -> tuple[list[Person], list[Person]]:
    """Return who of the people is known, and who is not."""
    parts: tuple[list[Person], list[Person]] = ([], [])
    for person in persons:
        parts[person.id not in known].append(person)
    return parts


def load_casts(connection: Connection, title: str | None = None) -> dict[str, tuple[CastMember, ...]]:
    """Return casts by title, of one title or of all."""
    statement = select(
        cast_members.c.title, cast_members.c.character, cast_members.c.aliases, cast_members.c.person
    ).order_by(cast_members.c.title, cast_members.c.credit)
    if title is not None:
        statement = statement.where(cast_members.c.title == title)
    rows = connection.execute(statement).all()
    persons = load_people(connection, None if title is None else {row.person for row in rows})
    casts: dict[str, list[CastMember]] = {}
    for row in rows:
        member = CastMember(person=persons[row.person], character=row.character, aliases=tuple(row.aliases))
        casts.setdefault(row.title, []).append(member)
    return {title: tuple(members) for title, members in casts.items()}


def store_casts(
    connection: Connection, casts: Mapping[str, Sequence[tuple[str, str | None, Sequence[str]]]]
) -> None:
    """Write casts by title, as (person's id, character, its aliases), in the place of those there were."""
    if not casts:
        return
    touch(connection, casts)
    old = cast_members.c.title == bindparam("of_title")
    connection.execute(delete(cast_members).where(old), [{"of_title": title} for title in casts])
    rows = [
        {"title": title, "credit": credit, "person": person, "character": character, "aliases": list(aliases)}
        for title, members in casts.items()
        for credit, (person, character, aliases) in enumerate(members, start=1)
    ]
    if rows:
        connection.execute(insert(cast_members), rows)
