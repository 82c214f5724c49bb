"""What a title is known by beyond its name: typed values such as genre, season and language."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final, Literal, TypeAlias

from sqlalchemy import Connection, bindparam, delete, insert, select

from watchdown.catalogue.database import Database
from watchdown.catalogue.model import Scalar, Value
from watchdown.catalogue.revision import touch
from watchdown.catalogue.tables import title_metadata

Kind: TypeAlias = Literal["text", "number", "boolean", "list"]

_KINDS: Final[Mapping[type, Kind]] = {
    str: "text",
    bool: "boolean",
    int: "number",
    float: "number",
    tuple: "list",
    list: "list",
}
ASKED_BY_NAME: Final = 500  # a database takes only so many values in one statement


def kind(value: Value) -> Kind:
    """Return the kind of a value."""
    return _KINDS[type(value)]


class Metadata:
    """The metadata of titles; every method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, title: str) -> dict[str, Value]:
        """Return the metadata of a title, by name."""
        with self._database.reading() as connection:
            return load(connection, title=title).get(title, {})

    def set(self, title: str, values: Mapping[str, Value | None]) -> None:
        """Replace the named values of a title and keep its others; None removes."""
        with self._database.writing() as connection:
            store(connection, [(title, name, value) for name, value in values.items()])

    def titles(
        self,
        name: str,
        *,
        equals: Scalar | None = None,
        any_of: Iterable[Scalar] | None = None,
        at_least: float | None = None,
        at_most: float | None = None,
    ) -> frozenset[str]:
        """Return the ids of the titles whose value of that name meets every condition given.

        Without a condition, these are the titles that have such a value. A list meets a condition when one
        of its elements does. Values of different kinds are never equal ("1" is not 1), and only numbers
        lie in a range.
        """
        wanted = None if any_of is None else {(kind(one), one) for one in any_of}
        with self._database.reading() as connection:
            stored = load(connection, names=[name])

        def meets(value: Value) -> bool:
            elements: Sequence[Scalar] = value if isinstance(value, tuple) else [value]
            return (
                (equals is None or (kind(equals), equals) in {(kind(one), one) for one in elements})
                and (wanted is None or any((kind(one), one) in wanted for one in elements))
                and (at_least is at_most is None or _within(value, at_least, at_most))
            )

        return frozenset(title for title, values in stored.items() if meets(values[name]))


def _within(value: Value, at_least: float | None, at_most: float | None) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return (at_least is None or value >= at_least) and (at_most is None or value <= at_most)


def load(
    connection: Connection, *, title: str | None = None, names: Collection[str] | None = None
) -> dict[str, dict[str, Value]]:
    """Return metadata by title and name: of one title or all, under some names or all."""
    columns = title_metadata.c
    statement = select(title_metadata).order_by(columns.title, columns.name)
    if title is not None:
        statement = statement.where(columns.title == title)
    if names is not None and len(names) <= ASKED_BY_NAME:
        statement = statement.where(columns.name.in_(names))
    found: dict[str, dict[str, Value]] = {}
    for row in connection.execute(statement):
        if names is not None and row.name not in names:
            continue
        (value,) = row.value.values()
        value = tuple(value) if isinstance(value, list) else value
        found.setdefault(row.title, {})[row.name] = value
    return found


def store(connection: Connection, values: Sequence[tuple[str, str, Value | None]]) -> None:
    """Write values as (title, name, value); None removes what is there."""
    columns = title_metadata.c
    if values:
        touch(connection, {title for title, _, _ in values})
        old = (columns.title == bindparam("of_title")) & (columns.name == bindparam("of_name"))
        keys = [{"of_title": title, "of_name": name} for title, name, _ in values]
        connection.execute(delete(title_metadata).where(old), keys)
    # In an object by kind: of a bare number, SQLite would keep its own reading, which may differ in a bit.
    rows = [
        {"title": title, "name": name, "value": {kind(value): value}}
        for title, name, value in values
        if value is not None
    ]
    if rows:
        connection.execute(insert(title_metadata), rows)
