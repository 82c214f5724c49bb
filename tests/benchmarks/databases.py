"""The databases that a benchmark runs on: SQLite in a folder, and PostgreSQL where a URL of one is given."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from watchdown.settings import Address
from watchdown.settings.address import parse


def addresses(folder: Path, urls: Sequence[str]) -> Iterator[Address]:
    """Yield addresses in which nothing is yet; what is made in PostgreSQL is removed again."""
    yield Address(kind="sqlite", path=str(folder / "library.db"))
    for url in urls:
        import psycopg

        server, schema = parse(url, {"postgresql"}), f"bench_{uuid.uuid4().hex}"
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA {schema}")
            yield replace(server, options={**server.options, "options": f"-c search_path={schema}"})
            connection.execute(f"DROP SCHEMA {schema} CASCADE")
