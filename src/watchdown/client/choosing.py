"""Titles as people choose them for work: by name, id, pattern, or what they are known by."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from watchdown.catalogue.model import Title
from watchdown.client.entities import spelt
from watchdown.client.services import Services
from watchdown_schemas.errors import NotFound


def chosen(services: Services, wanted: Sequence[str]) -> list[Title]:
    """Return titles by name and id, each once; all of them where nothing is wanted.

    One is wanted by its name or id, by a pattern such as `Night*`, or by metadata such as `season:2`.
    Raises NotFound for what chooses no title.
    """
    every = services.catalogue.titles()
    if not wanted:
        return every
    ids = {title.id for one in wanted for title in _meant(services, one, every)}
    return [title for title in every if title.id in ids]


def _meant(services: Services, wanted: str, every: Iterable[Title]) -> list[Title]:
    if exact := [title for title in every if wanted in (title.id, title.name)]:
        return exact
    if found := [title for title in every if fnmatchcase(title.name, wanted)]:
        return found
    kind, colon, value = wanted.partition(":")
    if colon and (ids := services.directory.titles_having(kind, spelt(value))):
        return [title for title in every if title.id in ids]
    remedy = "Name a title or its id, a pattern such as 'Night*', or metadata such as season:2"
    raise NotFound(wanted, "chooses no title here", remedy)
