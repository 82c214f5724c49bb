"""What an entity means in this library: a person by all names of the cast, a season or genre by its titles.

Metadata is not written into records, which never change; so it counts from the moment it is imported.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Final

from watchdown import where as tree
from watchdown.catalogue.directory import Directory
from watchdown.catalogue.model import folded_name
from watchdown.stores.protocol import Searcher, Snapshot
from watchdown.view import View
from watchdown.where import Where
from watchdown_schemas.record import Record

NAMED_BY: Final = ("character", "talent", "speaker", "person")  # fields that hold the name of somebody
SPELLINGS: Final = 10_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Entities:
    """Turns entities of a filter into conditions that any store can check."""

    directory: Directory
    searcher: Searcher

    def resolve(
        self, where: Where | None, types: Mapping[str, type[Record]], view: View, snapshot: Snapshot
    ) -> Where | None:
        """Return a filter with each entity widened to all that names it: records, casts and metadata."""

        def widened(node: Where) -> Where:
            if isinstance(node, tree.Entity):
                kind, known_as = node.named
                if kind == "person":
                    return tree.Any(of=(node, *self._heard(known_as, types, view, snapshot)))
                titles = self.directory.titles_having(kind, spelt(known_as))
                if not titles:
                    return node
                return tree.Any(of=(node, tree.In(field="title", values=tuple(sorted(titles)))))
            return _rebuilt(node, widened)

        return None if where is None else widened(where)

    def _heard(
        self, person: str, types: Mapping[str, type[Record]], view: View, snapshot: Snapshot
    ) -> list[Where]:
        """Return a condition for each title in whose cast the person is: any of the names, as spelt there."""
        found: list[Where] = []
        for title in sorted(self.directory.titles_with(person)):
            names = {
                folded_name(name)
                for member in self.directory.cast(title)
                if member.person.id == person
                for name in member.names
            }
            scope = view.within(frozenset({title}))
            said = tuple(self._spellings(names, types, scope, snapshot))
            if said:
                found.append(tree.All(of=(tree.Is(field="title", value=title), tree.Any(of=said))))
        return found

    def _spellings(
        self, names: set[str], types: Mapping[str, type[Record]], scope: View, snapshot: Snapshot
    ) -> list[Where]:
        """Return, by field that names somebody, the values that are one of the names in any spelling."""
        found: list[Where] = []
        for field in NAMED_BY:
            having = [name for name, schema in types.items() if field in schema.model_fields]
            if having:
                values = self.searcher.facet(having, field, scope, snapshot=snapshot, limit=SPELLINGS)
                same = tuple(str(value) for value, _ in values if folded_name(str(value)) in names)
                if same:
                    found.append(tree.In(field=field, values=same))
        return found


def spelt(known_as: str) -> list[str | float]:
    """Return an id as text, and as the number that metadata may have it as: season 2."""
    try:
        number = float(known_as)
    except ValueError:
        return [known_as]
    return [known_as, number] if isfinite(number) else [known_as]


def _rebuilt(node: Where, change: Callable[[Where], Where]) -> Where:
    """Return a node with its parts changed."""
    if isinstance(node, tree.All | tree.Any):
        return type(node)(of=tuple(map(change, node.of)))
    return tree.Not(of=change(node.of)) if isinstance(node, tree.Not) else node
