"""Facets: counted by the index where it knows every value, else over the rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

from watchdown.stores.facets import count_values as count_rows
from watchdown.stores.facets import facet_columns
from watchdown.stores.matching import shown
from watchdown.stores.opensearch.clauses import Query
from watchdown.stores.opensearch.conditions import NAME, Asked
from watchdown.stores.opensearch.documents import ATTRIBUTES, MARKS
from watchdown.stores.opensearch.reading import Part
from watchdown.where import Value, own_field
from watchdown_schemas.fields import Field
from watchdown_schemas.record import Record
from watchdown_schemas.roles import Attributes, Blob, Geometry, Text, Vector

MOST_VALUES: Final = 10_000  # different ones that the index is asked for at once
Counts = Counter[Value]
Known = Callable[[Any], Value]


def count_values(counts: Counts, name: str, part: Part) -> None:
    """Add the rows of a part to the counts, each row once for each of its values."""
    found: Counts | None = Counter()
    for schema in part.clauses:
        one = part.only(schema)
        found = _by_index(name, schema, one) if one.exact else None
        if found is None:
            for of, batch in one.read(facet_columns(name, schema)):
                count_rows(counts, name, batch, of)
        else:
            counts.update(found)


def _by_index(name: str, schema: type[Record], part: Part) -> Counts | None:
    """Return the counts of the index; None where it cannot know all."""
    own = own_field(schema, name)
    plans: dict[str, tuple[Query, Known]] = {}
    if own is None:
        plans["text"] = _entries(name, "keyword"), lambda key: key
        plans["number"] = _entries(name, "number"), lambda key: key
        plans["moment"] = _entries(name, "time"), lambda key: shown(("moment", key // 1000 * 1000))
    elif any(own.role(role) for role in (Attributes, Blob, Geometry, Text, Vector)):
        return None
    elif Asked(schema).in_field(name):
        plans["own"] = {"terms": {"field": name, "size": MOST_VALUES}}, _of_kind(own)
    else:
        member = {str: "keyword", float: "number"}.get(own.kind, "integer")
        plans["own"] = _entries(name, member), _of_kind(own)
    body = {
        "size": 0,
        "track_total_hits": False,
        "query": {"bool": {"filter": part.filters()}},
        "aggs": {
            **{key: plan for key, (plan, _) in plans.items()},
            "marked": {"filter": {"term": {MARKS: f"!{name}"}}},
        },
    }
    found = part.ask(body, "count values")["aggregations"]
    counts: Counts = Counter()
    for key, (_, known) in plans.items():
        held: Mapping[str, Any] = found[key]
        told = held["named"]["values"] if "named" in held else held
        if told["sum_other_doc_count"] or told.get("doc_count_error_upper_bound"):
            return None
        for bucket in told["buckets"]:
            rows = bucket["rows"]["doc_count"] if "rows" in bucket else bucket["doc_count"]
            counts[known(bucket["key"])] += rows
    return None if found["marked"]["doc_count"] else counts


def _entries(name: str, member: str) -> Query:
    """Return the aggregation of what entries of a name have, counted by row."""
    values = {
        "terms": {"field": f"{ATTRIBUTES}.{member}", "size": MOST_VALUES},
        "aggs": {"rows": {"reverse_nested": {}}},
    }
    named = {"filter": {"term": {NAME: name}}, "aggs": {"values": values}}
    return {"nested": {"path": ATTRIBUTES}, "aggs": {"named": named}}


def _of_kind(own: Field) -> Known:
    return bool if own.kind is bool else lambda key: key
