"""Worse days of an OpenSearch: it dies, hangs or has too little room, while it is written to or read."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Thread, Timer

import pytest

from conformance.stores import view
from services.fixtures import Own
from services.opensearch import OpenSearch
from stores.loads import RUNS, Loads, told
from watchdown.stores.opensearch.cluster import Layout
from watchdown.stores.opensearch.pace import MOST_BYTES, START_BYTES
from watchdown.stores.opensearch.reading import PAGE
from watchdown_schemas.errors import CursorExpired, StoreUnavailable

ROWS = 1_000  # of each run
SEEN = view(RUNS)
LITTLE_ROOM = {
    "indexing_pressure.memory.limit": "200kb",
    "thread_pool.write.size": "1",
    "thread_pool.write.queue_size": "2",
    "http.max_content_length": "1mb",
}


@pytest.fixture(scope="module")
def server(module_server: Own) -> OpenSearch:
    server: OpenSearch = module_server(OpenSearch, settings=LITTLE_ROOM)
    return server


@pytest.fixture
def loads(server: OpenSearch) -> Iterator[Loads]:
    loads = Loads(server.url)
    yield loads
    server.resume()
    server.up()
    loads.remove()


def test_a_load_goes_on_when_a_server_that_died_is_back(server: OpenSearch, loads: Loads) -> None:
    back = Thread(target=server.up)

    def die() -> None:
        server.kill()
        back.start()

    outcome = loads.load(10_000, at=60, then=die)
    back.join()
    assert (outcome.written, outcome.refused, list(outcome.dead)) == (20_000, {}, [])
    loads.assert_whole(10_000)


def test_a_load_into_a_server_that_stays_dead_is_given_up_and_the_next_repairs_it(
    server: OpenSearch, loads: Loads
) -> None:
    brief = Loads(server.url, deadline_s=3, layout=loads.layout)
    with told(StoreUnavailable, server.url, "write to", loads.index, "tried", "Connection refused"):
        brief.load(ROWS, at=6, then=server.kill)
    server.up()
    assert loads.store.rows("Shot", SEEN) == []
    loads.load(ROWS)
    loads.assert_whole(ROWS)


def test_a_load_goes_on_when_a_server_that_hung_goes_on(server: OpenSearch, loads: Loads) -> None:
    hung = Loads(server.url, timeout_s=3, layout=loads.layout)
    waking = Timer(5, server.resume)

    def hang() -> None:
        server.pause()
        waking.start()

    hung.load(ROWS, at=6, then=hang)
    waking.join()
    loads.assert_whole(ROWS)


def test_a_server_that_hangs_is_told_within_the_deadline_and_searched_again_after(
    server: OpenSearch, loads: Loads
) -> None:
    loads.load(ROWS)
    assert loads.store.count("Shot", SEEN) == 2 * ROWS
    server.pause()
    for use in (
        lambda: loads.store.count("Shot", SEEN),  # whose point in time is there already
        lambda: loads.store.count("Shot", view([1])),
        lambda: loads.load(ROWS, [3]),
    ):
        with told(StoreUnavailable, server.url, "did not answer in time", "timeout_s"), loads.hurried():
            use()
    server.resume()
    loads.assert_whole(ROWS)
    assert loads.store.count("Shot", SEEN) == 2 * ROWS


def test_a_server_that_died_is_told_and_searched_again_by_the_same_reader(
    server: OpenSearch, loads: Loads
) -> None:
    loads.load(ROWS)
    snapshot = loads.searcher.snapshot(SEEN)
    loads.assert_whole(ROWS)
    carried = loads.searcher.carried(snapshot)
    assert len(loads.store.rows("Shot", SEEN, at=carried)) == 2 * ROWS
    server.kill()
    with told(StoreUnavailable, server.url, "tried", "Connection refused"), loads.hurried():
        loads.store.rows("Shot", SEEN)
    server.up()
    assert loads.searcher.snapshot(SEEN) is snapshot
    loads.assert_whole(ROWS)
    with pytest.raises(CursorExpired, match="no longer kept") as raised:
        loads.store.rows("Shot", SEEN, at=carried)
    assert server.url.removeprefix("http://") in str(raised.value)
    assert "first page" in raised.value.remedy


def test_a_reading_that_a_restart_interrupts_ends_and_is_not_mixed(server: OpenSearch, loads: Loads) -> None:
    rows = PAGE // 2 + 100
    loads.load(rows)
    reading = loads.searcher.scan("Shot", SEEN, snapshot=loads.searcher.snapshot(SEEN))
    first = next(reading)
    assert first.num_rows == PAGE
    server.kill()
    server.up()
    with pytest.raises(CursorExpired):
        next(reading)
    loads.assert_whole(rows)


def rejected(loads: Loads, *path: str) -> int:
    """Return how much the server has refused since it started."""
    stats = loads.cluster.request("read figures", "GET", "/_nodes/stats/thread_pool,indexing_pressure")
    (found,) = stats["nodes"].values()
    for name in path:
        found = found[name]
    return int(found)


def test_batches_that_the_server_has_no_room_for_are_sent_in_smaller_pieces(loads: Loads) -> None:
    pressure = ("indexing_pressure", "memory", "total", "coordinating_rejections")
    before = rejected(loads, *pressure)
    large = Loads(loads.url, start=START_BYTES, layout=loads.layout)
    outcome = large.load(5 * ROWS)
    assert (outcome.written, outcome.refused, list(outcome.dead)) == (10 * ROWS, {}, [])
    loads.assert_whole(5 * ROWS)
    assert rejected(loads, *pressure) > before
    assert large.pace.bytes < START_BYTES


def test_many_loaders_at_once_load_all_their_rows_through_a_short_queue(loads: Loads) -> None:
    queue = ("thread_pool", "write", "rejected")
    before = rejected(loads, *queue)
    layout = Layout(prefix=loads.layout.prefix, replicas=0, shards=5)
    numbers = range(1, 9)
    with ThreadPoolExecutor(len(numbers)) as together:
        outcomes = list(together.map(lambda run: Loads(loads.url, layout=layout).load(ROWS, [run]), numbers))
    assert [(one.written, one.refused, list(one.dead)) for one in outcomes] == [(ROWS, {}, [])] * len(numbers)
    loads.assert_whole(ROWS, numbers)
    assert rejected(loads, *queue) > before


def test_requests_larger_than_the_server_takes_become_smaller(loads: Loads) -> None:
    large = Loads(loads.url, start=MOST_BYTES, layout=loads.layout)
    assert not large.load(5 * ROWS).dead
    loads.assert_whole(5 * ROWS)
    assert large.pace.bytes < MOST_BYTES


def test_a_row_larger_than_the_server_takes_is_refused_alone(loads: Loads) -> None:
    outcome = loads.load(ROWS, spoilt=ROWS, script="x" * (1 << 20))
    assert outcome.written == 2 * ROWS - 2
    assert sorted(row.run for row in outcome.dead) == list(RUNS)
    assert all("HTTP 413" in row.reason for row in outcome.dead)
