"""The people that a file means: those known by id, name or alias, and those whom it introduces."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from watchdown.catalogue.imports.faults import ImportFault, fault
from watchdown.catalogue.imports.models import Role
from watchdown.catalogue.imports.reading import ImportPlan
from watchdown.catalogue.model import CastMember, Person, folded_name, person_id
from watchdown.catalogue.people import load_casts, load_people


class Casting:
    """People as they will be once the file is taken, in `people`; in `before` as they were.

    Somebody without an id in the file is whoever has that name, or else that alias, or else someone new.
    A known person is renamed only where the file gives the id.
    """

    def __init__(
        self, connection: Connection, plan: ImportPlan, report: Callable[[ImportFault], None]
    ) -> None:
        roles = [role for entry in plan.entries for role in entry.cast or ()]
        asked = bool(plan.people) or any(entry.cast is not None for entry in plan.entries)
        self.before = load_people(connection) if asked else {}
        self.casts = load_casts(connection) if asked else {}
        self._people = dict(self.before)
        self._report = report
        self._said_names: dict[str, tuple[str, int]] = {}
        self._said_aliases: dict[str, dict[str, None]] = {}
        self._by_name: dict[str, set[str]] = {}
        self._by_alias: dict[str, set[str]] = {}
        for one in plan.people:
            self._rename(one.id, one.name, one.row)
            self._say(one.id, one.aliases)
        for role in roles:
            if role.person_id is not None:
                self._rename(role.person_id, role.person, role.row)
                self._say(role.person_id, role.person_aliases)
        for person in self._people.values():
            self._index(person, self._said_aliases.get(person.id, person.aliases))
        by_name = [role for role in roles if role.person_id is None]
        for role in sorted(by_name, key=lambda role: not role.person_aliases):  # who gives aliases is first
            self._introduce(role)
        self.people = {
            key: replace(person, aliases=tuple(self._said_aliases.get(key, person.aliases)))
            for key, person in self._people.items()
        }

    def cast(self, title: str, roles: Sequence[Role]) -> list[CastMember]:
        """Return the cast of a title as the file has it; a role that stands there twice is a fault."""
        known = {(one.person.id, one.character): one.aliases for one in self.casts.get(title, ())}
        members: dict[tuple[str, str | None], CastMember] = {}
        for role in roles:
            ids = self._ids(role)
            if len(ids) != 1:  # told when the people were looked up
                continue
            person = self.people[next(iter(ids))]
            key = (person.id, role.character)
            if key in members:
                self._fault("has this role twice in this title", role)
            aliases = known.get(key, ()) if role.aliases is None else tuple(role.aliases)
            members[key] = CastMember(person=person, character=role.character, aliases=aliases)
        return list(members.values())

    def _rename(self, key: str, name: str, row: int) -> None:
        said, first = self._said_names.setdefault(key, (name, row))
        if folded_name(said) != folded_name(name):
            rule = f"is {key}, who is called {said} in row {first}"
            self._report(fault(rule, row=row, column="person", value=name))
        self._people[key] = replace(self._people.get(key, Person(id=key, name=said)), name=said)

    def _say(self, key: str, aliases: Iterable[str] | None) -> None:
        if aliases is not None:
            self._said_aliases.setdefault(key, {}).update(dict.fromkeys(aliases))

    def _index(self, person: Person, aliases: Iterable[str]) -> None:
        self._by_name.setdefault(folded_name(person.name), set()).add(person.id)
        for alias in aliases:
            self._by_alias.setdefault(folded_name(alias), set()).add(person.id)

    def _ids(self, role: Role) -> set[str]:
        if role.person_id is not None:
            return {role.person_id}
        folded = folded_name(role.person)
        return self._by_name.get(folded) or self._by_alias.get(folded) or set()

    def _introduce(self, role: Role) -> None:
        """Enter the person of a role who is not known, and what the file says of aliases."""
        ids, key = self._ids(role), person_id(role.person)
        if len(ids) > 1:
            rule = f"is the name of {len(ids)} people: write a person_id ({', '.join(sorted(ids))})"
            self._fault(rule, role)
            return
        if ids:
            key = next(iter(ids))
        elif key in self._people:
            self._fault(f"needs a person_id of its own: {key} is {self._people[key].name}", role)
            return
        person = self._people.setdefault(key, Person(id=key, name=role.person))
        if role.person_aliases is not None:
            # Whoever was found by an alias must be found by it again.
            alias = [role.person] if folded_name(role.person) != folded_name(person.name) else []
            self._say(key, [*alias, *role.person_aliases])
        self._index(person, role.person_aliases or ())

    def _fault(self, rule: str, role: Role) -> None:
        self._report(fault(rule, row=role.row, column="person", value=role.person))
