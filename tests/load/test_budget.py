"""The load budget: what is taken, by how many loaders, while they come, go, die and the budget changes."""

from __future__ import annotations

import itertools
import threading
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from load.conftest import HandClock
from load.simulation import SIZE, Simulation
from watchdown.catalogue.database import Database
from watchdown.catalogue.tables import loaders
from watchdown.load.bucket import Bucket
from watchdown.load.budget import Budget
from watchdown.load.leases import LEASE_S, Leases

START = 1000.0


@pytest.fixture
def leases(database: Database, clock: HandClock) -> Leases:
    return Leases(database, clock)


@pytest.fixture
def simulation(database: Database, clock: HandClock) -> Simulation:
    return Simulation(database, clock)


def leased(database: Database) -> float:
    """Return what is leased in all, in documents a second."""
    with database.reading() as connection:
        return float(connection.execute(select(func.sum(loaders.c.documents_share))).scalar_one() or 0)


@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("kind", ["documents", "bytes"])
def test_loaders_together_take_what_the_budget_allows(
    simulation: Simulation, leases: Leases, kind: str, count: int
) -> None:
    leases.set_limits({kind: 1000.0 if kind == "documents" else 1000.0 * SIZE})
    for place in range(count):
        simulation.load(START + place / 10)
    simulation.run(START + 22)
    assert simulation.rate(START + 2, START + 22) == pytest.approx(1000, rel=0.05)
    each = [simulation.rate(START + 2, START + 22, one) for one in range(count)]
    assert each == pytest.approx([1000 / count] * count, rel=0.1)


def test_without_a_limit_nobody_waits_and_everybody_is_seen(
    database: Database, clock: HandClock, leases: Leases
) -> None:
    budget = Budget(database, "mine", clock)
    for _ in range(100):
        budget.take(500, 10**6, waiting=pytest.fail)
    clock.at += 1
    budget.take(500, 10**6, waiting=pytest.fail)
    (seen,) = leases.loading()
    assert (seen["name"], seen["documents"], seen["bytes"]) == ("mine", 50_000, 10**8)
    assert (seen["documents_rate"], seen["documents_share"]) == (50_000.0, None)


def test_a_loader_that_joins_gets_its_share_and_no_more_is_leased_than_there_is(
    simulation: Simulation, leases: Leases, database: Database
) -> None:
    leases.set_limits({"documents": 1000.0})
    found = []
    for tick in range(1, 150):
        simulation.at(START + tick / 10, lambda: found.append(leased(database)))
    simulation.load(START)
    simulation.load(START + 5)
    simulation.load(START + 8)
    simulation.run(START + 15)
    assert max(found) <= 1000.001
    assert simulation.rate(START + 1, START + 15) == pytest.approx(1000, rel=0.05)
    third = [simulation.rate(START + 10, START + 15, one) for one in range(3)]
    assert third == pytest.approx([1000 / 3] * 3, rel=0.1)


def test_the_share_of_a_loader_that_dies_goes_to_the_others_when_its_lease_ends(
    simulation: Simulation, leases: Leases
) -> None:
    leases.set_limits({"documents": 1000.0})
    simulation.load(START)
    simulation.load(START, until=START + 10)
    simulation.run(START + 30)
    assert simulation.rate(START + 5, START + 10, 0) == pytest.approx(500, rel=0.1)
    begin = START + 10 + LEASE_S + 1
    assert simulation.rate(begin, START + 30, 0) == pytest.approx(1000, rel=0.05)
    assert len(leases.loading()) == 1


def test_a_loader_that_ends_gives_its_share_back_at_once(database: Database) -> None:
    with Budget(database) as budget:
        budget.take(1, 1)
        with database.reading() as connection:
            assert connection.execute(select(loaders.c.id)).scalars().all() == [budget.id]
    with database.reading() as connection:
        assert connection.execute(select(loaders.c.id)).scalars().all() == []


@pytest.mark.feature(25)
@pytest.mark.parametrize(
    ("before", "after"), [(1000.0, 100.0), (100.0, 1000.0), (None, 500.0), (500.0, None)]
)
def test_every_loader_goes_by_a_new_rate_within_two_seconds(
    simulation: Simulation, leases: Leases, before: float | None, after: float | None
) -> None:
    leases.set_limits({"documents": before})
    for place in range(3):
        simulation.load(START + place / 7, pace=2000, batch=5)
    simulation.at(START + 10, lambda: leases.set_limits({"documents": after}))
    simulation.run(START + 22)
    assert simulation.rate(START + 2, START + 10) == pytest.approx(before or 6000, rel=0.05)
    assert simulation.rate(START + 12, START + 22) == pytest.approx(after or 6000, rel=0.05)


def test_a_rate_of_nothing_pauses_all_loads(simulation: Simulation, leases: Leases) -> None:
    leases.set_limits({"documents": 0.0})
    simulation.load(START)
    simulation.at(START + 10, lambda: leases.set_limits({"documents": 100.0}))
    simulation.run(START + 20)
    assert simulation.rate(START, START + 10) == 0
    assert simulation.rate(START + 12, START + 20) == pytest.approx(100, rel=0.3)


def test_what_a_slow_loader_leaves_goes_to_the_others(simulation: Simulation, leases: Leases) -> None:
    leases.set_limits({"documents": 1000.0})
    simulation.load(START)
    simulation.load(START, pace=100)
    simulation.run(START + 30)
    assert simulation.rate(START + 10, START + 30, 1) == pytest.approx(100, rel=0.1)
    assert simulation.rate(START + 10, START + 30, 0) == pytest.approx(900, rel=0.1)


def test_a_batch_beyond_the_rate_is_taken_whole_and_paid_for_later(
    simulation: Simulation, leases: Leases
) -> None:
    leases.set_limits({"documents": 10.0})
    simulation.load(START, batch=100)
    simulation.run(START + 95)
    assert len(simulation.loaders[0].took) == 10


def test_the_wait_can_be_ended_and_takes_nothing(
    database: Database, clock: HandClock, leases: Leases
) -> None:
    leases.set_limits({"documents": 1.0})
    budget = Budget(database, clock=clock)
    budget.take(100, 1)
    calls = itertools.count()

    def waiting() -> None:
        if next(calls) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        budget.take(7, 1, waiting)
    clock.at += 2
    budget.renew()
    assert [one["documents"] for one in leases.loading()] == [100]


def test_threads_of_one_loader_take_from_one_share(database: Database, clock: HandClock) -> None:
    with Budget(database, clock=clock) as budget:
        threads = [threading.Thread(target=lambda: [budget.take(1, 2) for _ in range(200)]) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        budget.renew()
        (seen,) = Leases(database, clock).loading()
        assert (seen["documents"], seen["bytes"]) == (800, 1600)


@given(
    rate=st.floats(0.1, 1e6),
    steps=st.lists(st.tuples(st.floats(0, 5), st.floats(0, 1e5)), min_size=1, max_size=40),
)
def test_a_bucket_gives_no_more_than_its_rate_allows(rate: float, steps: list[tuple[float, float]]) -> None:
    bucket = Bucket()
    bucket.grant(0.0, rate, 1e9)
    at, taken, newest = 0.0, 0.0, 0.0
    for seconds, amount in steps:
        at += seconds
        if bucket.wait(at) == 0:
            bucket.take(amount)
            taken, newest = taken + amount, amount
    assert taken - newest <= rate * at * 1.000001 + 1e-6


def test_a_bucket_gives_nothing_once_its_lease_has_ended() -> None:
    bucket = Bucket()
    for rate in (5.0, None):
        bucket.grant(10.0, rate, 12.0)
        assert bucket.wait(11.9) == 0
        assert bucket.wait(12.0) == inf
