"""Telling a store what the database knows, so that readers of the store need no database.

It may be done again by any process at any time: what is newer in the store stays.
"""

from __future__ import annotations

from watchdown.catalogue.database import Database
from watchdown.catalogue.entries import entries
from watchdown.catalogue.revision import changed_since, revision
from watchdown.catalogue.schema_types import StoredTypes
from watchdown.runs.ledger import Ledger
from watchdown.stores.protocol import Told


class Telling:
    """Keeps a store's directory as the database has it."""

    def __init__(self, database: Database, ledger: Ledger, types: StoredTypes, directory: Told) -> None:
        self._database = database
        self._ledger = ledger
        self._types = types
        self._directory = directory

    def everything(self) -> None:
        """Tell all that the store does not know yet."""
        self.types()
        self.titles()
        self.publication()

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
