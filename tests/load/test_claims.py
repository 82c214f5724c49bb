"""Loaders of backfills, and urgent ones, together on one budget; and the governor over all of them."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from sqlalchemy import Connection, insert, update

from load.conftest import HandClock
from load.simulation import Simulation
from watchdown.catalogue.database import Database
from watchdown.catalogue.tables import backfills
from watchdown.load.budget import Budget
from watchdown.load.claim import Claim
from watchdown.load.governor import KEPT
from watchdown.load.leases import Leases
from watchdown.stores.feedback import Look
from watchdown_schemas.errors import StoreUnavailable

START = 1000.0


@pytest.fixture
def leases(database: Database, clock: HandClock) -> Leases:
    return Leases(database, clock)


@pytest.fixture
def simulation(database: Database, clock: HandClock) -> Simulation:
    return Simulation(database, clock)


def enter(connection: Connection, number: int, **facts: object) -> None:
    """Enter a backfill as the ledger has it."""
    row: dict[str, object] = {"number": number, "algorithm": "x", "version": "1.0.0", "titles": []}
    row |= {"size": 1, "concurrency": 1, "publish": "batch", "via": "local", "tolerance": 0.0}
    row |= {"state": "running", "created_at": "", "updated_at": ""}
    connection.execute(insert(backfills).values(row | facts))


def test_backfills_get_the_same_however_many_loaders_each_has(simulation: Simulation, leases: Leases) -> None:
    leases.set_limits({"documents": 1000.0})
    for place in range(4):
        simulation.load(START + place / 10, claim=Claim(backfill=1 if place < 3 else 2))
    simulation.run(START + 25)
    rates = [simulation.rate(START + 5, START + 25, one) for one in range(4)]
    assert rates == pytest.approx([500 / 3] * 3 + [500], rel=0.1)


@pytest.mark.parametrize("limit", [None, 1000.0])
def test_the_rate_of_a_backfill_holds_for_all_its_loaders_together(
    simulation: Simulation, leases: Leases, limit: float | None
) -> None:
    leases.set_limits({"documents": limit})
    for _ in range(3):
        simulation.load(START, pace=2000, batch=5, claim=Claim(backfill=1, rate=100.0))
    simulation.load(START, pace=2000, batch=5, claim=Claim(backfill=2))
    simulation.run(START + 25)
    capped = sum(simulation.rate(START + 5, START + 25, one) for one in range(3))
    assert capped == pytest.approx(100, rel=0.1)
    assert simulation.rate(START + 5, START + 25, 3) == pytest.approx((limit or 2100) - 100, rel=0.1)


def test_an_urgent_load_gets_its_reserve_and_the_others_the_rest_before_and_after(
    simulation: Simulation, leases: Leases
) -> None:
    leases.set_limits({"documents": 1000.0})
    leases.choose(reserve=0.4)
    for number in range(5):
        simulation.load(START, claim=Claim(backfill=number))
    simulation.load(START + 20, until=START + 40, claim=Claim(urgent=True))
    simulation.run(START + 60)
    assert simulation.rate(START + 5, START + 20) == pytest.approx(1000, rel=0.05)
    assert simulation.rate(START + 23, START + 40, 5) == pytest.approx(400, rel=0.1)
    assert simulation.rate(START + 23, START + 40) == pytest.approx(1000, rel=0.05)
    assert simulation.rate(START + 45, START + 60) == pytest.approx(1000, rel=0.05)


def test_a_backfill_that_pauses_gets_nothing_until_it_goes_on_and_may_go_at_another_rate(
    database: Database, simulation: Simulation, leases: Leases
) -> None:
    leases.set_limits({"documents": 1000.0})
    with database.writing() as connection:
        enter(connection, 1)

    def change(**facts: object) -> None:
        with database.writing() as connection:
            connection.execute(update(backfills).where(backfills.c.number == 1).values(facts))

    simulation.load(START, batch=5, claim=Claim(backfill=1))
    simulation.load(START, batch=5, claim=Claim(backfill=2))
    simulation.at(START + 10, lambda: change(state="paused"))
    simulation.at(START + 20, lambda: change(state="running", rate=100.0))
    simulation.run(START + 40)
    assert simulation.rate(START + 12, START + 20, 0) == 0
    assert simulation.rate(START + 12, START + 20, 1) == pytest.approx(1000, rel=0.1)
    assert simulation.rate(START + 24, START + 40, 0) == pytest.approx(100, rel=0.1)


def test_all_loads_pause_and_go_on_at_the_rate_that_was_set(simulation: Simulation, leases: Leases) -> None:
    leases.set_limits({"documents": 1000.0})
    simulation.load(START)
    simulation.at(START + 10, lambda: leases.choose(paused=True))
    simulation.at(START + 20, lambda: leases.choose(paused=False))
    simulation.run(START + 30)
    assert simulation.rate(START + 2, START + 10) == pytest.approx(1000, rel=0.05)
    assert simulation.rate(START + 12, START + 20) == 0
    assert simulation.rate(START + 22, START + 30) == pytest.approx(1000, rel=0.1)


@dataclass
class Store:
    """A store that bears so many documents a second: beyond, searches take longer and writes are rejected."""

    simulation: Simulation
    bears: float
    rejects: bool = False
    searches: int = 0
    rejected: int = 0
    faults: list[Exception] = field(default_factory=list)

    def load_now(self) -> float:
        at = self.simulation.clock.at
        return self.simulation.rate(at - 1, at)

    def look(self) -> Look:
        if self.faults:
            raise self.faults.pop()
        self.searches += 1
        if self.rejects:
            return Look()
        return Look(searched_ms=10.0 * max(1.0, self.load_now() / self.bears), queued=0.0)

    def watched(self, begin: float, end: float) -> None:
        """Let the lookouts of all loaders look once a second, and notice what is rejected."""
        for second in range(int(begin), int(end)):
            self.simulation.at(second, self._second)

    def _second(self) -> None:
        self.rejected += int(self.rejects and self.load_now() > self.bears)
        for loader in self.simulation.loaders:
            lookout = loader.budget._lookout
            if lookout is not None and lookout._turn:
                lookout.look()


@pytest.mark.feature(24)
@pytest.mark.parametrize("rejects", [False, True])
@pytest.mark.parametrize("limit", [None, 4000.0])
def test_loads_settle_at_what_the_store_bears_and_are_faster_when_it_bears_more(
    simulation: Simulation, leases: Leases, *, rejects: bool, limit: float | None
) -> None:
    store = Store(simulation, bears=1e6, rejects=rejects)
    leases.set_limits({"documents": 1.0})  # hardly anything is loaded, while searches at rest are learnt
    store.watched(START, START + 400)
    for _ in range(3):
        simulation.load(START, pace=2000, feedback=store)
    simulation.at(START + 30, lambda: leases.set_limits({"documents": limit}))
    simulation.run(START + 60)
    free = simulation.rate(START + 40, START + 60)
    assert free == pytest.approx(limit or 6000, rel=0.05)
    store.bears = 1000.0
    simulation.run(START + 200)
    held = simulation.rate(START + 100, START + 200)
    assert 500 < held < 1250
    ruled = leases.budget().governor
    assert ruled.rate is not None
    assert ("rejection" if rejects else "searches take") in ruled.why
    store.bears = 1e6
    simulation.run(START + 400)
    assert simulation.rate(START + 380, START + 400) > 0.75 * free


def test_one_loader_looks_for_all_and_another_takes_over_when_it_dies(
    simulation: Simulation, leases: Leases
) -> None:
    leases.set_limits({"documents": 100.0})
    stores = [Store(simulation, bears=1e6) for _ in range(3)]
    stores[0].watched(START, START + 40)
    for place, store in enumerate(stores):
        simulation.load(START + place / 10, until=START + 20 if place == 0 else 1e9, feedback=store)
    simulation.run(START + 19)
    assert stores[0].searches >= 15
    assert [one.searches for one in stores[1:]] == [0, 0]
    simulation.loaders[0].budget._lookout = None
    simulation.run(START + 40)
    assert stores[1].searches >= 10
    assert stores[2].searches == 0


def test_what_searches_take_at_rest_is_learnt_before_a_load_begins_and_once_an_hour(
    database: Database, clock: HandClock, simulation: Simulation, leases: Leases
) -> None:
    store = Store(simulation, bears=1.0)
    for _ in range(2):
        with Budget(database, clock=clock, feedback=store):
            assert leases.budget().governor.knows_idle(clock.at)
    assert store.searches == KEPT + 1
    clock.at += 3601
    with Budget(database, clock=clock, feedback=store):
        assert store.searches == 2 * (KEPT + 1)


def test_nothing_is_governed_when_people_wish_so(simulation: Simulation, leases: Leases) -> None:
    store = Store(simulation, bears=10.0, rejects=True)
    leases.choose(auto=False)
    store.watched(START, START + 30)
    simulation.load(START, pace=2000, feedback=store)
    simulation.run(START + 30)
    assert simulation.rate(START + 5, START + 30) == pytest.approx(2000, rel=0.05)
    assert store.searches == 0


def test_a_store_that_does_not_answer_slows_nobody(
    database: Database, clock: HandClock, simulation: Simulation, leases: Leases
) -> None:
    away = StoreUnavailable("it", "is away", "Wait")
    store = Store(simulation, bears=1.0, faults=[away] * 20)
    with Budget(database, clock=clock, feedback=store) as budget:
        budget.take(10, 10, waiting=pytest.fail)
    assert leases.budget().governor.rate is None
