"""Planners, publishers and readers of one ledger in many processes at once, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import select

from conformance.processes import at_once
from runs.ledgers import TITLES
from watchdown.catalogue.tables import publications
from watchdown.runs.ledger import Ledger
from watchdown.runs.states import OPEN, State
from watchdown.settings import Address


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
