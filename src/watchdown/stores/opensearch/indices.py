"""The indices of a library: made from templates of their types, loaded aside, then shown by an alias.

The first one of an alias ends in 000001; one that was built anew beside it has the next number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from opensearchpy.exceptions import OpenSearchException, RequestError

from watchdown.stores.opensearch.cluster import Cluster
from watchdown.stores.opensearch.faults import translate
from watchdown_schemas.derived.opensearch import VECTOR, index_template
from watchdown_schemas.errors import StoreNotFound, StoreVersion
from watchdown_schemas.record import Record

FIRST: Final = "000001"
REFRESH: Final = "30s"  # a load refreshes by itself when it ends
LOADING: Final = {"refresh_interval": "-1", "number_of_replicas": 0}
THERE: Final = "resource_already_exists_exception"
REMEDY: Final = "Use the version that made it, or set another opensearch.prefix and load again"


def make(cluster: Cluster, name: str, body: Mapping[str, Any]) -> bool:
    """Make an index; return False where it is there already, be it from another process."""
    try:
        cluster.insist("PUT", f"/{name}", body)
    except OpenSearchException as error:
        if isinstance(error, RequestError) and error.error == THERE:
            return False
        raise translate(cluster.server, f"make the index {name}", error) from error
    return True


def ensure(cluster: Cluster, name: str, mappings: Mapping[str, Any]) -> None:
    """Make an index that is no table of records, unless it is there."""
    settings = {"number_of_shards": 1, "number_of_replicas": cluster.layout.replicas}
    make(cluster, name, {"settings": settings, "mappings": mappings})


class Indices:
    """The indices of one library, by alias; those that are ready are remembered."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._ready: dict[str, str] = {}

    def shown(self) -> frozenset[str]:
        """Return the aliases that readers see."""
        try:
            found = self._cluster.request(
                "list the indices", "GET", f"/_alias/{self._cluster.layout.prefix}-*"
            )
        except StoreNotFound:
            return frozenset()
        return frozenset(alias for about in found.values() for alias in about["aliases"])

    def current(self, alias: str) -> str:
        """Return the index that is written to for an alias: the one that it shows, or the first."""
        try:
            found = self._cluster.request("find its index", "GET", f"/_alias/{alias}")
        except StoreNotFound:
            return f"{alias}-{FIRST}"
        return max(map(str, found))

    def prepare(self, alias: str, schema: type[Record], dimension: int | None) -> str:
        """Make the index of an alias unless it is there; return its name.

        Raises StoreVersion where the one that is there is of a kind that this version cannot write to.
        """
        name = self.current(alias)
        if self._ready.get(alias) != name:
            self._ready.pop(alias, None)
            self.make(alias, name, schema, dimension)
            if alias in self.shown():
                self._ready[alias] = name
        return name

    def make(self, alias: str, name: str, schema: type[Record], dimension: int | None) -> None:
        """Make an index of an alias, which does not show it yet, unless it is there; raises as `prepare`."""
        layout = self._cluster.layout
        template = index_template(
            schema, dimension, layout.engine, prefix=layout.prefix, quantised=layout.quantised
        )
        made = {**template, "index_patterns": [f"{alias}-*"]}
        self._cluster.request("store its template", "PUT", f"/_index_template/{alias}", made)
        settings = {"number_of_shards": layout.shards, **LOADING}
        if not make(self._cluster, name, {"settings": settings}):
            self._extend(name, template["template"]["mappings"]["properties"])

    def forget(self, alias: str) -> None:
        """Look for an index again before it is written to next: somebody has removed it."""
        self._ready.pop(alias, None)

    def _extend(self, name: str, wanted: Mapping[str, Any]) -> None:
        """Add the fields that an index of an earlier version lacks; refuse one that differs."""
        answer = self._cluster.request("read its mapping", "GET", f"/{name}/_mapping")
        there = dict(_kinds(answer[name]["mappings"].get("properties", {})))
        made = dict(_kinds(wanted))
        strange = [f"{field} ({there[field]})" for field in there if field not in made]
        strange += [
            f"{field} ({there[field]}, not {kind})"
            for field, kind in made.items()
            if there.get(field, kind) != kind
        ]
        if strange:
            cause = f"has fields that this version does not know as such: {', '.join(strange)}"
            raise StoreVersion(f"{self._cluster.server}, index {name}", cause, REMEDY)
        if outer := {field.partition(".")[0] for field in made if field not in there}:
            lacking = {field: wanted[field] for field in outer}
            self._cluster.request("add fields", "PUT", f"/{name}/_mapping", {"properties": lacking})

    def vector_length(self, alias: str) -> int | None:
        """Return the length of the vectors in an index; None where it is not there."""
        try:
            found = self._cluster.request("read its mapping", "GET", f"/{self.current(alias)}/_mapping")
        except StoreNotFound:
            return None
        (about,) = found.values()
        length: int | None = about["mappings"]["properties"].get(VECTOR, {}).get("dimension")
        return length

    def show(self, alias: str, name: str) -> None:
        """End the load of an index: what was written can be found; after the first one, readers see it."""
        if self._ready.get(alias) != name:
            self.set_up(name)
        self._cluster.request("refresh it", "POST", f"/{name}/_refresh")
        if self._ready.get(alias) != name and self.current(alias) == name:
            self.point(alias, name)
            self._ready[alias] = name

    def set_up(self, name: str) -> None:
        """Give an index that was loaded aside the settings of one that is read."""
        stay = {"refresh_interval": REFRESH, "number_of_replicas": self._cluster.layout.replicas}
        self._cluster.request("set it up for reading", "PUT", f"/{name}/_settings", {"index": stay})

    def point(self, alias: str, name: str, instead: Iterable[str] = ()) -> None:
        """Let readers of an alias see an index, and no longer others, at one moment."""
        actions = [{"add": {"index": name, "alias": alias}}]
        actions += [{"remove": {"index": old, "alias": alias}} for old in instead]
        self._cluster.request("show it to readers", "POST", "/_aliases", {"actions": actions})


def _kinds(properties: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """Yield the fields of a mapping, those of objects too, each with its kind."""
    for name, field in properties.items():
        kind = str(field.get("type", "object"))
        yield above + name, f"{kind} of {field['dimension']}" if "dimension" in field else kind
        yield from _kinds(field.get("properties", {}), f"{above}{name}.")
