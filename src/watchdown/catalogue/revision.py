"""The revision of the catalogue: which titles have changed since when, for copies of it elsewhere."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sqlalchemy import Connection, select, update

from watchdown.catalogue.tables import counters, titles

AT_ONCE = 500  # a database takes only so many values in one statement
COUNTER = "catalogue"


def touch(connection: Connection, changed: Collection[str]) -> None:
    """Note that what is known of these titles changes in this transaction."""
    if not changed:
        return
    this = counters.c.name == COUNTER
    raised = update(counters).where(this).values(value=counters.c.value + 1).returning(counters.c.value)
    number = connection.execute(raised).scalar_one()
    for some in _parts(sorted(changed)):
        connection.execute(update(titles).where(titles.c.id.in_(some)).values(revision=number))


def revision(connection: Connection) -> int:
    """Return the newest revision."""
    return int(connection.execute(select(counters.c.value).where(counters.c.name == COUNTER)).scalar_one())


def changed_since(connection: Connection, known: int) -> list[str]:
    """Return the ids of titles that have changed after a revision, in order."""
    later = select(titles.c.id).where(titles.c.revision > known).order_by(titles.c.id)
    return list(connection.execute(later).scalars())


def _parts(ids: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(ids), AT_ONCE):
        yield ids[start : start + AT_ONCE]
