"""The directory of a library as its database has it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from watchdown.catalogue.directory import Known
from watchdown.catalogue.metadata import Metadata
from watchdown.catalogue.model import CastMember, Person, Scalar, Timeline, Title
from watchdown.catalogue.people import People
from watchdown.catalogue.titles import Catalogue
from watchdown.runs.ledger import Ledger
from watchdown.view import View
from watchdown_schemas.errors import NotFound


class DatabaseDirectory:
    """Answers from catalogue and ledger; titles are kept until one is asked for that is not among them."""

    def __init__(self, catalogue: Catalogue, ledger: Ledger, metadata: Metadata, people: People) -> None:
        self._catalogue = catalogue
        self._ledger = ledger
        self._metadata = metadata
        self._people = people
        self._kept: dict[str, Known] = {}
        self._models: tuple[int, Mapping[str, set[str]]] | None = None

    def view(self, epoch: int | None = None) -> View:
        """Return what readers see now, or saw at an earlier epoch."""
        return self._ledger.view(epoch)

    def models(self, view: View) -> Mapping[str, set[str]]:
        """Return the fingerprints of the models behind the visible runs, by algorithm."""
        if self._models is None or self._models[0] != view.epoch:
            self._models = (view.epoch, self._ledger.models(view))
        return self._models[1]

    def languages(self) -> Collection[str]:
        """Return the languages of all subtitle tracks."""
        return self._catalogue.languages()

    def titles(self) -> list[Title]:
        """Return all titles by name."""
        return self._catalogue.titles()

    def title(self, name_or_id: str) -> Title:
        """Return the title of that id or name; NotFound when there is none or the name is not unique."""
        return self._catalogue.title(name_or_id)

    def known(self, titles: Collection[str]) -> Mapping[str, Known]:
        """Return titles by id with their timelines."""
        if any(title not in self._kept for title in titles):
            cuts: dict[str, dict[str, Timeline]] = {}
            for timeline in self._catalogue.timelines().values():
                cuts.setdefault(timeline.title, {})[timeline.id] = timeline
            self._kept = {one.id: Known(one, cuts[one.id]) for one in self._catalogue.titles()}
        return self._kept

    def titles_having(self, name: str, any_of: Collection[Scalar]) -> frozenset[str]:
        """Return the ids of titles whose metadata of that name has one of these values."""
        return self._metadata.titles(name, any_of=any_of)

    def people(self, name_or_id: str) -> Sequence[Person]:
        """Return the people of that name or alias, else of that id."""
        found = self._people.find(name_or_id)
        if found:
            return found
        try:
            return [self._people.person(name_or_id)]
        except NotFound:
            return []

    def titles_with(self, person: str) -> frozenset[str]:
        """Return the ids of the titles whose cast a person is in."""
        return self._people.titles(person)

    def cast(self, title: str) -> Sequence[CastMember]:
        """Return the cast of a title in the order of its credits."""
        return self._people.cast(title)
