"""Libraries of both kinds: a folder, and PostgreSQL with OpenSearch and a bucket; without media."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Final

import pytest

import watchdown
from client.libraries import SECOND, services
from services.library import settings_of
from services.postgresql import drop_database, new_database
from watchdown.catalogue.model import Timeline, Title
from watchdown.client import Library

DEPLOYMENTS: Final = ("folder", "servers")
Open = Callable[[], Library]


@contextmanager
def deployed(request: pytest.FixtureRequest, kind: str, folder: Path) -> Iterator[Path]:
    """Give the place of a library that is not there yet: its folder, or the file of its settings."""
    if kind == "folder":
        yield folder / "library"
        return
    database = new_database(request.getfixturevalue("postgresql_url"))
    bucket, opensearch = (request.getfixturevalue(name) for name in ("s3_server", "opensearch_url"))
    place = folder / "watchdown.toml"
    place.write_text(settings_of(database, bucket, opensearch), "utf-8")
    yield place
    drop_database(database)


def entered(place: Path, *titles: str) -> Library:
    """Open a library, and enter titles of 100 seconds; each has its id as name."""
    library = watchdown.open(place, create=True)
    for name in titles:
        title = Title(id=name, name=name, added_at="")
        timeline = Timeline(id=f"{name}.1", title=name, duration_ns=100 * SECOND, rate=Fraction(25))
        services(library).catalogue.add(title, timeline, [])
    if telling := services(library).telling:
        telling.everything()
    return library
