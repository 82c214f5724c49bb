"""Who may see a title: groups of people; a title without a group may be seen by everyone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, bindparam, delete, insert, select

from watchdown.catalogue.database import Database
from watchdown.catalogue.revision import touch
from watchdown.catalogue.tables import title_rights, titles


class Rights:
    """The rights of titles; every method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, title: str) -> frozenset[str]:
        """Return the groups that may see a title; empty where everyone may."""
        with self._database.reading() as connection:
            return load(connection, title).get(title, frozenset())

    def set(self, title: str, groups: Iterable[str]) -> None:
        """Let only members of these groups see a title; without a group, everyone."""
        with self._database.writing() as connection:
            store(connection, {title: groups})

    def visible(self, groups: Iterable[str]) -> frozenset[str]:
        """Return the ids of the titles that a member of these groups may see."""
        mine = set(groups)
        with self._database.reading() as connection:
            limited = load(connection)
            return frozenset(
                title
                for title in connection.execute(select(titles.c.id)).scalars()
                if title not in limited or limited[title] & mine
            )


def load(connection: Connection, title: str | None = None) -> dict[str, frozenset[str]]:
    """Return groups by title, of one title or of all that are not for everyone."""
    statement = select(title_rights.c.title, title_rights.c.group)
    if title is not None:
        statement = statement.where(title_rights.c.title == title)
    found: dict[str, set[str]] = {}
    for owner, group in connection.execute(statement):
        found.setdefault(owner, set()).add(group)
    return {owner: frozenset(groups) for owner, groups in found.items()}


def store(connection: Connection, rights: Mapping[str, Iterable[str]]) -> None:
    """Write the groups of titles in the place of those that were there."""
    if not rights:
        return
    touch(connection, rights)
    old = title_rights.c.title == bindparam("of_title")
    connection.execute(delete(title_rights).where(old), [{"of_title": title} for title in rights])
    rows = [
        {"title": title, "group": group} for title, groups in rights.items() for group in sorted(set(groups))
    ]
    if rows:
        connection.execute(insert(title_rights), rows)
