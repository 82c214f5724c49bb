"""Leases on batches: one holder at a time, whatever the clock does, and nobody stays stuck."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from catalogue.databases import DRIVERS, fresh
from runs.clocks import JumpingClock
from runs.ledgers import new_database, planned
from watchdown.catalogue.database import Database, open_database
from watchdown.runs.leases import LEASE_S, BatchLeases, Lease
from watchdown.runs.ledger import Ledger
from watchdown.runs.states import State
from watchdown.settings import Address
from watchdown_schemas.errors import LeaseLost

HOUR = 3600.0


@pytest.fixture(params=DRIVERS)
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Address]:
    with fresh(request, request.param, tmp_path) as found:
        yield found


@pytest.fixture
def database(address: Address) -> Iterator[Database]:
    opened = new_database(address)
    yield opened
    opened.close()


@pytest.fixture
def clock() -> JumpingClock:
    return JumpingClock()


@pytest.fixture
def leases(database: Database, clock: JumpingClock) -> BatchLeases:
    found = BatchLeases(database, clock)
    found.enter("b")
    return found


def taken(leases: BatchLeases, holder: str) -> Lease:
    lease = leases.take("b", holder)
    assert lease is not None
    return lease


def test_a_batch_that_is_held_is_nobody_elses_until_it_is_given_back(leases: BatchLeases) -> None:
    first = taken(leases, "ada")
    assert leases.take("b", "bob") is None
    assert leases.held() == {"b": "ada"}
    leases.release(first)
    assert leases.held() == {}
    assert taken(leases, "bob").token == first.token + 1


def test_a_batch_that_nobody_entered_cannot_be_taken(leases: BatchLeases) -> None:
    assert leases.take("strange", "ada") is None


def test_a_batch_is_entered_once(leases: BatchLeases) -> None:
    first = taken(leases, "ada")
    leases.enter("b", titles=3)
    assert leases.take("b", "bob") is None
    leases.renew(first)


def test_a_lease_ends_by_itself_and_the_next_has_a_higher_token(
    leases: BatchLeases, clock: JumpingClock
) -> None:
    first = taken(leases, "ada")
    clock.at += LEASE_S - 0.01
    assert leases.take("b", "bob") is None
    clock.at += 0.02
    assert taken(leases, "bob").token > first.token


def test_a_lease_that_is_renewed_goes_on(leases: BatchLeases, clock: JumpingClock) -> None:
    first = taken(leases, "ada")
    for _ in range(10):
        clock.at += LEASE_S * 0.9
        leases.renew(first)
    assert leases.take("b", "bob") is None


def test_a_late_holder_changes_nothing_in_the_ledger(
    database: Database, leases: BatchLeases, clock: JumpingClock
) -> None:
    ledger = Ledger(database)
    run = planned(ledger)
    late = taken(leases, "ada")
    clock.at += LEASE_S + 1
    taken(leases, "bob")
    refused = database.guarded(lambda connection: leases.check(connection, late))
    with refused, pytest.raises(LeaseLost, match="batch b: was taken over by another process"):
        ledger.step(run.number, State.RUNNING)
    assert ledger.get(run.number).state is State.PLANNED
    with pytest.raises(LeaseLost):
        leases.renew(late)
    leases.release(late)  # which is not its to give back
    assert leases.take("b", "eve") is None


def test_a_holder_that_was_held_up_goes_on_where_nobody_came(
    database: Database, leases: BatchLeases, clock: JumpingClock
) -> None:
    ledger = Ledger(database)
    run, late = planned(ledger), taken(leases, "ada")
    clock.at += HOUR
    with database.guarded(lambda connection: leases.check(connection, late)):
        ledger.step(run.number, State.RUNNING)
    assert leases.take("b", "bob") is None  # it holds it again


def test_a_clock_that_goes_back_makes_nobody_wait_for_longer_than_a_lease(
    leases: BatchLeases, clock: JumpingClock
) -> None:
    taken(leases, "dead")
    clock.at -= HOUR
    assert leases.take("b", "bob") is None
    clock.at += LEASE_S + 0.01
    assert leases.take("b", "bob")


def test_a_kept_lease_is_renewed_while_its_holder_does_something_else(database: Database) -> None:
    leases = BatchLeases(database, lease_s=0.4)
    leases.enter("b")
    looks = 0

    def look() -> None:
        nonlocal looks
        looks += 1
        if looks == 4:
            raise TimeoutError

    with leases.kept(taken(leases, "ada")), pytest.raises(TimeoutError), leases.holding("b", look):
        pytest.fail("two have it")
    assert leases.held() == {}


HOLD = """
import sys
from watchdown.catalogue.database import open_database
from watchdown.runs.leases import BatchLeases
from watchdown.settings.address import parse
database = open_database(parse(sys.argv[1], {"sqlite", "postgresql"}))
with BatchLeases(database, lease_s=1.0).holding("b", lambda: None):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_holder_that_is_killed_gives_its_batch_to_the_next(address: Address) -> None:
    database = open_database(address)
    leases, asked = BatchLeases(database, lease_s=1.0), 0
    leases.enter("b")
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, address.reveal()], stdin=-1, stdout=-1, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        token = leases.token("b")

        def waiting() -> None:
            nonlocal asked
            asked += 1
            process.kill()

        with leases.holding("b", waiting) as lease:
            assert asked
            assert lease.token == token + 1
    database.close()


class Holders(RuleBasedStateMachine):
    """Three processes that take, renew, give back, step, die or sleep, under a clock that jumps."""

    names = st.sampled_from(["ada", "bob", "eve"])

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.database = new_database(Path(self.folder.name) / "library.db")
        self.clock = JumpingClock()
        self.leases = BatchLeases(self.database, self.clock)
        self.leases.enter("b")
        self.known: dict[str, Lease] = {}  # what each process believes that it has
        self.newest = 0

    @rule(name=names)
    def take(self, name: str) -> None:
        before = self.leases.held()
        lease = self.leases.take("b", name)
        if lease:
            assert before == {}, "two have it at one time"
            assert lease.token > self.newest
            self.newest, self.known[name] = lease.token, lease

    @rule(name=names, stepping=st.booleans())
    def act(self, name: str, *, stepping: bool) -> None:
        if not (lease := self.known.get(name)):
            return
        try:
            if stepping:
                with (
                    self.database.guarded(lambda one: self.leases.check(one, lease)),
                    self.database.writing(),
                ):
                    pass
            else:
                self.leases.renew(lease)
        except LeaseLost:
            assert lease.token < self.newest, "the newest holder was refused"
            del self.known[name]
        else:
            assert lease.token == self.newest, "a late holder was not refused"
            assert self.leases.held() == {"b": name}

    @rule(name=names)
    def give_back(self, name: str) -> None:
        before = self.leases.held()
        if lease := self.known.pop(name, None):
            self.leases.release(lease)
            assert self.leases.held() == ({} if lease.token == self.newest else before)

    @rule(name=names)
    def die(self, name: str) -> None:
        self.known.pop(name, None)

    @rule(seconds=st.one_of(st.floats(0, 2 * LEASE_S), st.sampled_from([HOUR, -HOUR])))
    def time_goes(self, seconds: float) -> None:
        self.clock.at += seconds

    @invariant()
    def one_has_it_at_most(self) -> None:
        assert len(self.leases.held()) <= 1

    def teardown(self) -> None:
        self.leases.take("b", "last")  # who looks twice, a lease apart, gets it: nobody lives to renew it
        self.clock.at += LEASE_S + 0.01
        self.leases.take("b", "last")
        assert self.leases.held() == {"b": "last"}
        self.database.close()
        self.folder.cleanup()


TestHolders = Holders.TestCase
TestHolders.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
