"""Whether a store knows what the database has to tell readers who have none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from watchdown.catalogue.database import Database
from watchdown.catalogue.entries import entries
from watchdown.catalogue.revision import changed_since
from watchdown.client.telling import Telling
from watchdown.runs.faults import Fault, Kind
from watchdown.runs.ledger import Ledger
from watchdown.stores.protocol import ToldDirectory

AT_ONCE: Final = 500
SUBJECT: Final = "what readers are told"


class ToldChecking:
    """Looks twice, when it is made and when it is asked: what is told meanwhile is no fault."""

    def __init__(
        self, database: Database, ledger: Ledger, directory: ToldDirectory, telling: Telling
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._directory = directory
        self._telling = telling
        self._due = telling.due()

    def faults(self, *, deep: bool) -> Iterator[Fault]:
        """Yield what the store should have been told and was not; `deep` looks at every title."""
        epoch, revision, types = self._telling.told()
        due_epoch, due_revision, due_types = self._due
        if epoch < due_epoch:
            yield _fault(f"epoch {epoch} is seen, and {due_epoch} is published")
        else:
            yield from self._visible()
        if revision < due_revision:
            yield _fault(f"titles are those of revision {revision}, not {due_revision}")
        else:
            yield from self._titles(deep=deep)
        if types < due_types:
            yield _fault(f"{types} of {due_types} schema types are known")

    def _visible(self) -> Iterator[Fault]:
        there = self._directory.view()
        here = self._ledger.view(there.epoch)
        if wrong := sorted(here.visible ^ there.visible):
            kind = "not seen" if wrong[0] in here.visible else "seen"
            yield _fault(f"{len(wrong)} runs are seen or hidden against the ledger: run {wrong[0]} is {kind}")
        elif dict(self._directory.models(there)) != self._ledger.models(here):
            yield _fault("the models behind the visible runs are others")

    def _titles(self, *, deep: bool) -> Iterator[Fault]:
        there = {title.id for title in self._directory.titles()}
        with self._database.reading() as connection:
            ids = changed_since(connection, 0)
            wrong = [id_ for id_ in ids if id_ not in there]
            for at in range(0, len(ids) if deep else 0, AT_ONCE):
                some = [id_ for id_ in ids[at : at + AT_ONCE] if id_ in there]
                known = self._directory.known(some)
                for one in entries(connection, some):
                    cuts = {cut.id: cut for cut in one.timelines}
                    found = known.get(one.title.id)
                    if found is None or found.title != one.title or found.timelines != cuts:
                        wrong.append(one.title.id)
        if wrong:
            yield _fault(f"{len(wrong)} titles are not told as they are, {wrong[0]} among them")
        if strange := sorted(there - {*ids}):
            yield _fault(f"{len(strange)} titles are told that are none, {strange[0]} among them")


def _fault(cause: str) -> Fault:
    return Fault(kind=Kind.TOLD, subject=SUBJECT, cause=cause)
