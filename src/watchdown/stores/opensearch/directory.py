"""The directory of a library as its store was told it: no database is asked."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final
from urllib.parse import quote

import orjson

from watchdown.catalogue.directory import Known, only_title
from watchdown.catalogue.model import CastMember, Entry, Person, Scalar, Title, folded_name
from watchdown.stores.opensearch import titles as documents
from watchdown.stores.opensearch.bulk import Bulk, Document
from watchdown.stores.opensearch.clauses import Query, combined, nested, term, terms
from watchdown.stores.opensearch.cluster import WHOLE, Cluster
from watchdown.stores.opensearch.faults import said
from watchdown.stores.opensearch.indices import ensure
from watchdown.stores.opensearch.state import State
from watchdown.stores.opensearch.visibility import Shown, Visibility
from watchdown.view import View
from watchdown_schemas.errors import StoreError, StoreNotFound, StoreUnavailable

FRESH_S: Final = 5.0  # how long what was read of a title is taken for new
KEEP_TITLES: Final = 10_000
PAGE: Final = 1_000
LOAD_S: Final = 60.0
CATALOGUE, TYPES = "catalogue", "types"
ABSENT: Final = "index_not_found_exception"  # no title was told yet


class StoreDirectory:
    """Reads and writes what a store is told beside records."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._index = f"{cluster.layout.prefix}-titles"
        self._state = State(cluster)
        self._visibility = Visibility(self._state)
        self._entries: dict[str, tuple[float, Entry]] = {}
        self._there = False

    def view(self, epoch: int | None = None) -> View:
        """Return what readers see now, or saw at an earlier epoch that is still kept."""
        if epoch is not None:
            self._visibility.check(epoch)
        return self._visibility.shown(epoch).view

    def models(self, view: View) -> Mapping[str, set[str]]:
        """Return the fingerprints of the models behind the visible runs, by algorithm."""
        return self._visibility.shown(view.epoch).models

    def epoch(self) -> int:
        """Return the epoch that readers see."""
        return self._visibility.epoch()

    def show(self, view: View, models: Mapping[str, set[str]]) -> None:
        """Tell readers what is visible; where a later epoch was told, that one stays."""
        self._visibility.show(Shown(view, models))

    def oldest(self) -> int:
        """Return the oldest epoch that can still be read."""
        return self._visibility.oldest()

    def expire(self, oldest: int) -> None:
        """Tell readers that epochs before one can be read no more."""
        self._visibility.expire(oldest)

    def forget(self, titles: Collection[str]) -> None:
        """Remove what was told of titles, up to the revision that was told."""
        # With that version, a title that comes back has a higher one, however often it was forgotten.
        of: dict[str, Any] = {"version": self.revision(), "version_type": "external_gte"}
        for title in sorted(titles) if of["version"] else ():
            with suppress(StoreNotFound):
                path = f"/{self._index}/_doc/{quote(title, safe='')}"
                self._cluster.request(f"forget the title {title}", "DELETE", path, **of)
        with suppress(StoreNotFound):
            self._cluster.request("refresh titles", "POST", f"/{self._index}/_refresh")
        self._entries = {}

    def traces(self, titles: Collection[str]) -> int:
        """Return of how many of these titles something is known still."""
        found = self._ask({"size": 0, "track_total_hits": True, "query": terms("id", [*titles]).query})
        return int(found["hits"]["total"]["value"]) if found else 0

    def revision(self) -> int:
        """Return the revision of the catalogue up to which titles were told."""
        return self._state.number(CATALOGUE)

    def enter(self, entries: Iterable[Entry], revision: int) -> None:
        """Tell readers of titles as they are at a revision; newer ones stay."""
        ensure(self._cluster, self._index, documents.MAPPING)
        given = (
            Document(one.title.id, 0, orjson.dumps(documents.document(one)), version=revision)
            for one in entries
        )
        for refused in Bulk(self._cluster, self._index, deadline_s=LOAD_S).write(given):
            cause = f"the title {refused.id} is refused ({refused.reason})"
            raise StoreError(self._cluster.server, cause, "Mend its metadata and import it again")
        self._cluster.request("refresh titles", "POST", f"/{self._index}/_refresh")
        self._state.write(CATALOGUE, revision, "")
        self._entries = {}

    def declarations(self) -> Sequence[Mapping[str, Any]]:
        """Return all schema types that were declared with the library."""
        found = self._state.payload(TYPES)
        declared: list[Mapping[str, Any]] = orjson.loads(found[1]) if found else []
        return declared

    def declared(self) -> int:
        """Return how many schema types were declared with the library."""
        return self._state.number(TYPES)

    def declare(self, declarations: Sequence[Mapping[str, Any]]) -> None:
        """Tell readers all schema types that were declared."""
        self._state.write(TYPES, len(declarations), orjson.dumps(declarations).decode())

    def languages(self) -> Collection[str]:
        """Return the languages of all subtitle tracks."""
        body = {"size": 0, "aggs": {"found": {"terms": {"field": "languages", "size": 10_000}}}}
        found = self._ask(body)
        buckets = found["aggregations"]["found"]["buckets"] if found else []
        return {bucket["key"] for bucket in buckets}

    def titles(self) -> list[Title]:
        """Return all titles by name."""
        return sorted((one.title for one in self._all({"match_all": {}})), key=lambda one: (one.name, one.id))

    def title(self, name_or_id: str) -> Title:
        """Return the title of that id or name; NotFound when there is none or the name is not unique."""
        either = combined([term("id", name_or_id), term("name", name_or_id)], every=False)
        return only_title(name_or_id, [one.title for one in self._all(either.query)])

    def known(self, titles: Collection[str]) -> Mapping[str, Known]:
        """Return titles by id with their timelines."""
        return {
            id_: Known(one.title, {cut.id: cut for cut in one.timelines})
            for id_, one in self._some(titles).items()
        }

    def rights(self, title: str) -> frozenset[str]:
        """Return the groups that may see a title; empty where everyone may."""
        return self._some([title])[title].rights

    def titles_having(self, name: str, any_of: Collection[Scalar]) -> frozenset[str]:
        """Return the ids of titles whose metadata of that name has one of these values."""
        values = [terms(f"metadata.{field}", some) for field, some in _by_kind(any_of).items()]
        clause = nested("metadata", term("metadata.name", name), combined(values, every=False))
        return frozenset(one.title.id for one in self._all(clause.query))

    def people(self, name_or_id: str) -> Sequence[Person]:
        """Return the people of that name or alias, else of that id, who are in a cast."""
        folded = folded_name(name_or_id)
        found = {
            member.person.id: member.person
            for one in self._all(term("called", folded).query)
            for member in one.cast
            if folded in map(folded_name, (member.person.name, *member.person.aliases))
        }
        if not found:
            by_id = self._all(term("people", name_or_id).query)
            found = {
                member.person.id: member.person
                for one in by_id
                for member in one.cast
                if member.person.id == name_or_id
            }
        return [found[id_] for id_ in sorted(found)]

    def titles_with(self, person: str) -> frozenset[str]:
        """Return the ids of the titles whose cast a person is in."""
        return frozenset(one.title.id for one in self._all(term("people", person).query))

    def cast(self, title: str) -> Sequence[CastMember]:
        """Return the cast of a title in the order of its credits."""
        return self._some([title])[title].cast

    def _some(self, titles: Collection[str]) -> dict[str, Entry]:
        """Return entries by id, those read a moment ago as they were."""
        fresh = time.monotonic() - FRESH_S
        kept = {id_: one for id_, one in self._entries.items() if one[0] > fresh}
        if lacking := sorted({*titles} - kept.keys()):
            answer = self._cluster.request("read titles", "POST", f"/{self._index}/_mget", {"ids": lacking})
            at = time.monotonic()
            read = [documents.entry(one["_source"]) for one in answer["docs"] if self._found(one)]
            kept |= {one.title.id: (at, one) for one in read}
            # Readers run at the same time: what is kept is replaced whole.
            self._entries = dict(list(kept.items())[-KEEP_TITLES:])
        return {id_: kept[id_][1] for id_ in titles if id_ in kept}

    def _found(self, doc: Mapping[str, Any]) -> bool:
        """Whether a document is there; StoreUnavailable where the server cannot tell."""
        fault = doc.get("error")
        if fault is not None and fault["type"] != ABSENT:
            cause = f"cannot read the title {doc['_id']} now ({said(fault)})"
            raise StoreUnavailable(self._cluster.server, cause, "See its health (GET _cluster/health)")
        return bool(doc.get("found"))

    def _all(self, query: Query) -> Iterator[Entry]:
        body: dict[str, Any] = {"size": PAGE, "query": query, "sort": [{"id": "asc"}]}
        while found := self._ask(body):
            hits = found["hits"]["hits"]
            yield from (documents.entry(hit["_source"]) for hit in hits)
            if len(hits) < PAGE:
                return
            body["search_after"] = hits[-1]["sort"]

    def _ask(self, body: Mapping[str, Any]) -> Any:
        try:
            return self._cluster.request("search titles", "POST", f"/{self._index}/_search", body, **WHOLE)
        except StoreNotFound:
            return None


def _told(entry: Entry, revision: int) -> Document:
    source = orjson.dumps(documents.document(entry))
    return Document(entry.title.id, 0, source, version=revision)


def _by_kind(values: Collection[Scalar]) -> dict[str, list[Scalar]]:
    found: dict[str, list[Scalar]] = {}
    for one in values:
        field = "flag" if isinstance(one, bool) else "text" if isinstance(one, str) else "number"
        found.setdefault(field, []).append(one)
    return found
