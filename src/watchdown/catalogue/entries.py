"""Entries of titles, gathered from all that the database knows of them."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, select

from watchdown.catalogue import metadata, people, rights
from watchdown.catalogue.model import Entry
from watchdown.catalogue.tables import assets, timelines, titles
from watchdown.catalogue.titles import as_timeline, as_title


def entry(connection: Connection, title: str) -> Entry:
    """Return the entry of one title."""
    found = connection.execute(select(titles).where(titles.c.id == title)).one()
    cuts = connection.execute(select(timelines).where(timelines.c.title == title).order_by(timelines.c.id))
    spoken = select(assets.c.language).where(assets.c.title == title, assets.c.kind == "text").distinct()
    return Entry(
        title=as_title(found),
        timelines=tuple(as_timeline(row) for row in cuts),
        languages=tuple(sorted({one or "und" for one in connection.execute(spoken).scalars()})),
        metadata=metadata.load(connection, title=title).get(title, {}),
        cast=people.load_casts(connection, title).get(title, ()),
        rights=rights.load(connection, title).get(title, frozenset()),
    )


def entries(connection: Connection, ids: list[str]) -> Iterator[Entry]:
    """Yield the entries of titles."""
    for title in ids:
        yield entry(connection, title)
