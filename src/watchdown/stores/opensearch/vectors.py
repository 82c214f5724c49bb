"""Rows by nearness: compared one by one where few are in scope, else looked up in the graph.

What the graph gives from quantised values is scored again from the values themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
import orjson

from watchdown.stores.kept import Kept
from watchdown.stores.opensearch.clauses import Query
from watchdown.stores.opensearch.reading import Part
from watchdown.stores.protocol import PLACE, Candidates, VectorLeaf, ranked
from watchdown.stores.shared import VECTOR

BREADTH: Final = 256  # nodes of the graph that a search keeps in view
DEEPEST: Final = 1_000  # rows asked of the graph; beyond that all are compared
OVERSAMPLE: Final = 6  # of quantised values, rows that are scored again for each one wanted
LEAST_AGAIN: Final = 100
PAGE: Final = 10_000
KEEP_COUNTED: Final = 64
HIT: Final[Mapping[str, Any]] = {
    "_source": False,
    "stored_fields": "_none_",
    "docvalue_fields": list(PLACE),
    "track_total_hits": False,
}


class Nearest:
    """Searches vectors; `exact_up_to` rows in scope are compared one by one."""

    def __init__(self, exact_up_to: int) -> None:
        self._exact_up_to = exact_up_to
        self._few: Kept[bool] = Kept(KEEP_COUNTED)

    def search(self, leaf: VectorLeaf, part: Part, limit: int, *, scoped: bool) -> Candidates:
        """Return the best `limit` rows of a part."""
        few = self._are_few(part, scoped=scoped) if part.exact and limit <= DEEPEST else True
        found = list(self._compared(leaf, part, limit)) if few else self._looked_up(leaf, part, limit)
        kept = ranked(found, leaf.floor)[:limit]
        return Candidates(kept, exhausted=len(kept) < limit)

    def _are_few(self, part: Part, *, scoped: bool) -> bool:
        """Whether the rows in scope are few enough to compare."""

        def count() -> bool:
            return part.count() <= self._exact_up_to if scoped else not self._large(part)

        return self._few.get((part.pin, orjson.dumps(part.filters())), count)

    def _large(self, part: Part) -> bool:
        """Whether the whole index has too many rows to compare."""
        body = {"size": 0, "track_total_hits": self._exact_up_to + 1, "query": {"match_all": {}}}
        return int(part.ask(body, "count")["hits"]["total"]["value"]) > self._exact_up_to

    def _looked_up(self, leaf: VectorLeaf, part: Part, limit: int) -> list[dict[str, Any]]:
        quantised = part.cluster.layout.quantised
        wanted = max(OVERSAMPLE * limit, LEAST_AGAIN) if quantised else limit
        near: dict[str, Any] = {
            "vector": _numbers(leaf),
            "k": wanted,
            "filter": {"bool": {"filter": part.filters()}},
            "method_parameters": {"ef_search": max(BREADTH, wanted)},
        }
        body: dict[str, Any] = {**HIT, "size": wanted, "query": {"knn": {VECTOR: near}}}
        if quantised:
            again = {"rescore_query": _scored(leaf, {"match_all": {}}), "query_weight": 0}
            body["rescore"] = {"window_size": wanted, "query": again}
        return [_row(hit) for hit in part.ask(body)["hits"]["hits"]]

    def _compared(self, leaf: VectorLeaf, part: Part, limit: int) -> Iterator[dict[str, Any]]:
        """Yield the best rows of all, page by page, until there are enough that answer."""
        checked = not part.exact
        size = min(PAGE, limit if part.exact else max(limit, 1_000))
        body: dict[str, Any] = {
            **HIT,
            "size": size,
            "query": _scored(leaf, {"bool": {"filter": part.filters()}}),
            "sort": [{"_score": "desc"}, {"id": "asc"}],
            "track_scores": True,
        }
        if checked:
            (schema,) = part.clauses
            body["_source"] = part.sources(schema, ["id"])
            del body["stored_fields"]
        after: dict[str, Any] = {}
        found = 0
        while hits := part.ask({**body, **after})["hits"]["hits"]:
            good = part.answering(hits) if checked else None
            for hit in hits:
                if good is None or hit["_id"] in good:
                    found += 1
                    yield _row(hit)
            if found >= limit or len(hits) < size:
                return
            after = {"search_after": hits[-1]["sort"]}


def _numbers(leaf: VectorLeaf) -> list[float]:
    numbers: list[float] = np.asarray(leaf.vector, dtype=np.float32).tolist()
    return numbers


def _scored(leaf: VectorLeaf, query: Query) -> Query:
    """Return the query that scores each row from its own values."""
    params = {"field": VECTOR, "query_value": _numbers(leaf), "space_type": "cosinesimil"}
    script = {"lang": "knn", "source": "knn_score", "params": params}
    return {"script_score": {"query": query, "script": script}}


def _row(hit: Mapping[str, Any]) -> dict[str, Any]:
    fields = hit["fields"]
    row = {name: fields[name][0] if name in fields else None for name in PLACE}
    # The engine's score of a cosine c is (1 + c) / 2.
    return {**row, "score": 2.0 * hit["_score"] - 1.0}
