"""Corrections: what people say of single records, kept apart from what algorithms find."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, insert, select, update

from watchdown.catalogue.database import Database, now
from watchdown.catalogue.model import Correction
from watchdown.catalogue.tables import corrections
from watchdown_schemas.errors import NotFound

_Listed: TypeAlias = list[Correction]  # inside the class, `list` is its method


def as_correction(row: Mapping[Any, Any]) -> Correction:
    """Return the correction of a row."""
    return Correction(**row)


class Corrections:
    """The corrections of a library; none is ever deleted."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        *,
        title: str,
        algorithm: str,
        schema_type: str,
        target: Mapping[str, Any],
        changes: Mapping[str, Any] | None,
        author: str,
    ) -> Correction:
        """Store a correction; `target` and `changes` must be JSON."""
        values: dict[str, Any] = {
            "title": title,
            "algorithm": algorithm,
            "schema_type": schema_type,
            "target": dict(target),
            "changes": None if changes is None else dict(changes),
            "author": author,
            "made_at": now(),
        }
        with self._database.writing() as connection:
            key = connection.execute(insert(corrections).values(values)).inserted_primary_key
        assert key is not None
        return Correction(id=key[0], **values)

    def withdraw(self, id: int) -> Correction:  # noqa: A002 - the field's own name
        """Take a correction back, which stays on record; a second time changes nothing.

        Raises NotFound when there is no such correction.
        """
        this, holds = corrections.c.id == id, corrections.c.withdrawn_at.is_(None)
        with self._database.writing() as connection:
            connection.execute(update(corrections).where(this, holds).values(withdrawn_at=now()))
        return self.get(id)

    def get(self, id: int) -> Correction:  # noqa: A002 - the field's own name
        """Return a correction; NotFound when there is none of that number."""
        found = self._where(corrections.c.id == id)
        if not found:
            raise NotFound(str(id), "is no correction here", "See the title's corrections for their ids.")
        return found[0]

    def of(self, title: str, algorithm: str) -> _Listed:
        """Return the corrections of a slot that hold, oldest first: not those withdrawn."""
        columns = corrections.c
        return self._where(
            columns.title == title, columns.algorithm == algorithm, columns.withdrawn_at.is_(None)
        )

    def of_titles(self, titles: Collection[str]) -> dict[str, dict[str, _Listed]]:
        """Return the corrections of many titles that hold, by title and algorithm, oldest first."""
        found: dict[str, dict[str, _Listed]] = {}
        holds = corrections.c.withdrawn_at.is_(None)
        for one in self._where(corrections.c.title.in_(titles), holds):
            found.setdefault(one.title, {}).setdefault(one.algorithm, []).append(one)
        return found

    def list(self, title: str) -> _Listed:
        """Return all corrections of a title, oldest first: those withdrawn, too."""
        return self._where(corrections.c.title == title)

    def _where(self, *conditions: ColumnElement[bool]) -> _Listed:
        statement = select(corrections).where(*conditions).order_by(corrections.c.id)
        with self._database.reading() as connection:
            return [as_correction(row) for row in connection.execute(statement).mappings()]
