"""The directory: what readers must know beside the records, namely what may be seen and what titles are."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from watchdown.catalogue.model import CastMember, Person, Scalar, Timeline, Title
from watchdown.view import View
from watchdown_schemas.errors import NotFound


@dataclass(frozen=True, slots=True)
class Known:
    """A title with its timelines, by id."""

    title: Title
    timelines: Mapping[str, Timeline]

    @property
    def timeline(self) -> Timeline:
        """The first cut, on which a title's times are counted unless something says otherwise."""
        return self.timelines[min(self.timelines)]


class Directory(Protocol):
    """Answers for a library; a database has all of it, and a store on a server can be told it."""

    def view(self, epoch: int | None = None) -> View:
        """Return what readers see now, or saw at an earlier epoch; NotFound for one that never was."""
        ...

    def models(self, view: View) -> Mapping[str, set[str]]:
        """Return the fingerprints of the models behind the visible runs, by algorithm."""
        ...

    def languages(self) -> Collection[str]:
        """Return the languages of all subtitle tracks."""
        ...

    def titles(self) -> list[Title]:
        """Return all titles by name."""
        ...

    def title(self, name_or_id: str) -> Title:
        """Return the title of that id or name; NotFound when there is none or the name is not unique."""
        ...

    def known(self, titles: Collection[str]) -> Mapping[str, Known]:
        """Return titles by id with their timelines."""
        ...

    def titles_having(self, name: str, any_of: Collection[Scalar]) -> frozenset[str]:
        """Return the ids of titles whose metadata of that name has one of these values."""
        ...

    def people(self, name_or_id: str) -> Sequence[Person]:
        """Return the people of that id, or of that name or alias, however it is spelt."""
        ...

    def titles_with(self, person: str) -> frozenset[str]:
        """Return the ids of the titles whose cast a person is in."""
        ...

    def cast(self, title: str) -> Sequence[CastMember]:
        """Return the cast of a title in the order of its credits."""
        ...


def only_title(name_or_id: str, found: Sequence[Title]) -> Title:
    """Return the one title that was found; NotFound where there is none, or more than one."""
    if len(found) == 1:
        return found[0]
    if not found:
        raise NotFound(name_or_id, "is no title here", "See all with: watchdown titles.")
    ids = ", ".join(sorted(title.id for title in found))
    raise NotFound(name_or_id, f"is the name of {len(found)} titles", f"Use an id: {ids}.")
