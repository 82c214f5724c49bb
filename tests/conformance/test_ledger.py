"""The database under catalogue and ledger: the same promises on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError

from catalogue.databases import DRIVERS, fresh
from conformance.processes import at_once
from runs.ledgers import TITLES, brought, new_database, planned
from watchdown.catalogue.database import Database, open_database
from watchdown.catalogue.tables import counters, metadata, publications, timelines, titles
from watchdown.runs.ledger import Ledger
from watchdown.runs.states import OPEN, STEPS, State
from watchdown.settings import Address
from watchdown_schemas.errors import LibraryVersion, NotFound, RunError

FILM = {"id": "film", "name": "A Film", "added_at": "2026-01-01"}


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
def ledger(database: Database) -> Ledger:
    return Ledger(database)


def names(database: Database) -> list[str]:
    with database.reading() as connection:
        return list(connection.execute(select(titles.c.name).order_by(titles.c.name)).scalars())


def test_a_fresh_database_has_its_tables_and_counters_at_zero(address: Address) -> None:
    database = open_database(address)
    with database.reading() as connection:
        assert dict(map(tuple, connection.execute(select(counters)))) == {
            "run": 0,
            "epoch": 0,
            "catalogue": 0,
            "backfill": 0,
            "oldest": 0,
        }
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    database.close()


def test_a_database_is_found_again_as_it_was_left(address: Address) -> None:
    new_database(address).close()
    database = open_database(address)
    assert names(database) == list(TITLES)
    database.close()


def test_a_library_of_a_later_version_is_refused_and_left_alone(address: Address) -> None:
    database = new_database(address)
    with database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(
        LibraryVersion, match=r"later version of Watchdown \(step 9999, this one knows"
    ) as raised:
        open_database(address)
    assert address.path in raised.value.subject
    with database.reading() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all() == ["9999"]
    database.close()


def test_many_processes_may_open_a_fresh_library_at_once(address: Address) -> None:
    enter = """
from sqlalchemy import insert
from watchdown.catalogue.tables import titles
with database.writing() as connection:
    connection.execute(insert(titles).values(id=me, name=me, added_at=""))
"""
    at_once(address, enter, *"abcd")
    database = open_database(address)
    assert names(database) == list("abcd")
    database.close()


def enter_twice(database: Database) -> None:
    with database.writing() as connection:
        connection.execute(insert(titles).values(FILM))
        connection.execute(insert(titles).values(FILM))


def test_a_fault_in_a_transaction_leaves_nothing_of_it(database: Database) -> None:
    with pytest.raises(IntegrityError):
        enter_twice(database)
    assert names(database) == list(TITLES)


def test_what_names_no_title_cannot_be_entered(database: Database) -> None:
    orphan = {"id": "t.1", "title": "nobody", "duration_ns": 1, "rate_numerator": 25, "rate_denominator": 1}
    with pytest.raises(IntegrityError), database.writing() as connection:
        connection.execute(insert(timelines).values({**orphan, "start_frame": 0}))


def test_a_reader_sees_one_state_while_another_writes(database: Database) -> None:
    with database.reading() as reader:
        before = list(reader.execute(select(titles.c.id)).scalars())
        with database.writing() as writer:
            writer.execute(insert(titles).values(FILM))
        assert list(reader.execute(select(titles.c.id)).scalars()) == before
    assert names(database) == ["A Film", *TITLES]


def test_nanoseconds_and_numbers_beyond_32_bits_come_back(database: Database) -> None:
    with database.writing() as connection:
        connection.execute(timelines.update().values(duration_ns=2**62))
        connection.execute(counters.update().where(counters.c.name == "run").values(value=2**40))
    number = planned(Ledger(database)).number
    assert number == 2**40 + 1
    with database.reading() as connection:
        assert set(connection.execute(select(timelines.c.duration_ns)).scalars()) == {2**62}


def test_text_is_ordered_by_its_code_points(database: Database) -> None:
    words = ["B", "a", "_", "Z", "é", "e\u0301", "-", "ab", "aB", "ß", "中", "\U0001f600", " "]
    with database.writing() as connection:
        rows = [{"id": f"w{word}", "name": word, "added_at": ""} for word in words]
        connection.execute(insert(titles), rows)
    assert names(database) == sorted([*words, *TITLES])


def test_a_run_is_planned_with_its_facts(ledger: Ledger) -> None:
    run = ledger.plan(title="a", timeline="a.1", algorithm="shots", version="1.0.0", memo_key="k", model="m")
    assert (run.number, run.state, run.title, run.model) == (1, State.PLANNED, "a", "m")
    assert (run.counts, run.warnings, run.visible_from, run.visible_to) == ({}, [], None, None)
    assert ledger.get(1) == run
    with pytest.raises(NotFound, match=r"2: is no run here"):
        ledger.get(2)


@pytest.mark.parametrize("state", State)
def test_every_allowed_step_is_taken_and_its_facts_are_noted(ledger: Ledger, state: State) -> None:
    for step in STEPS[state] - {State.ACTIVE}:
        number = brought(ledger, state, key=f"{state} {step}", title="b", algorithm=step)
        ledger.step(number, step, warnings=["odd"], counts={"Shot": 2})
        run = ledger.get(number)
        assert (run.state, run.warnings, run.counts) == (step, ["odd"], {"Shot": 2})


@pytest.mark.parametrize("state", State)
def test_every_other_step_is_refused_and_changes_nothing(ledger: Ledger, state: State) -> None:
    number = brought(ledger, state)
    before = ledger.runs()
    for step in set(State) - STEPS[state]:
        with pytest.raises(RunError, match=rf"run {number}: is {state} and cannot become {step}\. Next may "):
            ledger.step(number, step, error="not noted")
    assert ledger.runs() == before


def test_the_same_key_is_the_same_run_while_it_is_open_or_active(ledger: Ledger) -> None:
    for state in [*OPEN, State.ACTIVE, State.QUARANTINED]:
        number = brought(ledger, state, key=state, algorithm=state)
        assert planned(ledger, key=state, algorithm=state) == ledger.get(number)


@pytest.mark.parametrize("state", [State.FAILED, State.CANCELLED, State.SUPERSEDED])
def test_the_same_key_is_a_new_run_once_the_old_one_is_over(ledger: Ledger, state: State) -> None:
    number = brought(ledger, state)
    again = planned(ledger)
    assert again.number > number
    assert again.state is State.PLANNED


def test_a_new_key_leaves_the_active_run_until_it_is_published(ledger: Ledger) -> None:
    old = brought(ledger, State.ACTIVE)
    new = brought(ledger, State.LOADED, key="k2")
    assert ledger.get(old).state is State.ACTIVE
    assert ledger.view().visible == {old}
    ledger.publish([new])
    assert ledger.get(old).state is State.SUPERSEDED
    assert ledger.view().visible == {new}


@pytest.mark.parametrize("state", OPEN)
def test_a_new_key_cancels_what_was_left_open_for_an_old_one(ledger: Ledger, state: State) -> None:
    left = brought(ledger, state)
    elsewhere = [planned(ledger, title="b").number, planned(ledger, algorithm="dialogue").number]
    planned(ledger, key="k2")
    assert ledger.get(left).state is State.CANCELLED
    assert {ledger.get(number).state for number in elsewhere} == {State.PLANNED}


def test_many_runs_are_published_at_one_moment(ledger: Ledger) -> None:
    first = [brought(ledger, State.LOADED, title=title) for title in TITLES]
    assert ledger.view().epoch == 0
    assert ledger.publish(first) == 1
    second = [brought(ledger, State.LOADED, key="k2", title=title) for title in TITLES]
    assert ledger.view().visible == set(first)
    assert ledger.publish(second) == 2
    assert ledger.view().visible == set(second)
    assert [(run.visible_from, run.visible_to) for run in ledger.runs()] == [(1, 2)] * 3 + [(2, None)] * 3


@pytest.mark.parametrize("bad", [State.VALIDATED, State.FAILED, State.ACTIVE, None])
def test_a_publication_that_cannot_be_made_whole_is_not_made(ledger: Ledger, bad: State | None) -> None:
    brought(ledger, State.ACTIVE, title="a", key="k0")
    good = brought(ledger, State.LOADED, title="a")
    wrong = brought(ledger, bad, title="b") if bad else 99
    before, epoch = ledger.runs(), ledger.view().epoch
    with pytest.raises((RunError, NotFound)):
        ledger.publish([good, wrong])
    assert ledger.runs() == before
    assert Ledger(ledger._database).view().epoch == epoch


def test_a_view_of_an_earlier_epoch_is_what_readers_saw_then(ledger: Ledger) -> None:
    seen = {0: ledger.view()}
    for key in ("k1", "k2", "k3"):
        number = brought(ledger, State.LOADED, key=key)
        brought(ledger, State.RUNNING, key=key, title="b")
        epoch = ledger.publish([number])
        seen[epoch] = ledger.view()
    assert [len(view.visible) for view in seen.values()] == [0, 1, 1, 1]
    fresh = Ledger(ledger._database)
    for epoch, view in seen.items():
        assert fresh.view(epoch) == view
        assert view.last_run <= 2 * epoch


def test_a_view_with_other_runs_has_them_in_the_places_of_those_that_are_seen(ledger: Ledger) -> None:
    seen = {title: brought(ledger, State.ACTIVE, title=title) for title in TITLES}
    loaded = brought(ledger, State.LOADED, "k2", "b")
    now = ledger.view()
    view, again = ledger.view_with([loaded]), ledger.view_with([loaded])
    assert view.visible == {seen["a"], loaded, seen["c"]} == again.visible
    assert view.last_run >= loaded
    assert len({view.epoch, again.epoch, now.epoch}) == 3
    assert ledger.view() == now
    assert ledger.get(loaded).state is State.LOADED


def test_an_older_run_may_be_published_again(ledger: Ledger) -> None:
    old, new = brought(ledger, State.ACTIVE), brought(ledger, State.ACTIVE, key="k2")
    assert ledger.publish([old]) == 3
    assert ledger.view().visible == {old}
    assert ledger.get(new).state is State.SUPERSEDED


@pytest.mark.parametrize("epoch", [-1, 2, 10**9])
def test_an_epoch_that_never_was_is_refused(ledger: Ledger, epoch: int) -> None:
    brought(ledger, State.ACTIVE)
    with pytest.raises(NotFound, match=rf"{epoch}: is no epoch of this library\. The newest is 1\."):
        ledger.view(epoch)


def test_runs_planned_after_a_publication_are_later_than_its_view(ledger: Ledger) -> None:
    brought(ledger, State.ACTIVE)
    later = brought(ledger, State.LOADED, title="b")
    assert later > ledger.view().last_run
    assert ledger.view(1).last_run == 1


def test_many_readers_at_once_see_the_same_views(ledger: Ledger) -> None:
    for n in range(12):
        brought(ledger, State.ACTIVE, key=str(n))
    expected = {epoch: Ledger(ledger._database).view(epoch) for epoch in range(13)}
    with ThreadPoolExecutor(8) as pool:
        asked = [epoch for _ in range(20) for epoch in range(13)]
        assert list(pool.map(ledger.view, asked)) == [expected[epoch] for epoch in asked]


def test_the_database_itself_refuses_a_second_active_run(ledger: Ledger, database: Database) -> None:
    brought(ledger, State.ACTIVE)
    second = brought(ledger, State.LOADED, key="k2")
    with pytest.raises(IntegrityError), database.writing() as connection:
        connection.execute(text("UPDATE runs SET state = 'active' WHERE number = :n"), {"n": second})
    assert [run.number for run in ledger.runs(states=[State.ACTIVE])] == [1]


def test_runs_are_listed_by_title_and_state_in_their_order(ledger: Ledger) -> None:
    for title in "cab":
        brought(ledger, State.ACTIVE, title=title)
        brought(ledger, State.FAILED, title=title, key="k2")
    assert [run.number for run in ledger.runs()] == [1, 2, 3, 4, 5, 6]
    assert [run.number for run in ledger.runs("a")] == [3, 4]
    assert [run.number for run in ledger.runs("a", [State.FAILED])] == [4]


def test_run_numbers_are_unique_and_rising_over_many_processes(address: Address, ledger: Ledger) -> None:
    numbers = at_once(address, "found = [plan('a', me, str(n)) for n in range(50)]", *"wxyz")
    assert all(found == sorted(found) for found in numbers)
    assert sorted(number for found in numbers for number in found) == list(range(1, 201))
    assert [run.number for run in ledger.runs()] == list(range(1, 201))


def test_planners_of_one_slot_in_many_processes_get_one_run(address: Address, ledger: Ledger) -> None:
    plans = "found = [[plan(title, 'shots', f'k{n}') for title in 'abc'] for n in range(10)]"
    numbers = at_once(address, plans, *"wxyz")
    runs = ledger.runs()
    assert {number for found in numbers for row in found for number in row} == {run.number for run in runs}
    left_open = Counter((run.title, run.algorithm) for run in runs if run.state in OPEN)
    assert left_open == dict.fromkeys([(title, "shots") for title in TITLES], 1)


def test_planners_of_one_key_in_many_processes_make_one_run(address: Address, ledger: Ledger) -> None:
    numbers = at_once(address, "found = [plan('a', f'algorithm {n}', 'k') for n in range(20)]", *"wxyz")
    assert numbers == [list(range(1, 21))] * 4
    assert len(ledger.runs()) == 20


PUBLISH = """
for n in range(15):
    runs = [load(title, me, f"{n}") for title in "abc"]
    found.append([ledger.publish(runs), runs])
"""
READ = """
if me == "reader":
    import time
    while (seen := ledger.view()).epoch < 45:
        runs = [ledger.get(number) for number in seen.visible]
        found.append([seen.epoch, sorted([run.algorithm, run.title] for run in runs), sorted(seen.visible)])
        assert Ledger(database).view(seen.epoch) == seen
else:
"""


def test_publications_of_many_processes_are_epochs_without_a_gap_and_never_mixed(
    address: Address, ledger: Ledger
) -> None:
    work = READ + "".join(f"    {line}\n" for line in PUBLISH.splitlines())
    *published, seen = at_once(address, work, "x", "y", "z", "reader")
    made = {epoch: set(runs) for found in published for epoch, runs in found}
    assert sorted(made) == list(range(1, 46))
    assert ledger.view().epoch == 45
    for epoch, slots, visible in seen:
        assert [slot[1] for slot in slots] == list("abc") * (len(slots) // 3)
        assert len({tuple(slot) for slot in slots}) == len(slots)
        assert all(runs <= set(visible) or not runs & set(visible) for runs in made.values())
        assert made[epoch] <= set(visible) if epoch else not visible
    active = Counter((run.title, run.algorithm) for run in ledger.runs(states=[State.ACTIVE]))
    assert active == dict.fromkeys([(title, name) for title in TITLES for name in "xyz"], 1)
    for run in ledger.runs(states=[State.SUPERSEDED]):
        assert run.visible_from is not None
        assert run.visible_to is not None
        assert run.visible_from < run.visible_to
    with ledger._database.reading() as connection:
        statement = select(publications.c.last_run).order_by(publications.c.epoch)
        last_runs = list(connection.execute(statement).scalars())
    assert last_runs == sorted(last_runs)


def test_publishers_of_one_slot_supersede_one_another(address: Address, ledger: Ledger) -> None:
    work = """
from watchdown_schemas.errors import RunError
for n in range(20):
    try:
        found.append(ledger.publish([load("a", "shots", f"{me} {n}")]))
    except RunError:
        pass  # cancelled by the plan of another process, or published by none
"""
    epochs = sorted(epoch for found in at_once(address, work, *"xyz") for epoch in found)
    assert epochs == list(range(1, len(epochs) + 1))
    published = [run for run in ledger.runs() if run.visible_from is not None]
    spans = sorted((run.visible_from, run.visible_to) for run in published)
    assert [begin for begin, _ in spans] == epochs
    assert [end for _, end in spans] == [*epochs[1:], None]


slots = st.tuples(st.sampled_from(TITLES), st.sampled_from(["shots", "dialogue"]))


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(st.lists(slots, unique=True, min_size=1), max_size=6))
def test_a_slot_has_one_active_run_at_every_epoch(
    ledger: Ledger, batches: list[list[tuple[str, str]]]
) -> None:
    begin = ledger.view().epoch
    active = ledger.runs(states=[State.ACTIVE])
    expected = {(run.title, run.algorithm): run.number for run in active}
    for at, batch in enumerate(batches, start=begin):
        numbers = {
            slot: brought(ledger, State.LOADED, f"at {at}", title=slot[0], algorithm=slot[1])
            for slot in batch
        }
        assert ledger.publish(list(numbers.values())) == at + 1
        expected |= numbers
        assert ledger.view().visible == frozenset(expected.values())
    now = {(run.title, run.algorithm): run.number for run in ledger.runs(states=[State.ACTIVE])}
    assert now == expected


def test_runs_are_told_as_they_stand_now_in_the_order_asked(ledger: Ledger) -> None:
    known = [ledger.get(brought(ledger, State.PLANNED, key=key)) for key in ("1", "2")]  # one slot
    assert [run.state for run in ledger.current(known[::-1])] == [State.PLANNED, State.CANCELLED]
