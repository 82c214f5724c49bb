"""Schema types registered at run time: their declarations, stored with the library."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, insert, select

from watchdown.catalogue.database import Database, now
from watchdown.catalogue.tables import schema_types
from watchdown_schemas.errors import SchemaConflict


class StoredTypes:
    """The declarations of a library; what was added stays as it is."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def declarations(self) -> list[dict[str, Any]]:
        """Return all declarations, by name and version."""
        statement = select(schema_types.c.declaration).order_by(schema_types.c.name, schema_types.c.version)
        with self._database.reading() as connection:
            return [dict(declaration) for declaration in connection.execute(statement).scalars()]

    def add(self, name: str, version: int, declaration: Mapping[str, Any]) -> None:
        """Store a declaration, which must be JSON; the same one a second time changes nothing.

        Raises SchemaConflict when another is stored under that name and version.
        """
        columns = schema_types.c
        same = (columns.name == name) & (columns.version == version)
        with self._database.writing() as connection:
            stored = connection.execute(select(columns.declaration).where(same)).scalar_one_or_none()
            if stored is None:
                values = {"name": name, "version": version, "declaration": dict(declaration)}
                connection.execute(insert(schema_types).values(values | {"registered_at": now()}))
            elif stored != declaration:
                raise SchemaConflict(
                    f"{name}.{version}",
                    "is declared otherwise in this library",
                    f"Declare it as version {version + 1}.",
                )

    def changes(self) -> int:
        """Return a number that is another one after any process has added a declaration."""
        with self._database.reading() as connection:
            return connection.execute(select(func.count()).select_from(schema_types)).scalar_one()
