"""Planning: what titles lack, what waits, what follows, and what was seen before and holds again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update

from runs.algorithms import LOUD, known
from runs.libraries import SPOKEN, Library
from watchdown.catalogue.corrections import Corrections
from watchdown.catalogue.model import Title
from watchdown.catalogue.tables import runs
from watchdown.runs import plan as planning
from watchdown.runs.batching import ON_DEMAND
from watchdown.runs.outlook import Outlook
from watchdown.runs.states import State
from watchdown_algos.catalogue import AlgorithmCatalogue, Known

TITLES = [Title(id=f"t{number}", name=f"Film {number}", added_at="") for number in range(5)]
OTHER = "1\n00:00:00,000 --> 00:00:01,000\nElse\n"


def named(name: str, consumes: list[str], produces: list[str]) -> Known:
    """Return an algorithm that is only planned, never run."""
    found = known("Lines", consumes, produces)
    return Known(found.manifest.model_copy(update={"name": name}), found.package, found.folder)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    made = Library(tmp_path / "library", AlgorithmCatalogue([known("Lines"), LOUD]))
    for title in TITLES:
        made.speak(f"{SPOKEN}\n\n3\n00:00:03,000 --> 00:00:04,000\n{title.id}\n", f"{title.id}.srt", title)
    yield made
    made.database.close()


def look(library: Library, *names: str, again: bool = False) -> list[Outlook]:
    planner = library.planner(library.ledger)
    return list(planner.look(library.catalogue.titles(), names or tuple(library.algorithms), again=again))


def test_to_look_enters_nothing(library: Library) -> None:
    found = look(library)
    assert [[need.wanted.algorithm for need in one.needs] for one in found] == [["lines"]] * 5
    assert [one.following for one in found] == [["loud"]] * 5
    assert library.ledger.runs() == []


def test_what_is_looked_at_is_what_is_planned(library: Library) -> None:
    seen = [need.wanted.memo_key for one in look(library) for need in one.needs]
    plans = library.planner(library.ledger).plans(library.catalogue.titles(), ["lines"])
    assert [run.memo_key for plan in plans for run in plan.open] == seen


def test_titles_are_planned_the_same_in_portions(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "AT_ONCE", 2)
    planner = library.planner(library.ledger)
    plans = list(planner.plans(library.catalogue.titles(), list(library.algorithms)))
    assert [plan.item.title for plan in plans] == ["t0", "t1", "t2", "t3", "t4"]
    assert [plan.open[0].number for plan in plans] == [1, 2, 3, 4, 5]
    assert [[asset.id for asset in plan.item.assets] for plan in plans] == [[f"t{n}.srt"] for n in range(5)]


def test_what_reads_records_follows_what_makes_them_over_any_number_of_steps(library: Library) -> None:
    second = named("second", ["Label"], ["Caption"])
    third = named("third", ["Caption"], ["Note"])
    library.algorithms = AlgorithmCatalogue([third, known("Lines"), second, LOUD])
    assert {tuple(one.following) for one in look(library)} == {("loud", "second", "third")}
    assert {tuple(one.following) for one in look(library, "loud", "second", "third")} == {()}
    assert {tuple(one.waiting) for one in look(library, "loud", "second", "third")} == {
        ("loud", "second", "third")
    }


def test_a_result_that_holds_again_is_shown_again_and_not_computed_again(library: Library) -> None:
    [first] = library.run(TITLES[0])[:1]
    library.speak(OTHER, "t0.srt", TITLES[0])
    library.run(TITLES[0])
    seen = library.rows()
    library.speak(f"{SPOKEN}\n\n3\n00:00:03,000 --> 00:00:04,000\nt0\n", "t0.srt", TITLES[0])
    before = len(library.ledger.runs())
    assert [run.number for run in look(library)[0].again] == [first.number]
    made = library.run(TITLES[0])
    assert {run.algorithm: run.state for run in made} == {"lines": State.ACTIVE, "loud": State.ACTIVE}
    assert first.number in {run.number for run in made}
    assert len(library.ledger.runs()) == before
    assert library.rows() != seen
    assert library.ledger.view(1).visible == {first.number}


def test_a_result_that_was_taken_back_stays_so_until_somebody_wants_it_again(library: Library) -> None:
    [first] = library.run(TITLES[0])[:1]
    library.speak(OTHER, "t0.srt", TITLES[0])
    library.run(TITLES[0])
    with library.database.writing() as connection:  # as a rollback leaves it
        taken_back = runs.c.number == first.number
        connection.execute(update(runs).where(taken_back).values(rolled_back_at="2026-11-27"))
    library.speak(f"{SPOKEN}\n\n3\n00:00:03,000 --> 00:00:04,000\nt0\n", "t0.srt", TITLES[0])
    [found] = library.batching().plan(TITLES[:1], ["lines"]).waiting
    assert (found.blocked, found.taken_back) == (False, True)
    assert f"taken back (run {first.number})" in found.why
    assert "watchdown backfill lines --again" in found.why
    assert library.run(TITLES[0]) == []
    [outlook] = look(library, "lines", again=True)[:1]
    assert [run.number for run in outlook.again] == [first.number]


def test_a_run_whose_rows_were_removed_is_computed_again(library: Library) -> None:
    [first] = library.run(TITLES[0])[:1]
    library.speak(OTHER, "t0.srt", TITLES[0])
    library.run(TITLES[0])
    with library.database.writing() as connection:
        gone = runs.c.number == first.number
        connection.execute(update(runs).where(gone).values(collected_at="2026-11-27"))
    library.speak(f"{SPOKEN}\n\n3\n00:00:03,000 --> 00:00:04,000\nt0\n", "t0.srt", TITLES[0])
    assert [need.wanted.algorithm for need in look(library)[0].needs] == ["lines"]


def test_what_nobody_wants_any_more_is_cancelled_though_its_slot_is_up_to_date(library: Library) -> None:
    library.run(TITLES[0])
    library.speak(OTHER, "t0.srt", TITLES[0])
    [batch] = library.batching().plan(TITLES[:1], ["lines"]).batches
    library.speak(f"{SPOKEN}\n\n3\n00:00:03,000 --> 00:00:04,000\nt0\n", "t0.srt", TITLES[0])
    assert library.batching().plan(TITLES[:1], ["lines"]).up_to_date == 1
    assert {run.state for run in library.ledger.runs(batch=batch.batch)} == {State.CANCELLED}


def test_other_parameters_make_another_result(library: Library) -> None:
    planner = library.planner(library.ledger)
    [plain] = planner.plans(TITLES[:1], ["lines"])
    [other] = planner.plans(TITLES[:1], ["lines"], parameters={"lines": {"level": 2}})
    assert [task.parameters for task in other.item.tasks] == [{"level": 2}]
    assert other.open[0].memo_key != plain.open[0].memo_key
    assert library.ledger.get(plain.open[0].number).state is State.CANCELLED


def test_corrections_are_part_of_what_is_planned(library: Library) -> None:
    planner = library.planner(library.ledger)
    [plain] = planner.look(TITLES[:1], ["lines"])
    said = Corrections(library.database)
    slot = {"title": "t0", "algorithm": "lines", "schema_type": "DialogueLine"}
    said.add(**slot, target={"line": 1}, changes=None, author="me")
    gone = said.add(**slot, target={"line": 2}, changes=None, author="me")
    said.withdraw(gone.id)
    [told] = planner.look(TITLES[:1], ["lines"])
    assert [one.target for one in told.needs[0].corrections] == [{"line": 1}]
    assert told.needs[0].wanted.memo_key.startswith(f"{plain.needs[0].wanted.memo_key}.")


def test_the_oldest_titles_and_what_somebody_waits_for_come_first(library: Library) -> None:
    dated = [
        Title(id=title.id, name=title.name, added_at=f"2026-01-0{9 - number}")
        for number, title in enumerate(TITLES)
    ]
    first = library.batching().plan(dated[1:], ["lines"], size=2)
    order = [library.ledger.runs(batch=one.batch) for one in first.batches]
    assert [[run.title for run in some] for some in order] == [["t4", "t3"], ["t2", "t1"]]
    urgent = library.batching().plan(dated[:1], ["lines"], priority=ON_DEMAND)
    both = library.batching().plan(dated, ["lines"])
    assert both.batches == (*urgent.batches, *first.batches)
    assert [one.priority for one in both.batches] == [ON_DEMAND, 0, 0]
