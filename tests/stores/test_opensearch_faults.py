"""Bad days of an OpenSearch that stays up: lost answers, closed indices, other versions, refused rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from conformance.stores import view
from storage.fault_proxy import Fault, FaultProxy
from stores.loads import RUNS, Loads, prefix, shots, told
from watchdown.stores.opensearch.cluster import Layout
from watchdown_schemas.errors import (
    CursorExpired,
    StorageFull,
    StoreError,
    StoreNotFound,
    StoreReadOnly,
    StoreUnavailable,
    StoreVersion,
)

ROWS = 600  # of each run: several batches of the smallest size
LOST_ANSWER = Fault(cut=-1)
HALF = Fault(cut=-1, lines=100)  # an action and a document are a line each


@pytest.fixture
def proxy(opensearch_url: str) -> Iterator[FaultProxy]:
    with FaultProxy(opensearch_url).running() as proxy:
        yield proxy


@pytest.fixture
def loads(proxy: FaultProxy) -> Iterator[Loads]:
    loads = Loads(proxy.url)
    yield loads
    proxy.mend()
    loads.remove()


def bulks(proxy: FaultProxy) -> int:
    return len([request for request in proxy.seen if "/_bulk" in request.path])


@pytest.mark.parametrize(
    "fault",
    [LOST_ANSWER, Fault(cut=10), HALF, Fault(status=503), Fault(status=429), Fault(status=502)],
    ids=str,
)
def test_a_batch_whose_fate_is_unknown_is_sent_again_and_stored_once(
    loads: Loads, proxy: FaultProxy, fault: Fault
) -> None:
    proxy.fail(fault, times=2, path="_bulk")
    outcome = loads.load(ROWS)
    assert (outcome.written, outcome.refused, list(outcome.dead)) == (2 * ROWS, {}, [])
    loads.assert_whole(ROWS)
    assert not proxy.pending


def test_rows_that_the_server_had_no_room_for_are_sent_again_and_no_others(
    loads: Loads, proxy: FaultProxy
) -> None:
    full = {"type": "rejected_execution_exception", "reason": "the queue is full"}
    items = [{"index": {"status": 201}}] * 50 + [{"index": {"status": 429, "error": full}}] * 50
    proxy.fail(Fault(lines=100, said=json.dumps({"errors": True, "items": items}).encode()), path="_bulk")
    outcome = loads.load(50)
    assert (outcome.written, list(outcome.dead)) == (100, [])
    loads.assert_whole(50)
    first, second = (request.sent for request in proxy.seen if "/_bulk" in request.path)
    assert first == pytest.approx(second, rel=0.05)  # each had half of the rows


def test_a_batch_that_was_stored_but_not_answered_in_time_is_stored_once(proxy: FaultProxy) -> None:
    loads = Loads(proxy.url, timeout_s=3)
    proxy.fail(Fault(delay=5), path="_bulk")
    loads.load(ROWS)
    loads.assert_whole(ROWS)
    assert not proxy.pending
    loads.remove()


def steps(loads: Loads, proxy: FaultProxy) -> list[tuple[str, str]]:
    """Return the different requests of a first load, by method and end of the path."""
    proxy.forget()
    loads.load(ROWS)
    ends = [(one.method, one.path.partition("?")[0].rpartition("/")[2]) for one in proxy.seen]
    return list(dict.fromkeys(ends))


def test_every_step_of_a_load_may_lose_its_answer(loads: Loads, proxy: FaultProxy) -> None:
    for method, end in steps(Loads(proxy.url, layout=loads.layout), proxy):
        loads.remove()
        proxy.fail(LOST_ANSWER, method=method, path=end)
        fresh = Loads(proxy.url, layout=loads.layout)
        assert not fresh.load(ROWS).refused, f"{method} {end}"
        assert not proxy.pending
        assert fresh.settings(index__refresh_interval="30s")["index.number_of_replicas"] == "0"
        fresh.assert_whole(ROWS)


def test_a_load_that_was_given_up_is_repaired_by_the_next(loads: Loads, proxy: FaultProxy) -> None:
    brief = Loads(proxy.url, deadline_s=0.5, layout=loads.layout)
    proxy.fail(Fault(status=503), times=1_000, path="_bulk")
    with told(StoreUnavailable, proxy.url, "write to", brief.index, "tried", "503", "watchdown budget"):
        brief.load(ROWS)
    proxy.mend()
    assert loads.store.rows("Shot", view([])) == []
    loads.load(ROWS)
    loads.assert_whole(ROWS)


@pytest.mark.parametrize(
    ("block", "kind", "words"),
    [
        ("index__blocks__write", StoreReadOnly, ("takes no writes", "index.blocks.write")),
        ("index__blocks__read_only", StoreReadOnly, ("takes no writes", "read_only")),
        ("index__blocks__read_only_allow_delete", StorageFull, ("its disk is full", "Free space")),
    ],
)
def test_an_index_that_takes_no_writes_is_told_and_is_whole_once_it_does(
    loads: Loads, proxy: FaultProxy, block: str, kind: Any, words: tuple[str, ...]
) -> None:
    loads.load(ROWS, [1])
    loads.settings(**{block: True})
    with told(kind, proxy.url, *words):
        Loads(proxy.url, timeout_s=3, deadline_s=3, layout=loads.layout).load(ROWS, [2])
    loads.assert_whole(ROWS, [1])
    loads.settings(**{block: None})
    loads.load(ROWS, [2])
    loads.assert_whole(ROWS)


def test_an_index_that_is_closed_while_it_is_loaded_is_no_fault_of_its_rows(loads: Loads) -> None:
    def close() -> None:
        loads.cluster.request("close it", "POST", f"/{loads.index}/_close")

    with told(StoreUnavailable, loads.cluster.server, "closed"):
        loads.load(ROWS, at=2, then=close)
    loads.cluster.request("open it", "POST", f"/{loads.index}/_open")
    assert loads.stored() < 2 * ROWS
    loads.load(ROWS)
    loads.assert_whole(ROWS)


def test_an_index_that_somebody_removes_is_told_and_made_again(loads: Loads) -> None:
    def remove() -> None:
        loads.cluster.request("remove it", "DELETE", f"/{loads.index}")

    loads.load(ROWS, [1])
    with told(StoreNotFound, loads.cluster.server, loads.index, "opensearch.prefix"):
        loads.load(ROWS, [2], at=0, then=remove)
    loads.load(ROWS)
    loads.assert_whole(ROWS)


def test_runs_are_removed_wherever_an_interrupted_load_left_them(loads: Loads) -> None:
    def stop() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        loads.load(ROWS, at=4, then=stop)
    assert loads.stored() > 0
    loads.sink.delete(RUNS)
    assert loads.stored() == 0


def test_a_first_load_is_seen_when_it_ends_and_not_before(proxy: FaultProxy) -> None:
    loads = Loads(proxy.url, layout=Layout(prefix=prefix(), replicas=1, shards=2))
    during: list[Any] = []

    def look() -> None:
        reader = Loads(proxy.url, layout=loads.layout)
        settings = loads.settings()
        during.append(list(reader.searcher.snapshot(view(RUNS))))
        during.append(reader.store.rows("Shot", view(RUNS)))
        during.append((settings["index.refresh_interval"], settings["index.number_of_replicas"]))

    loads.load(ROWS, at=4, then=look)
    assert during == [[], [], ("-1", "0")]
    settings = loads.settings()
    assert (settings["index.refresh_interval"], settings["index.number_of_replicas"]) == ("30s", "1")
    assert settings["index.number_of_shards"] == "2"
    loads.assert_whole(ROWS)
    loads.load(ROWS, [3], at=1, then=lambda: during.append(loads.settings()["index.refresh_interval"]))
    assert during[-1] == "30s"
    loads.remove()


def test_an_index_of_which_a_part_is_missing_is_not_answered_from_the_rest(opensearch_url: str) -> None:
    loads = Loads(opensearch_url, layout=Layout(prefix=prefix(), replicas=0, shards=2))
    one_shard = {"index": {"routing.allocation.total_shards_per_node": 1}}  # and there is only one node
    changed_index(loads, {"number_of_shards": 2, **one_shard})
    for use, said in (
        (lambda: loads.store.rows("Shot", view(RUNS)), "503"),
        (lambda: loads.store.count("Shot", view(RUNS)), "503"),
        (lambda: loads.sink.delete(RUNS), "_cluster/health"),
        (lambda: loads.load(ROWS), "_cluster/health"),
    ):
        with told(StoreUnavailable, opensearch_url, said), loads.hurried():
            use()
    loads.settings(index__routing__allocation__total_shards_per_node=-1)
    loads.cluster.request("wait", "GET", f"/_cluster/health/{loads.index}", wait_for_status="green")
    loads.load(ROWS)
    loads.assert_whole(ROWS)
    loads.remove()


def test_a_point_in_time_on_a_node_that_is_gone_is_opened_anew(loads: Loads, proxy: FaultProxy) -> None:
    gone = {"type": "illegal_state_exception", "reason": "no node found for id: lPpppSjSRbeYWa7FVRIdXg"}
    failed = {"root_cause": [gone], "type": "search_phase_execution_exception", "caused_by": gone}
    fault = Fault(status=500, said=json.dumps({"error": failed, "status": 500}).encode())
    loads.load(ROWS)
    proxy.fail(fault, path="/_search")
    loads.assert_whole(ROWS)
    assert not proxy.pending
    proxy.fail(fault, path="/_search", times=2)
    with told(StoreError, proxy.url, "no node found"):
        loads.store.rows("Shot", view(RUNS))
    loads.assert_whole(ROWS)
    snapshot = loads.searcher.snapshot(view(RUNS))
    proxy.fail(fault, path="/_search")
    with pytest.raises(CursorExpired):
        loads.store.rows("Shot", view(RUNS), at=loads.searcher.carried(snapshot))
    loads.assert_whole(ROWS)


def changed_index(
    loads: Loads, settings: dict[str, Any], change: Callable[[dict[str, Any]], object] = lambda _: None
) -> None:
    """Make the index as somebody else would have: with settings and a mapping of its own."""
    probe = Loads(loads.url, layout=Layout(prefix=loads.layout.prefix, replicas=0))
    probe.load(1, [1])
    found = probe.cluster.request("read", "GET", f"/{loads.index}/_mapping")[loads.index]["mappings"]
    probe.remove()
    change(found["properties"])
    made = {
        "settings": {"number_of_replicas": 0, **settings},
        "mappings": found,
        "aliases": {f"{loads.layout.prefix}-shot": {}},
    }
    probe = Loads(loads.url)
    probe.cluster.request("make", "PUT", f"/{loads.index}", made, wait_for_active_shards="0")


def test_an_index_of_an_earlier_version_gets_the_fields_that_it_lacks(loads: Loads) -> None:
    def lacking(fields: dict[str, Any]) -> None:
        del fields["confidence"], fields["marks"], fields["attributes"]["properties"]["integer"]

    changed_index(loads, {}, lacking)
    loads.load(ROWS)
    loads.assert_whole(ROWS)
    found = loads.cluster.request("read", "GET", f"/{loads.index}/_mapping")[loads.index]["mappings"]
    assert {"confidence", "marks"} <= set(found["properties"])
    assert "integer" in found["properties"]["attributes"]["properties"]


@pytest.mark.parametrize(
    ("field", "mapping", "words"),
    [
        ("number", {"type": "keyword"}, "number (keyword, not long)"),
        ("mood", {"type": "keyword"}, "mood (keyword)"),
        ("attributes", {"type": "object"}, "attributes (object, not nested)"),
    ],
)
def test_an_index_of_another_version_is_refused_before_a_row_is_written(
    loads: Loads, proxy: FaultProxy, field: str, mapping: dict[str, Any], words: str
) -> None:
    changed_index(loads, {}, lambda fields: fields.update({field: mapping}))
    proxy.forget()
    with told(StoreVersion, proxy.url, loads.index, words, "opensearch.prefix"):
        loads.load(ROWS)
    assert bulks(proxy) == 0
    assert loads.stored() == 0


def test_rows_that_are_refused_for_good_are_told_and_the_others_stored(
    loads: Loads, proxy: FaultProxy
) -> None:
    loads.load(1, [9])
    loads.sink.delete([9])
    loads.settings(index__mapping__nested_objects__limit=1)
    proxy.fail(LOST_ANSWER, path="_bulk")
    proxy.fail(HALF, path="_bulk")
    outcome = loads.load(ROWS, spoilt=100)
    bad = {row["id"]: run for run in RUNS for row in shots(run, ROWS, 100).to_pylist() if row["attributes"]}
    assert len(bad) == 2 * ROWS // 100
    assert {row.id: row.run for row in outcome.dead} == bad
    assert len(outcome.dead) == len(bad)
    assert not proxy.pending
    assert all("nested documents has exceeded the allowed limit of [1]" in row.reason for row in outcome.dead)
    assert (outcome.written, outcome.refused) == (2 * ROWS - len(bad), {})
    assert {row["id"] for row in loads.store.rows("Shot", view(RUNS))}.isdisjoint(bad)
    loads.settings(index__mapping__nested_objects__limit=10)
    assert not loads.load(ROWS, spoilt=100).dead
    loads.assert_whole(ROWS, spoilt=100)
