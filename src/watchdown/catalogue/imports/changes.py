"""What an import changes: the file compared with the library, written in one transaction, and put back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from sqlalchemy import Connection

from watchdown.catalogue import metadata, people, rights
from watchdown.catalogue.imports.casting import Casting
from watchdown.catalogue.imports.faults import ImportFault, ImportInvalid
from watchdown.catalogue.imports.kinds import check_kinds
from watchdown.catalogue.imports.matching import Matched, match
from watchdown.catalogue.imports.reading import ImportPlan
from watchdown.catalogue.model import CastMember, Person, Value

Part: TypeAlias = Literal["metadata", "cast", "rights", "person"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One change: of a value of a title's metadata, its cast or its rights, or of a person.

    `id` and `of` are the id and name of the title or person, `name` is what changes. `before` and `after`
    are what a JSON file would say; None is nothing.
    """

    part: Part
    id: str
    of: str
    name: str
    before: Any
    after: Any


def compare(connection: Connection, plan: ImportPlan) -> list[Change]:
    """Return what the file changes in the library; ImportInvalid with all faults when it has any."""
    faults = list(plan.faults)
    matched = match(connection, plan.entries, faults.append)
    casting = Casting(connection, plan, faults.append)
    changes = [
        *_people(casting),
        *_metadata(connection, matched, faults.append),
        *_casts(matched, casting),
        *_rights(connection, matched),
    ]
    if faults:
        raise ImportInvalid(plan.file, faults)
    return changes


def _people(casting: Casting) -> Iterator[Change]:
    for id_, person in casting.people.items():
        before = casting.before.get(id_)
        if before != person:
            yield Change(
                part="person",
                id=id_,
                of=person.name,
                name="person",
                before=before and _somebody(before),
                after=_somebody(person),
            )


def _metadata(
    connection: Connection, matched: Sequence[Matched], report: Callable[[ImportFault], None]
) -> Iterator[Change]:
    names = {name for one in matched for name in one.entry.metadata}
    stored = metadata.load(connection, names=names) if names else {}
    check_kinds(matched, stored, report)
    for one in matched:
        for name, value in one.entry.metadata.items():
            before = stored.get(one.id, {}).get(name)
            if (value, isinstance(value, bool)) != (before, isinstance(before, bool)):  # True == 1
                yield _change("metadata", one, name, _plain(before), _plain(value))


def _casts(matched: Sequence[Matched], casting: Casting) -> Iterator[Change]:
    for one in matched:
        if one.entry.cast is not None:
            before = [_role(member) for member in casting.casts.get(one.id, ())]
            after = [_role(member) for member in casting.cast(one.id, one.entry.cast)]
            if [_part(role) for role in before] != [_part(role) for role in after]:
                yield _change("cast", one, "cast", before, after)


def _rights(connection: Connection, matched: Sequence[Matched]) -> Iterator[Change]:
    asked = [one for one in matched if one.entry.rights is not None]
    stored = rights.load(connection) if asked else {}
    for one in asked:
        before, after = sorted(stored.get(one.id, ())), sorted(one.entry.rights or ())
        if before != after:
            yield _change("rights", one, "rights", before, after)


def _change(part: Part, one: Matched, name: str, before: Any, after: Any) -> Change:
    return Change(part=part, id=one.id, of=one.name, name=name, before=before, after=after)


def _plain(value: Value | None) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _somebody(person: Person) -> dict[str, Any]:
    return {"id": person.id, "name": person.name, "aliases": list(person.aliases)}


def _role(member: CastMember) -> dict[str, Any]:
    return {
        "person_id": member.person.id,
        "person": member.person.name,
        "character": member.character,
        "aliases": list(member.aliases),
    }


def _part(role: dict[str, Any]) -> tuple[Any, ...]:
    """Return what a role is without the name of its person, which is the person's own."""
    return role["person_id"], role["character"], role["aliases"]


def store(connection: Connection, changes: Iterable[Change]) -> None:
    """Write changes."""
    by_part: dict[Part, list[Change]] = {}
    for change in changes:
        by_part.setdefault(change.part, []).append(change)
    people.store_people(connection, [Person(**one.after) for one in by_part.get("person", ())])
    metadata.store(connection, [(one.id, one.name, one.after) for one in by_part.get("metadata", ())])
    people.store_casts(
        connection, {one.id: [_part(role) for role in one.after] for one in by_part.get("cast", ())}
    )
    rights.store(connection, {one.id: one.after for one in by_part.get("rights", ())})


def replaced(changes: Iterable[Change]) -> dict[str, Any]:
    """Return a file to import, as JSON, that puts back what the changes replace; new people stay known."""
    titles: dict[str, dict[str, Any]] = {}
    somebody: list[Any] = []
    for change in changes:
        if change.part == "person":
            somebody += [change.before] if change.before else []
            continue
        title = titles.setdefault(change.id, {"title": change.id})
        if change.part == "metadata":
            title.setdefault("metadata", {})[change.name] = change.before
        else:
            title[change.part] = change.before
    return {"titles": list(titles.values()), "people": somebody}
