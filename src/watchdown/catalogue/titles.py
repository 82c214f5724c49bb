"""The catalogue on the database: find and add titles with their timelines and assets."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from fractions import Fraction
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, delete, insert, select

from watchdown.catalogue import tables
from watchdown.catalogue.database import Database, now
from watchdown.catalogue.model import Asset, Timeline, Title
from watchdown.catalogue.revision import touch
from watchdown_schemas.errors import NotFound


def as_title(row: Row[Any]) -> Title:
    """Return the title of a row."""
    return Title(id=row.id, name=row.name, added_at=row.added_at)


def as_timeline(row: Row[Any]) -> Timeline:
    """Return the timeline of a row."""
    return Timeline(
        id=row.id,
        title=row.title,
        duration_ns=row.duration_ns,
        rate=Fraction(row.rate_numerator, row.rate_denominator),
        start_frame=row.start_frame,
        drop_frame=row.drop_frame,
    )


def as_asset(row: Row[Any]) -> Asset:
    """Return the asset of a row."""
    return Asset(**row._mapping)  # noqa: SLF001 - the documented mapping of a row


class Input(NamedTuple):
    """What results depend on of an asset; there are very many of them."""

    title: str
    kind: str
    fingerprint: str
    language: str | None
    offset_ns: int


class Catalogue:
    """Titles, timelines and assets; every method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, title: Title, timeline: Timeline, assets: Iterable[Asset]) -> None:
        """Enter a new title whole; of a known one, the assets that are new or have changed.

        A side-car takes the place of what was read from the same file before.
        """
        with self._database.writing() as connection:
            if not _exists(connection, tables.titles, title.id):
                connection.execute(insert(tables.titles).values(id=title.id, name=title.name, added_at=now()))
                connection.execute(
                    insert(tables.timelines).values(
                        id=timeline.id,
                        title=title.id,
                        duration_ns=timeline.duration_ns,
                        rate_numerator=timeline.rate.numerator,
                        rate_denominator=timeline.rate.denominator,
                        start_frame=timeline.start_frame,
                        drop_frame=timeline.drop_frame,
                    )
                )
            for asset in assets:
                _put(connection, asset)
            touch(connection, [title.id])

    def library(self) -> str:
        """Return what tells this library from every other."""
        with self._database.reading() as connection:
            return str(connection.execute(select(tables.library.c.id)).scalar_one())

    def find_asset(self, fingerprint: str) -> Asset | None:
        """Return the asset with this content, if there is one."""
        statement = select(tables.assets).where(tables.assets.c.fingerprint == fingerprint)
        with self._database.reading() as connection:
            row = connection.execute(statement).first()
        return as_asset(row) if row else None

    def titles(self) -> list[Title]:
        """Return all titles by name."""
        with self._database.reading() as connection:
            rows = connection.execute(
                select(tables.titles).order_by(tables.titles.c.name, tables.titles.c.id)
            )
            return [as_title(row) for row in rows]

    def title(self, name_or_id: str) -> Title:
        """Return the title of that id or name; NotFound when there is none or the name is not unique."""
        found = [title for title in self.titles() if name_or_id in (title.id, title.name)]
        if len(found) == 1:
            return found[0]
        if not found:
            raise NotFound(name_or_id, "is no title here", "See all with: watchdown titles.")
        ids = ", ".join(title.id for title in found)
        raise NotFound(name_or_id, f"is the name of {len(found)} titles", f"Use an id: {ids}.")

    def title_by_id(self, title: str) -> Title:
        """Return the title of that id."""
        with self._database.reading() as connection:
            return as_title(
                connection.execute(select(tables.titles).where(tables.titles.c.id == title)).one()
            )

    def timelines(self) -> dict[str, Timeline]:
        """Return all timelines by id."""
        with self._database.reading() as connection:
            return {row.id: as_timeline(row) for row in connection.execute(select(tables.timelines))}

    def timeline(self, title: str) -> Timeline:
        """Return the timeline of a title."""
        statement = select(tables.timelines).where(tables.timelines.c.title == title)
        with self._database.reading() as connection:
            return as_timeline(connection.execute(statement).one())

    def assets(self, title: str) -> list[Asset]:
        """Return the assets of a title, in a fixed order."""
        statement = select(tables.assets).where(tables.assets.c.title == title).order_by(tables.assets.c.id)
        with self._database.reading() as connection:
            return [as_asset(row) for row in connection.execute(statement)]

    def timelines_of(self, titles: Collection[str]) -> dict[str, Timeline]:
        """Return timelines by title."""
        statement = select(tables.timelines).where(tables.timelines.c.title.in_(titles))
        with self._database.reading() as connection:
            return {row.title: as_timeline(row) for row in connection.execute(statement)}

    def assets_of(self, titles: Collection[str]) -> dict[str, list[Asset]]:
        """Return the assets of many titles, each title's in a fixed order."""
        columns = tables.assets.c
        statement = select(tables.assets).where(columns.title.in_(titles)).order_by(columns.id)
        found: dict[str, list[Asset]] = {title: [] for title in titles}
        with self._database.reading() as connection:
            for row in connection.execute(statement):
                found[row.title].append(as_asset(row))
        return found

    def inputs_of(self, titles: Collection[str]) -> dict[str, list[Input]]:
        """Return what results depend on of the assets of many titles."""
        columns = tables.assets.c
        needed = (columns.title, columns.kind, columns.fingerprint, columns.language, columns.offset_ns)
        statement = select(*needed).where(columns.title.in_(titles))
        found: dict[str, list[Input]] = {title: [] for title in titles}
        with self._database.reading() as connection:
            for row in connection.execute(statement):
                found[row[0]].append(Input(*row))
        return found

    def shared(self, asset: Asset) -> bool:
        """Whether another title has the same content, too: as the same subtitles may be of two films."""
        columns = tables.assets.c
        same = (columns.path == asset.path) | (columns.fingerprint == asset.fingerprint)
        statement = select(columns.id).where(columns.title != asset.title, same)
        with self._database.reading() as connection:
            return connection.execute(statement).first() is not None

    def languages(self) -> set[str]:
        """Return the languages of all subtitle tracks."""
        statement = select(tables.assets.c.language).where(tables.assets.c.kind == "text").distinct()
        with self._database.reading() as connection:
            return {language or "und" for language in connection.execute(statement).scalars()}


def _put(connection: Connection, asset: Asset) -> None:
    values = {name: getattr(asset, name) for name in Asset.__slots__} | {"facts": dict(asset.facts)}
    columns = tables.assets.c
    same = columns.id == asset.id
    if "origin" in asset.facts:
        same |= (columns.title == asset.title) & (
            columns.facts["origin"].as_string() == asset.facts["origin"]
        )
    connection.execute(delete(tables.assets).where(same))
    connection.execute(insert(tables.assets).values(values))


def _exists(connection: Connection, table: Any, key: str) -> bool:
    return connection.execute(select(table.c.id).where(table.c.id == key)).first() is not None
