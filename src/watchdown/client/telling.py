"""Telling a store what the database knows, so that readers of the store need no database.

It may be done again by any process at any time: what is newer in the store stays.
"""

from __future__ import annotations

from typing import Final

from watchdown.catalogue.database import Database
from watchdown.catalogue.entries import entries
from watchdown.catalogue.revision import changed_since, revision
from watchdown.catalogue.schema_types import StoredTypes
from watchdown.runs.ledger import Ledger
from watchdown.stores.protocol import ToldDirectory

EARLIER: Final = 100  # epochs that are told once more


class Telling:
    """Keeps a store's directory as the database has it."""

    def __init__(
        self, database: Database, ledger: Ledger, types: StoredTypes, directory: ToldDirectory
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._types = types
        self._directory = directory

    def everything(self) -> None:
        """Tell all that the store does not know yet."""
        self.types()
        self.titles()
        self.publication()

    def again(self) -> int:
        """Tell everything once more, whatever the store was told before; return how many titles there are."""
        self._directory.declare(self._types.declarations())
        view = self._ledger.view()
        for epoch in range(view.epoch, max(0, self._ledger.oldest() - 1, view.epoch - EARLIER), -1):
            then = self._ledger.view(epoch)
            self._directory.show(then, self._ledger.models(then))
        with self._database.reading() as connection:
            ids = changed_since(connection, 0)
            if ids:
                self._directory.enter(entries(connection, ids), revision(connection))
        self._directory.forget({title.id for title in self._directory.titles()} - {*ids})
        return len(ids)

    def told(self) -> tuple[int, int, int]:
        """Return how far the store was told: the epoch, the revision of titles, the number of types."""
        return self._directory.epoch(), self._directory.revision(), self._directory.declared()

    def due(self) -> tuple[int, int, int]:
        """Return how far the store should be told."""
        with self._database.reading() as connection:
            titles = revision(connection)
        return self._ledger.view().epoch, titles, self._types.changes()

    def publication(self) -> None:
        """Tell which epochs cannot be read any more, and what is visible now."""
        oldest = self._ledger.oldest()
        if self._directory.oldest() < oldest:
            self._directory.expire(oldest)
        view = self._ledger.view()
        if self._directory.epoch() < view.epoch:
            self._directory.show(view, self._ledger.models(view))

    def titles(self) -> None:
        """Tell the titles that have changed since the store was told last."""
        known = self._directory.revision()
        with self._database.reading() as connection:
            newest = revision(connection)
            if known < newest:
                self._directory.enter(entries(connection, changed_since(connection, known)), newest)

    def types(self) -> None:
        """Tell the schema types that were declared."""
        if self._directory.declared() < self._types.changes():
            self._directory.declare(self._types.declarations())
