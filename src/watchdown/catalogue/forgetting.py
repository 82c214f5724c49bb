"""Forgetting a title: its rows leave every table that leads to it, and can be looked for in all of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, Final

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    String,
    cast,
    delete,
    false,
    func,
    or_,
    select,
    update,
)

from watchdown.catalogue.database import Database
from watchdown.catalogue.tables import backfills, metadata, runs, titles

FORGOTTEN: Final = "a forgotten title"
CLEARED: Final = "PRAGMA secure_delete = ON"


def forget(database: Database, title: str, name: str) -> None:
    """Remove a title from the database, in one transaction; SQLite overwrites what it held."""
    with database.writing() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql(CLEARED)
        for table in reversed(metadata.sorted_tables):
            for condition in _leading_to(table.c, title):
                connection.execute(delete(table).where(condition))
        _rename(connection, {title, name})
        connection.execute(delete(titles).where(titles.c.id == title))
    if database.address.kind == "sqlite":
        with database.session() as session:
            session.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


def traces(database: Database, words: Collection[str]) -> int:
    """Return how many rows of all tables have any of these words, be it inside another value."""
    found = 0
    with database.reading() as connection:
        for table in metadata.sorted_tables:
            texts = [cast(column, String) for column in table.c if not _is_number(column)]
            having = or_(false(), *(text.contains(word, autoescape=True) for text in texts for word in words))
            counted = select(func.count()).select_from(table).where(having)
            found += connection.execute(counted).scalar_one()
    return found


def _leading_to(columns: Any, title: str) -> Iterator[ColumnElement[bool]]:
    """Yield the conditions under which rows of a table are of the title, or of one of its runs."""
    of_title = select(runs.c.number).where(runs.c.title == title)
    for column in columns:
        for key in column.foreign_keys:
            if key.column is titles.c.id:
                yield column == title
            elif key.column is runs.c.number:
                yield column.in_(of_title)


def _rename(connection: Connection, words: Collection[str]) -> None:
    """Take a title out of what backfills were asked for; that it was one title among them stays."""
    for row in connection.execute(select(backfills.c.number, backfills.c.titles)).all():
        kept = [FORGOTTEN if one in words else one for one in row.titles]
        if kept != row.titles:
            this = backfills.c.number == row.number
            connection.execute(update(backfills).where(this).values(titles=kept))


def _is_number(column: Column[Any]) -> bool:
    return column.type.python_type in (int, float, bool)
