"""What calls on remembered queries return."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from watchdown.search.query import Query


class AskedQuery(BaseModel):
    """A query that somebody asked, when, in UTC, and in a few words what was sought."""

    model_config = ConfigDict(frozen=True)

    at: str
    text: str
    query: Query
