"""How titles stand, from the ledger of either database: every standing, its reason, and its commands."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, insert, update

import watchdown
from catalogue.databases import DRIVERS, fresh
from client.libraries import services
from runs.algorithms import catalogue
from runs.ledgers import WAYS
from watchdown.catalogue import tables
from watchdown.catalogue.database import now
from watchdown.catalogue.model import Asset, Timeline, Title
from watchdown.client import Library, status
from watchdown.client.results_status import SlotStatus
from watchdown.runs.memo import memo_key
from watchdown.runs.states import State
from watchdown.storage import keys
from watchdown_schemas.errors import NotFound

SECOND = 1_000_000_000
OTHERWISE = "its files, parameters or the records that it reads have changed since"
ALGORITHMS = catalogue("Lines")  # lines over text, and loud over their lines


@pytest.fixture(params=DRIVERS)
def library(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Library]:
    """Give a library on either database with three titles; `mute` has no text."""
    with fresh(request, request.param, tmp_path) as address:
        file = tmp_path / "watchdown.toml"
        file.write_text(f'database = "{address.reveal()}"\nstorage = "media"\nstore = "lance:lake"\n')
        with watchdown.open(file, create=True, algorithms=ALGORITHMS) as opened:
            for name in ("heat", "mute", "rain"):
                add(opened, name, spoken=name != "mute")
            yield opened


def add(library: Library, name: str, *, spoken: bool = True) -> None:
    title = Title(id=name, name=name, added_at="")
    line = f"{name}.1"
    timeline = Timeline(id=line, title=name, duration_ns=SECOND, rate=Fraction(25))
    text = Asset(id=f"{name}.srt", title=name, timeline=line, kind="text", path="x", fingerprint=name)
    services(library).catalogue.add(title, timeline, [text] if spoken else [])


def wanted(library: Library, title: str, algorithm: str, version: str = "1.0.0") -> str:
    """Return the memo key that planning would ask for."""
    parts = services(library)
    manifest = ALGORITHMS[algorithm].manifest.model_copy(update={"version": version})
    active = [run for run in parts.ledger.runs(title, [State.ACTIVE]) if run.algorithm == "lines"]
    return memo_key(
        manifest,
        {},
        model=None,
        assets=parts.catalogue.assets(title) if algorithm == "lines" else (),
        upstream={"DialogueLine": active[0].content} if algorithm == "loud" else {},
        types=parts.registry,
    )


def run(
    library: Library,
    state: State,
    title: str = "heat",
    algorithm: str = "lines",
    version: str = "1.0.0",
    **facts: Any,
) -> int:
    """Plan a run as planning does, bring it to a state, and note facts of it."""
    parts = services(library)
    key = facts.pop("memo_key", None) or wanted(library, title, algorithm, version)
    number = parts.ledger.plan(
        title=title, timeline=f"{title}.1", algorithm=algorithm, version=version, memo_key=key, model=None
    ).number
    for step in WAYS.get(state, WAYS[State.LOADED]):
        parts.ledger.step(number, step, **({"content": key} if step is State.STAGED else {}))
    if state is State.ACTIVE:
        parts.ledger.publish([number])
    if facts:
        with parts.database.writing() as connection:
            connection.execute(update(tables.runs).where(tables.runs.c.number == number).values(facts))
    return number


def slot(library: Library, title: str = "heat", algorithm: str = "lines") -> SlotStatus:
    (found,) = library.status([title]).titles
    return next(one for one in found.slots if one.algorithm == algorithm)


def commands(found: SlotStatus, library: Library) -> list[str]:
    """Return the commands without what every one of them begins and ends with."""
    place = services(library).place
    ends = [shlex.split(command) for command in found.fix]
    assert all(one[0] == "watchdown" and one[-2:] == ["--library", place] for one in ends)
    return [" ".join(one[1:-2]) for one in ends]


def test_a_title_that_nothing_has_run_over_says_what_to_run(library: Library) -> None:
    lines, loud = slot(library), slot(library, algorithm="loud")
    assert (lines.standing, lines.why) == ("missing", "it has not been run yet")
    assert commands(lines, library) == ["backfill lines --titles heat"]
    assert loud.standing == "blocked"
    assert loud.why == "it reads the DialogueLine records of lines, which is missing: it has not been run yet"
    assert commands(loud, library) == ["backfill lines --titles heat", "backfill loud --titles heat"]


def test_what_a_title_has_nothing_for_is_no_fault_of_it(library: Library) -> None:
    (title,) = library.status(["mute"]).titles
    assert [one.standing for one in title.slots] == ["not for it", "not for it"]
    assert title.slots[0].why == "the title has no text"
    assert title.ready


def test_what_is_seen_in_its_current_version_is_ready(library: Library) -> None:
    number = run(library, State.ACTIVE)
    found = slot(library)
    assert (found.standing, found.seen, found.version, found.fix) == ("ready", number, "1.0.0", ())
    assert slot(library, algorithm="loud").standing == "missing"
    run(library, State.ACTIVE, algorithm="loud")
    assert library.status(["heat"]).ready
    assert not library.status().ready


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"version": "0.9.0"}, "readers see version 0.9.0, and 1.0.0 is here"),
        (
            {"memo_key": "other.types"},
            "its files, parameters or the records that it reads have changed since",
        ),
    ],
)
def test_what_would_come_out_otherwise_now_is_old(library: Library, facts: dict[str, str], why: str) -> None:
    number = run(library, State.ACTIVE, **facts)
    found = slot(library)
    assert (found.standing, found.seen, found.why) == ("old", number, why)
    assert commands(found, library) == ["backfill lines --titles heat"]


def test_a_correction_since_makes_a_result_old(library: Library) -> None:
    run(library, State.ACTIVE)
    services(library).corrections.add(
        title="heat", algorithm="lines", schema_type="DialogueLine", target={}, changes=None, author="ada"
    )
    assert slot(library).why == "people corrected its records since, or took corrections back"


def test_other_files_make_old_what_was_made_of_them_and_what_reads_that(library: Library) -> None:
    run(library, State.ACTIVE)
    run(library, State.ACTIVE, algorithm="loud")
    assert library.status(["heat"]).ready
    run(library, State.ACTIVE, memo_key="of.other")
    assert slot(library).standing == slot(library, algorithm="loud").standing == "old"


@pytest.mark.parametrize("seen", [False, True])
def test_a_run_that_failed_says_why_and_what_readers_see_meanwhile(library: Library, *, seen: bool) -> None:
    before = run(library, State.ACTIVE, version="0.9.0") if seen else None
    number = run(library, State.FAILED, error="film.mp4: is damaged. Put it back.")
    found = slot(library)
    assert (found.standing, found.run, found.seen) == ("failed", number, before)
    assert found.why == "film.mp4: is damaged. Put it back."
    assert commands(found, library) == ["backfill lines --titles heat"]
    assert commands(slot(library, algorithm="loud"), library)[0] == "backfill lines --titles heat" or seen


def test_a_run_that_is_held_is_mended_by_its_rows(library: Library) -> None:
    number = run(library, State.QUARANTINED, error="2 of 2 rows are bad")
    assert commands(slot(library), library) == ["quarantine list"]
    services(library).storage.put(keys.refused(number, "DialogueLine"), b"")
    found = slot(library)
    assert (found.standing, found.why) == ("held", "2 of 2 rows are bad")
    file = f"{number}-DialogueLine.jsonl"
    assert commands(found, library) == [
        f"quarantine show {number} DialogueLine --out {file}",
        f"quarantine replay {number} DialogueLine {file}",
    ]


def test_rows_that_the_store_refused_are_told_though_the_others_are_seen(library: Library) -> None:
    number = run(library, State.ACTIVE)
    services(library).storage.put(keys.dead_letters(number, "DialogueLine"), b"")
    found = slot(library)
    assert (found.standing, found.seen) == ("dead letters", number)
    assert commands(found, library) == [f"dead-letters show {number}", f"dead-letters replay {number}"]


def test_what_was_taken_back_comes_again_only_when_asked_for(library: Library) -> None:
    before = run(library, State.ACTIVE, version="0.9.0")
    number = run(library, State.ACTIVE)
    with services(library).database.writing() as connection:  # as a rollback leaves them
        for one, facts in (
            (number, {"state": State.SUPERSEDED, "rolled_back_at": now()}),
            (before, {"state": State.ACTIVE}),
        ):
            connection.execute(update(tables.runs).where(tables.runs.c.number == one).values(facts))
    found = slot(library)
    assert (found.standing, found.seen, found.version) == ("taken back", before, "0.9.0")
    assert found.why == f"run {number} was taken back; readers see run {before}"


def test_what_was_taken_back_is_told_though_what_is_seen_instead_is_newer(library: Library) -> None:
    number = run(library, State.ACTIVE)
    other = run(library, State.ACTIVE, memo_key="of other parameters")
    with services(library).database.writing() as connection:
        back = update(tables.runs).where(tables.runs.c.number == number)
        connection.execute(back.values(rolled_back_at=now()))
    found = slot(library)
    assert (found.standing, found.seen, found.run) == ("taken back", other, number)
    assert commands(found, library) == ["backfill lines --titles heat --again"]
    assert commands(found, library) == ["backfill lines --titles heat --again"]


@pytest.mark.parametrize("state", [State.PLANNED, State.RUNNING, State.STAGED, State.VALIDATED, State.LOADED])
def test_an_open_run_says_where_it_stands_and_since_when(library: Library, state: State) -> None:
    number = run(library, state)
    found = slot(library)
    assert (found.standing, found.run, found.seen) == ("working", number, None)
    assert found.why
    assert found.since
    assert commands(found, library) == ["backfill lines --titles heat"]
    assert slot(library, algorithm="loud").standing == "blocked"


@pytest.mark.parametrize(
    ("state", "leased", "fix"),
    [
        ("running", True, []),
        ("running", False, ["backfill lines --titles heat --via airflow"]),
        ("paused", True, ["backfills resume 7"]),
    ],
)
def test_work_in_a_backfill_is_gone_on_with_by_who_is_there(
    library: Library, state: str, fix: list[str], *, leased: bool
) -> None:
    run(library, State.RUNNING, batch="b1")
    values = {"number": 7, "algorithm": "lines", "version": "1.0.0", "titles": [], "size": 50}
    values |= {"concurrency": 1, "publish": "batch", "via": "airflow", "tolerance": 0.0, "state": state}
    batch = {"name": "b1", "image": "worker", "titles": 1, "algorithms": ["lines"], "planned_at": now()}
    with services(library).database.writing() as connection:
        connection.execute(
            insert(tables.backfills).values(values | {"created_at": now(), "updated_at": now()})
        )
        until = 4e9 if leased else 1.0
        connection.execute(insert(tables.batches).values(batch | {"holder": "x", "lease_until": until}))
        connection.execute(insert(tables.backfill_batches).values(backfill=7, batch="b1"))
    found = slot(library)
    assert (found.standing, found.batch, found.backfill) == ("working", "b1", 7)
    assert found.why == f"it is being worked in batch b1 of backfill 7, which is {state}"
    assert commands(found, library) == fix


def test_what_a_program_wrote_stands_beside_what_algorithms_make(library: Library) -> None:
    library.write("Label", [{"start_ns": 0, "end_ns": 1, "label": "car"}], "heat", algorithm="by-hand")
    assert slot(library, algorithm="by-hand").standing == "ready"


def test_a_run_of_an_algorithm_that_is_no_more_here_offers_no_command_that_cannot_run(
    library: Library,
) -> None:
    ledger, slot_of = services(library).ledger, {"title": "heat", "timeline": "heat.1", "algorithm": "gone"}
    number = ledger.plan(**slot_of, version="1.0.0", memo_key="k", model=None).number
    ledger.step(number, State.FAILED, error="it broke")
    found = slot(library, algorithm="gone")
    assert (found.standing, found.why, found.fix) == ("failed", "it broke", ())


def test_totals_count_titles_by_algorithm_and_standing(library: Library) -> None:
    run(library, State.ACTIVE)
    run(library, State.FAILED, title="rain", error="broken")
    found = library.status()
    assert found.totals == {
        "lines": {"ready": 1, "not for it": 1, "failed": 1},
        "loud": {"missing": 1, "not for it": 1, "blocked": 1},
    }
    assert status.line(found.titles[0]) == "1 ready, 1 missing"
    with pytest.raises(NotFound):
        library.status(["nowhere"])


def test_many_titles_take_as_few_statements_as_one(library: Library) -> None:
    statements: list[str] = []
    engine = services(library).database._engine
    event.listen(engine, "before_cursor_execute", lambda *seen: statements.append(seen[2]))
    library.status(["heat"])
    one = len(statements)
    statements.clear()
    for number in range(50):
        add(library, f"more {number}")
    statements.clear()
    assert len(library.status().titles) == 53
    assert len(statements) == one <= 10
