"""The queries that a library remembers."""

from __future__ import annotations

from itertools import islice

from watchdown.client.results_queries import AskedQuery
from watchdown.client.services import Services
from watchdown.search.query import Query
from watchdown.search.query_log import clear as forget
from watchdown.search.query_log import logged
from watchdown_schemas.errors import QueryError


def listed(services: Services, limit: int) -> list[AskedQuery]:
    """Return the newest queries, newest first."""
    if limit < 1:
        raise QueryError(f"limit {limit}", "shows no query", "Ask for one or more")
    services.queries.flush()
    return [
        AskedQuery(at=one.at, text=one.query.describe(), query=one.query)
        for one in islice(logged(services.storage), limit)
    ]


def clear(services: Services) -> int:
    """Forget all queries, and return how many those were."""
    services.queries.flush()
    return forget(services.storage)


def different(services: Services, most: int) -> list[Query]:
    """Return the newest queries that differ from one another."""
    services.queries.flush()
    found: dict[str, Query] = {}
    for one in logged(services.storage):
        if len(found) == most:
            break
        found.setdefault(one.query.digest(), one.query)
    return list(found.values())
