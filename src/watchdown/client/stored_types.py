"""Schema types kept with a library: read where readers are told of them, declared in the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from watchdown.catalogue.schema_types import StoredTypes as InDatabase
    from watchdown.client.services import Services


class StoredTypes:
    """The declarations of a library, for its registry."""

    def __init__(self, services: Services) -> None:
        self._services = services

    @property
    def _in_database(self) -> InDatabase:
        from watchdown.catalogue.schema_types import StoredTypes as InDatabase

        return InDatabase(self._services.database)

    def declarations(self) -> Sequence[Mapping[str, Any]]:
        """Return all declarations, by name and version."""
        told = self._services.store.told
        return self._in_database.declarations() if told is None else told.declarations()

    def changes(self) -> int:
        """Return how many have been added, by whomever."""
        told = self._services.store.told
        return self._in_database.changes() if told is None else told.declared()

    def add(self, name: str, version: int, declaration: Mapping[str, Any]) -> None:
        """Keep a declaration; SchemaConflict when another is kept under that name and version."""
        self._in_database.add(name, version, declaration)
        if self._services.telling:
            self._services.telling.types()
